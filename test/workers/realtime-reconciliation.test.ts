/** GET /reconciliation: what the tables of both sides tell together. */
import { afterEach, beforeAll, beforeEach, describe, it, vi } from 'vitest'

import { formatDay } from '../../src/event/calendar.ts'
import { reconciliationAnswerSchema } from '../../src/query/realtime/schemas.ts'
import { answer, get, insertRows, sqlTime, withoutDatabase } from './realtime-support.ts'
import { createGame, insertGame } from './support.ts'

const DAY_MS = 86_400_000
const NOON_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS + 12 * 3_600_000
const NOW_MS = NOON_MS + 30_000
const DAY = Math.floor(NOW_MS / DAY_MS)
const iso = (timeMs: number) => new Date(timeMs).toISOString()

beforeAll(() => createGame('rc-any'))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS })
})

afterEach(() => {
  vi.useRealTimers()
})

const dayRow = (gameId: string, day: number, fields: object) => ({
  d: formatDay(day),
  game_id: gameId,
  env: 'prod',
  ...fields,
})

describe('GET /reconciliation', () => {
  const peakTime = sqlTime(NOON_MS - DAY_MS).slice(0, 19)
  const sketched = { dau: 1_010, dau_error: 12, new_users: 40, new_users_error: 0 }

  it('tells both figures of every closed day, and whether they are as close as was said', async ({
    expect,
  }) => {
    await insertGame('rc-days')
    const game = 'rc-days'
    await insertRows('daily_users', [
      dayRow(game, DAY - 1, { ...sketched, dau: 5, version: NOW_MS - DAY_MS }),
      dayRow(game, DAY - 2, { ...sketched, version: 7 }),
      dayRow(game, DAY, { ...sketched, version: 7 }),
    ])
    await insertRows('daily_users', [dayRow(game, DAY - 1, { ...sketched, version: NOW_MS })])
    await insertRows('daily_online_peak', [
      dayRow(game, DAY - 1, { peak: 300, peak_error: 5, m: peakTime, version: 9 }),
    ])
    await insertRows('daily_exact', [
      dayRow(game, DAY - 1, {
        dau: 1_000,
        new_users: 41,
        online_peak: 306,
        m: peakTime,
        version: NOW_MS,
      }),
    ])
    const range = `?start=${formatDay(DAY - 3)}&end=${formatDay(DAY + 1)}`
    const told = await answer(reconciliationAnswerSchema, game, `reconciliation${range}`)
    const asOf = iso(NOW_MS).replace('.000', '')
    expect(told.days).toEqual([
      {
        day: formatDay(DAY - 3),
        sketch: null,
        exact: null,
        difference: null,
        within_error: null,
      },
      {
        day: formatDay(DAY - 2),
        sketch: {
          dau: { value: 1_010, error: 12, exact: false },
          new_users: { value: 40, error: 0, exact: true },
          online_peak: null,
          as_of: '1970-01-01T00:00:00.007Z',
        },
        exact: null,
        difference: null,
        within_error: null,
      },
      {
        day: formatDay(DAY - 1),
        sketch: {
          dau: { value: 1_010, error: 12, exact: false },
          new_users: { value: 40, error: 0, exact: true },
          online_peak: {
            value: 300,
            error: 5,
            exact: false,
            time: iso(NOON_MS - DAY_MS).replace('.000', ''),
          },
          as_of: asOf,
        },
        exact: {
          dau: 1_000,
          new_users: 41,
          online_peak: 306,
          online_peak_time: iso(NOON_MS - DAY_MS).replace('.000', ''),
          as_of: asOf,
        },
        difference: { dau: 10, new_users: -1, online_peak: -6 },
        within_error: { dau: true, new_users: false, online_peak: false },
      },
    ])
    expect(told.summary).toEqual({
      compared: 3,
      within_error: 1,
      without_exact: [formatDay(DAY - 2)],
    })
    expect(told.partial).toEqual([
      { field: 'days', reason: `${formatDay(DAY)} is not over; days are compared once they are` },
      {
        field: 'days',
        reason: `${formatDay(DAY - 3)}: no figure of any kind; nobody was there, or nobody was counted here yet`,
      },
      {
        field: 'days.exact',
        reason: `${formatDay(DAY - 2)}: no exact count; no such event, or not counted yet`,
      },
    ])
  })

  it('is a problem without the database', async ({ expect }) => {
    const response = await get('rc-any', 'reconciliation', { bindings: withoutDatabase })
    expect(await response.json()).toMatchObject({ status: 503, code: 'database_unavailable' })
  })
})
