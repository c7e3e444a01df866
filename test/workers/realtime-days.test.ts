/** GET /realtime/breakdown, /retention and /days: what the real object makes of days. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeAll, beforeEach, describe, it, vi } from 'vitest'

import { MAX_BREAKDOWN_VALUES } from '../../configs/limits.ts'
import type { GameSketches } from '../../durable/game-sketches.ts'
import { formatDay } from '../../src/event/calendar.ts'
import {
  breakdownAnswerSchema,
  liveDaysAnswerSchema,
  liveRetentionAnswerSchema,
} from '../../src/query/realtime/schemas.ts'
import { answer, count, get, sketchesOf, users, withSketches } from './realtime-support.ts'
import { createGame, insertGame } from './support.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Half a minute after noon: every minute and every day of the tests is the same one throughout. */
const NOON_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS + 12 * 3_600_000
const NOW_MS = NOON_MS + 30_000
const DAY = Math.floor(NOW_MS / DAY_MS)
const MINUTE = NOON_MS / MINUTE_MS
const isoOf = (minute: number) => new Date(minute * MINUTE_MS).toISOString().replace('.000', '')

const exactly = (value: number) => ({ value, error: 0, exact: true })
const exactUsers = (counted: number) => ({ users: counted, error: 0, exact: true })

beforeAll(() => createGame('rt-problem'))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS })
})

afterEach(() => {
  vi.useRealTimers()
})

const breakdown = (gameId: string, query: string) =>
  answer(breakdownAnswerSchema, gameId, `realtime/breakdown${query}`)

describe('GET /realtime/breakdown', () => {
  it('tells the users of a day by each value, most first', async ({ expect }) => {
    await insertGame('rt-by')
    await count('rt-by', [
      users('dau', DAY, [0, 10], ['ios', 'store', 'DE', '1.0']),
      users('dau', DAY, [5, 40], ['android', 'store', 'FR', '1.1']),
      users('dau', DAY, [40, 42], ['', '', '', '']),
      users('new_users', DAY - 1, [0, 4], ['ios', '', 'DE', '1.0']),
    ])
    expect(await breakdown('rt-by', '?by=platform')).toMatchObject({
      metric: 'dau',
      by: 'platform',
      date: formatDay(DAY),
      values: [
        { value: 'android', ...exactUsers(35) },
        { value: 'ios', ...exactUsers(10) },
        { value: '', ...exactUsers(2) },
      ],
      other: null,
      whole: exactUsers(42),
      partial: [],
    })
    expect((await breakdown('rt-by', '?by=channel')).values[0]).toEqual({
      value: 'store',
      ...exactUsers(40),
    })
    const query = `?metric=new_users&by=country&date=${formatDay(DAY - 1)}`
    expect((await breakdown('rt-by', query)).values).toEqual([{ value: 'DE', ...exactUsers(4) }])
  })

  it('counts the values beyond the bound together', async ({ expect }) => {
    await insertGame('rt-bound')
    const bound = MAX_BREAKDOWN_VALUES.platform
    const groups = Array.from({ length: bound + 3 }, (_, at) =>
      users('dau', DAY, [at, at + 1], [`platform-${at}`, '', '', '']),
    )
    await count('rt-bound', groups)
    const { values, other } = await breakdown('rt-bound', '?by=platform')
    expect([values.length, other]).toEqual([bound, exactUsers(3)])
  })

  it('is a problem when the sketches do not answer', async ({ expect }) => {
    const bindings = withSketches(() => Promise.reject(new Error('the object was reset')))
    for (const path of ['breakdown?by=platform', 'retention', 'days']) {
      const response = await get('rt-problem', `realtime/${path}`, { bindings })
      expect(response.headers.get('Retry-After')).not.toBeNull()
      expect(await response.json()).toMatchObject({ status: 503, code: 'figures_unavailable' })
    }
  })

  it('is a failure of ours when asking again cannot help', async ({ expect }) => {
    await insertGame('rt-damaged')
    await count('rt-damaged', [users('dau', DAY, [0, 10])])
    await runInDurableObject(sketchesOf('rt-damaged'), (_: GameSketches, { storage }) => {
      storage.sql.exec(
        `INSERT INTO sketches (metric, bucket, estimate, relative_standard_error, frame)
        VALUES ('dau', ?, 1, 0, x'a101')`,
        DAY - 1,
      )
    })
    await evictDurableObject(sketchesOf('rt-damaged'))
    const response = await get('rt-damaged', 'realtime/days')
    expect(response.headers.get('Retry-After')).toBeNull()
    expect(await response.json()).toMatchObject({ status: 500, code: 'internal' })
  })

  it('says how many users have no value at all', async ({ expect }) => {
    await insertGame('rt-some')
    await count('rt-some', [
      users('dau', DAY, [0, 10], ['ios', '', '', '']),
      // As builds before breakdowns send them.
      users('dau', DAY, [0, 25]),
    ])
    const { whole, partial } = await breakdown('rt-some', '?by=platform')
    expect(whole).toEqual(exactUsers(25))
    expect(partial).toEqual([
      {
        field: 'values',
        reason:
          'of 25 users of the day at least 15 are in no value: they were counted before values were',
      },
    ])
  })
})

