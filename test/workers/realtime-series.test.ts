/** GET /realtime/series: what the tables and the object tell together. */
import { afterEach, beforeAll, beforeEach, describe, it, vi } from 'vitest'

import { formatDay } from '../../src/event/calendar.ts'
import { seriesAnswerSchema } from '../../src/query/realtime/schemas.ts'
import {
  answer,
  count,
  get,
  insertRows,
  payment,
  sqlTime,
  users,
  withoutDatabase,
  withSketches,
} from './realtime-support.ts'
import { createGame, insertGame } from './support.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const NOON_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS + 12 * 3_600_000
const NOW_MS = NOON_MS + 30_000
const DAY = Math.floor(NOW_MS / DAY_MS)
const MINUTE = NOON_MS / MINUTE_MS
const iso = (timeMs: number) => new Date(timeMs).toISOString()

beforeAll(() => createGame('rs-any'))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS })
})

afterEach(() => {
  vi.useRealTimers()
})

const broken = () => withSketches(() => Promise.reject(new Error('the object was reset')))

/** The last hours before now. */
const lastHours = (hours: number, more = '') =>
  `realtime/series?start=${iso(NOON_MS - hours * 3_600_000)}&end=${iso(NOON_MS + 3_600_000)}${more}`

/** A row of `minute_online`. */
const minuteRow = (gameId: string, minute: number, online: number, version: number) => ({
  m: sqlTime(minute * MINUTE_MS).slice(0, 19),
  game_id: gameId,
  env: 'prod',
  online,
  online_error: 1,
  active_5m: online + 1,
  active_5m_error: 2,
  active_15m: online + 2,
  active_15m_error: 3,
  version,
})

const point = (minute: number, value: number) => [
  iso(minute * MINUTE_MS).replace('.000', ''),
  value,
]

