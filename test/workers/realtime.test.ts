/** GET /realtime: what the real object and the real database make of a game. */
import { beforeAll, beforeEach, afterEach, describe, it, vi } from 'vitest'

import { realtimeAnswerSchema } from '../../src/query/realtime/schemas.ts'
import {
  answer,
  count,
  get,
  insertRows,
  payment,
  users,
  withoutDatabase,
  withSketches,
} from './realtime-support.ts'
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

const realtime = (gameId: string, query = '', bindings?: Env) =>
  answer(realtimeAnswerSchema, gameId, `realtime${query}`, bindings && { bindings })

beforeAll(() => createGame('rt-any'))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS })
})

afterEach(() => {
  vi.useRealTimers()
})

/** An order of `rt-money`, so long ago. */
const pay = (agoMs: number, fields: Readonly<Record<string, string | number>> = {}) =>
  payment('rt-money', NOW_MS - agoMs, { currency: 'EUR', ...fields })

describe('GET /realtime', () => {
  it('tells the figures of this moment, each with its error', async ({ expect }) => {
    await insertGame('rt-figures')
    await count('rt-figures', [
      users('dau', DAY, [0, 50]),
      users('new_users', DAY, [0, 20]),
      users('dau', DAY - 1, [40, 80]),
      users('new_users', DAY - 1, [70, 75]),
      users('dau', DAY - 10, [200, 210]),
      users('online', MINUTE, [8, 12]),
      users('online', MINUTE - 1, [0, 10]),
      users('online', MINUTE - 3, [5, 17]),
      users('online', MINUTE - 10, [100, 103]),
      users('online', MINUTE - 2 * 1_440, [0, 30]),
    ])
    const told = await realtime('rt-figures')
    const values = {
      online: 10,
      active_1m: 10,
      active_5m: 17,
      active_15m: 20,
      dau_today: 50,
      new_today: 20,
      wau: 80,
      mau: 90,
      registered_total: 25,
      online_peak_today: 12,
      online_peak_all_time: 30,
    }
    expect(told).toMatchObject({
      ...values,
      figures: Object.fromEntries(Object.entries(values).map(([name, n]) => [name, exactly(n)])),
      peak_times: { today: isoOf(MINUTE - 3), all_time: isoOf(MINUTE - 2 * 1_440) },
      minute: isoOf(MINUTE - 1),
      as_of: new Date(NOW_MS).toISOString().replace('.000', ''),
      time_zone: 'UTC',
      rev_today: 0,
      rev_today_yuan: '0.00',
      pay_succ_rate: null,
      revenue_by_currency: {},
      currency: 'USD',
    })
  })

  it('says how far an estimate may be off', async ({ expect }) => {
    await insertGame('rt-many')
    await count('rt-many', [users('dau', DAY, [0, 20_000])])
    const { dau_today: dau, figures, wau } = await realtime('rt-many')
    expect(figures?.dau_today).toMatchObject({ value: dau, exact: false })
    const { error } = figures?.dau_today ?? { error: 0 }
    expect(error).toBeGreaterThan(0)
    expect(error).toBeLessThan(500)
    // Four standard errors; the tokens are always the same.
    expect(Math.abs((dau ?? 0) - 20_000)).toBeLessThan(2 * error)
    expect(wau).toBe(dau)
  })

  it('unites the unfinished minute with the last full one', async ({ expect }) => {
    await insertGame('rt-now')
    await count('rt-now', [users('online', MINUTE, [8, 12]), users('online', MINUTE - 1, [0, 10])])
    const told = await realtime('rt-now')
    expect(told).toMatchObject({
      active_now: 12,
      figures: { active_now: exactly(12) },
      partial: [],
    })
  })

  it('sums the settled payments of the last five minutes and of today', async ({ expect }) => {
    await insertGame('rt-money')
    const twice = pay(60_000, { amount_cents: 1_299 })
    await insertRows('payments', [
      twice,
      // Said once more by the client: the same order.
      { ...twice, reported_by: 'client' },
      pay(0, { amount_cents: 1 }),
      pay(5 * MINUTE_MS + 1, { amount_cents: 500 }),
      pay(3_600_000, { status: 'failed', amount_cents: 77 }),
      pay(3_600_000, { status: 'pending', amount_cents: 78 }),
      pay(3_600_000, { status: 'refunded', amount_cents: 79 }),
      pay(13 * 3_600_000, { amount_cents: 700 }),
      pay(-1, { amount_cents: 900 }),
      pay(3_600_000, { currency: 'JPY', amount_cents: 300 }),
      pay(3_600_000, { currency: 'KWD', amount_cents: 12_005 }),
      { ...pay(0, { amount_cents: 1 }), env: 'dev' },
      { ...pay(0, { amount_cents: 1 }), game_id: 'rt-other' },
    ])
    const sums = {
      EUR: { rev_5m: 1_300, rev_today: 1_800 },
      JPY: { rev_5m: 0, rev_today: 300 },
      KWD: { rev_5m: 0, rev_today: 12_005 },
    }
    expect(await realtime('rt-money', '?currency=EUR')).toMatchObject({
      ...sums.EUR,
      rev_5m_yuan: '13.00',
      rev_today_yuan: '18.00',
      // Five of six settled orders.
      pay_succ_rate: 500 / 6,
      revenue_by_currency: sums,
      currency: 'EUR',
    })
    expect(await realtime('rt-money', '?currency=JPY')).toMatchObject({
      rev_5m_yuan: '0',
      rev_today_yuan: '300',
    })
    expect(await realtime('rt-money', '?currency=KWD')).toMatchObject({
      rev_5m_yuan: '0.000',
      rev_today_yuan: '12.005',
    })
  })

  it('begins its day at the midnight of the game, and its five minutes before it', async ({
    expect,
  }) => {
    await insertGame('rt-zone', 'Asia/Kolkata')
    const midnightMs = DAY * DAY_MS - 5.5 * 3_600_000
    vi.setSystemTime(midnightMs + 2 * MINUTE_MS)
    await count(
      'rt-zone',
      [users('dau', DAY, [0, 3]), users('dau', DAY - 1, [0, 9])],
      'Asia/Kolkata',
    )
    await insertRows('payments', [
      payment('rt-zone', midnightMs - 1, { amount_cents: 10 }),
      payment('rt-zone', midnightMs, { amount_cents: 200 }),
    ])
    expect(await realtime('rt-zone')).toMatchObject({
      dau_today: 3,
      rev_today: 200,
      rev_5m: 210,
      time_zone: 'Asia/Kolkata',
      as_of: expect.stringMatching(/T00:02:00\+05:30$/),
    })
  })

  it('has no money, and no zero, while the database does not answer', async ({ expect }) => {
    await insertGame('rt-poor')
    await count('rt-poor', [users('dau', DAY, [0, 3])])
    const told = await realtime('rt-poor', '', withoutDatabase)
    const fields = [
      'rev_5m',
      'rev_today',
      'rev_5m_yuan',
      'rev_today_yuan',
      'pay_succ_rate',
      'revenue_by_currency',
    ]
    expect(told).toMatchObject({
      dau_today: 3,
      ...Object.fromEntries(fields.map((field) => [field, null])),
    })
    expect(told.partial).toEqual(
      expect.arrayContaining(
        fields.map((field) => ({ field, reason: 'the database did not answer' })),
      ),
    )
  })

  it.for([
    ['fail', () => Promise.reject(new Error('the object was reset'))],
    ['answer nothing', () => new Promise<unknown>(() => {})],
  ] as const)(
    'has money and no figures when the sketches %s',
    { timeout: 15_000 },
    async ([, method], { expect }) => {
      await insertRows('payments', [payment('rt-any', NOW_MS - 1, { amount_cents: 5 })])
      const told = await realtime('rt-any', '', withSketches(method))
      expect(told.rev_today).toBeGreaterThan(0)
      expect(told).toMatchObject({
        online: null,
        dau_today: null,
        registered_total: null,
        figures: null,
        peak_times: null,
        partial: [{ field: 'figures', reason: 'the live figures did not answer' }],
      })
    },
  )

  it('is a problem when neither answers', async ({ expect }) => {
    const bindings = {
      ...withSketches(() => Promise.reject(new Error('the object was reset'))),
      CLICKHOUSE_URL: 'http://127.0.0.1:9',
    }
    await insertGame('rt-none')
    const response = await get('rt-none', 'realtime', { bindings })
    expect(response.headers.get('Retry-After')).not.toBeNull()
    expect(await response.json()).toMatchObject({ status: 503, code: 'figures_unavailable' })
  })

  it.for([
    ['realtime?currency=euro', 'currency: expected an ISO 4217 code'],
    ['realtime?start=2026-11-01', 'start: is no parameter of this address'],
    ['realtime/stream?currency=EUR&currency=USD', 'currency: expected once'],
    ['realtime/breakdown', 'by: expected one of platform, channel, country, app_version'],
    ['realtime/days?start=yesterday', 'start: expected a date YYYY-MM-DD'],
    ['realtime/retention?cohort=register', 'cohort: is no parameter of this address'],
    ['reconciliation?end=2026-13-01', 'end: expected a date YYYY-MM-DD'],
  ] as const)('refuses %s and names the fault', async ([path, detail], { expect }) => {
    const response = await get('rt-any', path)
    expect(await response.json()).toMatchObject({
      status: 400,
      code: 'invalid_parameter',
      detail: expect.stringContaining(detail),
    })
  })
})