describe('GET /realtime/retention', () => {
  it('tells who of a day came back, once that day is over', async ({ expect }) => {
    await insertGame('rt-back')
    await count('rt-back', [
      users('new_users', DAY - 8, [0, 10]),
      users('dau', DAY - 7, [0, 4]),
      users('dau', DAY - 1, [8, 30]),
      users('new_users', DAY - 1, [100, 105]),
      users('dau', DAY, [100, 102]),
    ])
    const range = `?start=${formatDay(DAY - 8)}&end=${formatDay(DAY)}`
    const { cohorts } = await answer(
      liveRetentionAnswerSchema,
      'rt-back',
      `realtime/retention${range}`,
    )
    expect(cohorts).toHaveLength(8)
    expect(cohorts[0]).toEqual({
      day: formatDay(DAY - 8),
      size: exactUsers(10),
      d1: { ...exactUsers(4), rate: 40, rate_error: 0 },
      d7: { ...exactUsers(2), rate: 20, rate_error: 0 },
      d30: null,
    })
    expect(cohorts[1]).toMatchObject({ size: exactUsers(0), d1: { rate: null }, d7: null })
    expect(cohorts.at(-1)).toEqual({
      day: formatDay(DAY - 1),
      size: exactUsers(5),
      d1: null,
      d7: null,
      d30: null,
    })
  })
})

describe('GET /realtime/days', () => {
  it('tells every day that has any, with unions over a week and a month', async ({ expect }) => {
    await insertGame('rt-days')
    await count('rt-days', [
      users('dau', DAY - 9, [0, 5]),
      users('dau', DAY - 2, [3, 10]),
      users('new_users', DAY - 2, [3, 4]),
      users('online', MINUTE - 1_440, [0, 2]),
      users('dau', DAY - 1, [9, 12]),
    ])
    const { days, partial } = await answer(liveDaysAnswerSchema, 'rt-days', 'realtime/days')
    expect(partial).toEqual([])
    expect(days.map(({ day }) => day)).toEqual([9, 2, 1].map((ago) => formatDay(DAY - ago)))
    expect(days[1]).toEqual({
      day: formatDay(DAY - 2),
      dau: exactly(7),
      new_users: exactly(1),
      wau: exactly(7),
      mau: exactly(10),
      online_peak: { ...exactly(0), time: null },
    })
    expect(days[2]).toMatchObject({
      dau: exactly(3),
      wau: exactly(9),
      mau: exactly(12),
      online_peak: { ...exactly(2), time: isoOf(MINUTE - 1_440) },
    })
  })
})
