import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import type { Returned } from '../../../durable/figures.ts'
import { dayStartMs, offsetsAround, parseDay } from '../../../src/event/calendar.ts'
import { minorUnitsOf } from '../../../src/event/currency.ts'
import { answerLiveRetention } from '../../../src/query/realtime/live-retention.ts'
import { inMajorUnits, roundedSums, toMoneyFigures } from '../../../src/query/realtime/money.ts'
import { answerRealtime } from '../../../src/query/realtime/realtime.ts'
import { reconcileDay } from '../../../src/query/realtime/reconciliation.ts'

describe('money', () => {
  const row = { recent_cents: 0n, today_cents: 0n, succeeded: 0, failed: 0 }

  it.for([
    [0n, 'USD', '0.00'],
    [5n, 'USD', '0.05'],
    [120_433_0n, 'EUR', '12043.30'],
    [980n, 'JPY', '980'],
    [0n, 'JPY', '0'],
    [12_005n, 'KWD', '12.005'],
    [7n, 'KWD', '0.007'],
    [12_345n, 'CLF', '1.2345'],
    [2n ** 90n, 'USD', '12379400392853802748991242.24'],
  ] as const)('of %s minor units of %s is %s', ([amount, currency, text], { expect }) => {
    expect(inMajorUnits(amount, currency)).toBe(text)
  })

  it('in major units is the amount again, whatever the currency', ({ expect }) => {
    const amounts = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
    const currencies = fc.constantFrom('USD', 'JPY', 'KWD', 'CLF')
    fc.assert(
      fc.property(amounts, currencies, (amount, currency) => {
        const text = inMajorUnits(amount, currency)
        expect(BigInt(text.replace('.', ''))).toBe(amount)
        expect(10 ** (text.split('.')[1]?.length ?? 0)).toBe(minorUnitsOf(currency))
      }),
      { seed: 4217 },
    )
  })

  it('is told per currency; the success rate is that of all of them', ({ expect }) => {
    const rows = [
      { ...row, currency: 'EUR', recent_cents: 99n, today_cents: 1_098n, succeeded: 2, failed: 1 },
      { ...row, currency: 'JPY', today_cents: 300n, succeeded: 1 },
      { ...row, currency: 'USD', failed: 4 },
    ]
    expect(toMoneyFigures(rows, 'EUR')).toEqual({
      rev_5m: 99,
      rev_today: 1_098,
      rev_5m_yuan: '0.99',
      rev_today_yuan: '10.98',
      pay_succ_rate: 37.5,
      revenue_by_currency: {
        EUR: { rev_5m: 99, rev_today: 1_098 },
        JPY: { rev_5m: 0, rev_today: 300 },
      },
    })
    expect(toMoneyFigures(rows, 'GBP')).toMatchObject({ rev_today: 0, rev_today_yuan: '0.00' })
  })

  it('has no success rate without a settled order', ({ expect }) => {
    expect(toMoneyFigures([], 'USD').pay_succ_rate).toBeNull()
  })

  it('beyond 2^53 - 1 is said to be rounded, and exact as text', ({ expect }) => {
    const rows = [{ ...row, currency: 'USD', today_cents: 2n ** 53n + 1n, succeeded: 1 }]
    const money = toMoneyFigures(rows, 'USD')
    expect(money.rev_today_yuan).toBe('90071992547409.93')
    expect(roundedSums(money).map(({ field }) => field)).toEqual([
      'revenue_by_currency.USD.rev_today',
    ])
  })
})

const figure = (value: number, error = 0) => ({ value, error, exact: error === 0 })