describe('GET /realtime/series', () => {
  it('tells the latest version of every minute, and what the sketches know better', async ({
    expect,
  }) => {
    await insertGame('rs-curve')
    await count('rs-curve', [
      users('online', MINUTE - 2, [0, 7]),
      users('online', MINUTE - 1, [5, 8]),
      // Not over yet.
      users('online', MINUTE, [0, 99]),
    ])
    await insertRows('minute_online', [
      minuteRow('rs-curve', MINUTE - 200, 30, 2),
      minuteRow('rs-curve', MINUTE - 100, 20, 1),
      minuteRow('rs-curve', MINUTE - 2, 1, 1),
      minuteRow('rs-curve', MINUTE - 1_000, 500, 1),
      minuteRow('rs-elsewhere', MINUTE - 99, 500, 1),
    ])
    await insertRows('minute_online', [minuteRow('rs-curve', MINUTE - 200, 5, 1)])
    await insertRows('minute_online', [minuteRow('rs-curve', MINUTE - 100, 25, 2)])
    await insertRows('payments', [
      payment('rs-curve', (MINUTE - 100) * MINUTE_MS, { amount_cents: 10 }),
      payment('rs-curve', (MINUTE - 99) * MINUTE_MS - 1, { amount_cents: 5 }),
      payment('rs-curve', (MINUTE - 1) * MINUTE_MS, { amount_cents: 7 }),
      payment('rs-curve', (MINUTE - 1) * MINUTE_MS, { amount_cents: 8, currency: 'EUR' }),
      payment('rs-curve', (MINUTE - 1) * MINUTE_MS, { amount_cents: 9, status: 'failed' }),
      payment('rs-curve', MINUTE * MINUTE_MS, { amount_cents: 11 }),
    ])
    const told = await answer(seriesAnswerSchema, 'rs-curve', lastHours(4))
    expect(told).toMatchObject({
      online: [
        point(MINUTE - 200, 30),
        point(MINUTE - 100, 25),
        point(MINUTE - 2, 7),
        point(MINUTE - 1, 3),
      ],
      active_5m_sum: [
        point(MINUTE - 200, 31),
        point(MINUTE - 100, 26),
        point(MINUTE - 2, 7),
        // The users of both minutes, each once.
        point(MINUTE - 1, 8),
      ],
      active_15m_sum: [
        point(MINUTE - 200, 32),
        point(MINUTE - 100, 27),
        point(MINUTE - 2, 7),
        point(MINUTE - 1, 8),
      ],
      revenue_cents: [point(MINUTE - 100, 15), point(MINUTE - 1, 7)],
      errors: {
        online: [1, 1, 0, 0].map((error, at) => [told.online[at]?.[0], error]),
        active_5m_sum: [2, 2, 0, 0].map((error, at) => [told.online[at]?.[0], error]),
        active_15m_sum: [3, 3, 0, 0].map((error, at) => [told.online[at]?.[0], error]),
      },
      currency: 'USD',
      start: iso(NOON_MS - 4 * 3_600_000).replace('.000', ''),
      partial: [],
    })
    const inEuro = await answer(seriesAnswerSchema, 'rs-curve', lastHours(4, '&currency=EUR'))
    expect(inEuro.revenue_cents).toEqual([point(MINUTE - 1, 8)])
  })

  it('tells times with the offset of the zone of the game', async ({ expect }) => {
    await insertGame('rs-zone', 'Asia/Kolkata')
    await count('rs-zone', [users('online', MINUTE - 1, [0, 2])], 'Asia/Kolkata')
    await insertRows('payments', [payment('rs-zone', (MINUTE - 1) * MINUTE_MS)])
    const told = await answer(seriesAnswerSchema, 'rs-zone', lastHours(1))
    const time = `${formatDay(DAY)}T17:29:00+05:30`
    expect(told).toMatchObject({
      online: [[time, 2]],
      revenue_cents: [[time, 100]],
      errors: { online: [[time, 0]] },
    })
  })

  it('asks the sketches only for the last minutes', async ({ expect }) => {
    await insertGame('rs-past')
    await insertRows('minute_online', [minuteRow('rs-past', MINUTE - 1_440, 4, 1)])
    const path = `realtime/series?start=${formatDay(DAY - 1)}&end=${formatDay(DAY)}`
    const told = await answer(seriesAnswerSchema, 'rs-past', path, { bindings: broken() })
    expect(told).toMatchObject({ online: [point(MINUTE - 1_440, 4)], partial: [] })
  })

  it('tells the last hour, and no revenue, while the database does not answer', async ({
    expect,
  }) => {
    await insertGame('rs-poor')
    await count('rs-poor', [users('online', MINUTE - 5, [0, 2])])
    const bindings = withoutDatabase
    const told = await answer(seriesAnswerSchema, 'rs-poor', lastHours(4), { bindings })
    expect(told).toMatchObject({ online: [point(MINUTE - 5, 2)], revenue_cents: null })
    expect(told.partial.map(({ field }) => field)).toEqual([
      'online',
      'active_5m_sum',
      'active_15m_sum',
      'revenue_cents',
    ])
    expect(told.partial[0]?.reason).toContain(iso(NOON_MS - 3_600_000))
  })

  it('tells what was published while the sketches do not answer', async ({ expect }) => {
    await insertGame('rs-stale')
    await insertRows('minute_online', [minuteRow('rs-stale', MINUTE - 2, 4, 1)])
    const told = await answer(seriesAnswerSchema, 'rs-stale', lastHours(1), { bindings: broken() })
    expect(told.online).toEqual([point(MINUTE - 2, 4)])
    expect(told.partial.map(({ field }) => field)).toEqual([
      'online',
      'active_5m_sum',
      'active_15m_sum',
    ])
  })

  it('is a problem when nobody answers', async ({ expect }) => {
    const bindings = { ...broken(), CLICKHOUSE_URL: 'http://127.0.0.1:9' }
    const response = await get('rs-any', lastHours(1), { bindings })
    expect(await response.json()).toMatchObject({ status: 503, code: 'database_unavailable' })
  })

  it.for([
    ['', 'start: expected an RFC 3339 instant or a date YYYY-MM-DD; it may not be left out'],
    ['?start=2026-11-01', 'end: expected an RFC 3339 instant'],
    ['?start=2026-11-01&end=2026-11-09', 'end: expected a range of at most 7 days (10080 minutes)'],
    ['?start=2026-11-01&end=2026-11-02&by=platform', 'by: is no parameter of this address'],
  ] as const)('refuses %o', async ([query, detail], { expect }) => {
    const response = await get('rs-any', `realtime/series${query}`)
    expect(await response.json()).toMatchObject({
      status: 400,
      code: 'invalid_parameter',
      detail: expect.stringContaining(detail),
    })
  })

  it('tells a whole week of minutes', async ({ expect }) => {
    await insertGame('rs-week')
    const first = MINUTE - 7 * 1_440
    const rows = Array.from({ length: 7 * 1_440 }, (_, at) =>
      minuteRow('rs-week', first + at, at + 1, 1),
    )
    await insertRows('minute_online', rows)
    const range = `start=${iso(first * MINUTE_MS)}&end=${iso(NOON_MS)}`
    const { online } = await answer(seriesAnswerSchema, 'rs-week', `realtime/series?${range}`)
    expect(online).toHaveLength(10_080)
    expect(online.at(-1)).toEqual(point(MINUTE - 1, 10_080))
  })
})