describe('live retention', () => {
  const timeZone = 'Europe/Berlin'
  const day = parseDay('2025-10-20') ?? 0
  const offsets = offsetsAround(day, day + 32, timeZone)
  const returned: Returned = { ...figure(40, 3), rate: 0.4, rateError: 0.03 }
  const cohort = { day, size: figure(100), d1: returned, d7: returned, d30: returned }
  const cohortsAt = async (nowMs: number, cohorts = [cohort]) => {
    const sketches = { cohorts: () => Promise.resolve(cohorts) }
    const range = { firstDay: day, lastDay: day }
    return (await answerLiveRetention(range, { timeZone, nowMs }, sketches)).cohorts
  }

  it.for([1, 7, 30] as const)(
    'of d%d is null up to the last instant of its day in the zone',
    async (n, { expect }) => {
      const endMs = dayStartMs(day + n + 1, offsets)
      expect((await cohortsAt(endMs - 1))[0]?.[`d${n}`]).toBeNull()
      expect((await cohortsAt(endMs))[0]?.[`d${n}`]).toEqual({
        users: 40,
        error: 3,
        exact: false,
        rate: 40,
        rate_error: 3,
      })
    },
  )

  it('of a day on which nobody began is a share of nobody', async ({ expect }) => {
    const [empty] = await cohortsAt(dayStartMs(day + 2, offsets), [])
    expect(empty).toEqual({
      day: '2025-10-20',
      size: { users: 0, error: 0, exact: true },
      d1: { users: 0, error: 0, exact: true, rate: null, rate_error: null },
      d7: null,
      d30: null,
    })
  })
})

describe('a reconciled day', () => {
  const day = parseDay('2026-11-11') ?? 0
  const minuteSecond = Date.UTC(2026, 10, 11, 20, 31) / 1_000
  const users = {
    day,
    dau: 1_010,
    dau_error: 12,
    new_users: 40,
    new_users_error: 0,
    version: 1_000,
  }
  const peak = { day, peak: 300, peak_error: 5, minute_second: minuteSecond, version: 2_000 }
  const exact = {
    day,
    dau: 1_000,
    new_users: 41,
    online_peak: 306,
    minute_second: minuteSecond,
    version: 3_000,
  }

  it('tells both figures, and whether they are as close as was said', ({ expect }) => {
    const reconciled = reconcileDay({ day, users, peak, exact }, 'UTC')
    expect(reconciled).toMatchObject({
      day: '2026-11-11',
      sketch: {
        dau: { value: 1_010, error: 12, exact: false },
        new_users: { value: 40, error: 0, exact: true },
        online_peak: { value: 300, time: '2026-11-11T20:31:00Z' },
        as_of: '1970-01-01T00:00:02Z',
      },
      exact: { dau: 1_000, online_peak_time: '2026-11-11T20:31:00Z' },
      difference: { dau: 10, new_users: -1, online_peak: -6 },
      within_error: { dau: true, new_users: false, online_peak: false },
    })
  })

  it('says what is missing instead of a zero', ({ expect }) => {
    const open = { day, users, peak, exact: undefined }
    expect(reconcileDay(open, 'UTC')).toMatchObject({
      exact: null,
      difference: null,
      within_error: null,
    })
    const unpublished = { day, users: undefined, peak: undefined, exact }
    expect(reconcileDay(unpublished, 'UTC')).toMatchObject({ sketch: null, difference: null })
    const half = reconcileDay({ day, users, peak: undefined, exact }, 'UTC')
    expect(half.sketch?.online_peak).toBeNull()
    expect(half.difference).toEqual({ dau: 10, new_users: -1, online_peak: null })
    expect(half.within_error).toEqual({ dau: true, new_users: false, online_peak: null })
  })
})

describe('the present', () => {
  it('is a problem when neither source answers', async ({ expect }) => {
    const connection = { url: 'http://127.0.0.1:9', user: 'u', password: '', database: 'd' }
    const asker = { connection, gameId: 'g', env: 'prod', timeZone: 'UTC', nowMs: 1e12 }
    const sketches = { realtime: () => Promise.reject(new Error('evicted')) }
    const clock = { now: () => Date.now(), wait: () => Promise.resolve() }
    await expect(answerRealtime('USD', asker, sketches, clock)).rejects.toThrow('evicted')
  })
})
