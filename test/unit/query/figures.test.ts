import * as fc from 'fast-check'
import { describe, it, vi } from 'vitest'

import type { GameDay } from '../../../src/event/calendar.ts'
import { gameDays, offsetsAround } from '../../../src/event/calendar.ts'
import { isCurrency, minorUnitsOf } from '../../../src/event/currency.ts'
import { toCohortTable } from '../../../src/query/cohort-table.ts'
import { readLiveBlock } from '../../../src/query/live-figures.ts'
import { percent, quotient, wilsonInterval } from '../../../src/query/ratio.ts'

describe('ratios', () => {
  it('over nothing are null', ({ expect }) => {
    expect([percent(0, 0), quotient(5, 0), wilsonInterval(0, 0)]).toEqual([null, null, null])
  })

  it('are not rounded', ({ expect }) => {
    expect(percent(40_153, 90_189)).toBe(4_015_300 / 90_189)
  })

  it('have the interval that Wilson gives', ({ expect }) => {
    // Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    for (const [part, whole, low, high] of [
      [81, 263, 25.53, 36.62],
      [15, 148, 6.24, 16.05],
      [0, 20, 0, 16.11],
      [1, 29, 0.61, 17.18],
    ] as const) {
      const interval = wilsonInterval(part, whole)
      expect(interval?.[0]).toBeCloseTo(low, 2)
      expect(interval?.[1]).toBeCloseTo(high, 2)
    }
  })

  it('lie in their interval, and the interval between 0 and 100', ({ expect }) => {
    const counts = fc
      .integer({ min: 1, max: 1_000_000 })
      .chain((whole) => fc.tuple(fc.integer({ min: 0, max: whole }), fc.constant(whole)))
    fc.assert(
      fc.property(counts, ([part, whole]) => {
        const [low, high] = wilsonInterval(part, whole) ?? [Number.NaN, Number.NaN]
        const share = (100 * part) / whole
        expect(low).toBeGreaterThanOrEqual(0)
        expect(low).toBeLessThanOrEqual(share)
        expect(high).toBeGreaterThanOrEqual(share)
        expect(high).toBeLessThanOrEqual(100)
      }),
      { seed: 1927 },
    )
  })
})

describe('cohorts', () => {
  const timeZone = 'Europe/Berlin'
  const [first, last] = [20_385, 20_387]
  const offsets = offsetsAround(first, last + 31, timeZone)
  const days = gameDays(first, last, offsets)
  const row = { grp: 0, day: first, size: 3, retained_d1: 2, retained_d7: 1, retained_d30: 0 }

  /** The first instant after day `first + n`. */
  function endOfDay(n: number): number {
    const [found]: (GameDay | undefined)[] = gameDays(first + n, first + n, offsets)
    if (found === undefined) throw new RangeError('no such day')
    return found.endMs
  }

  it.for([1, 7, 30] as const)('d%d is null up to the last instant of its day', (n, { expect }) => {
    const at = (nowMs: number) => toCohortTable([row], { days, offsets, nowMs }).cohorts[0]
    const early = at(endOfDay(n) - 1)
    expect(early?.[`d${n}`]).toBeNull()
    expect(early?.[`retained_d${n}`]).toBeNull()
    const over = at(endOfDay(n))
    expect(over?.[`d${n}`]).toBe((100 * row[`retained_d${n}`]) / 3)
    expect(over?.[`retained_d${n}`]).toBe(row[`retained_d${n}`])
  })

  it('totals leave out cohorts that are not mature', ({ expect }) => {
    const rows = [row, { ...row, day: first + 1, size: 5, retained_d1: 5 }, { ...row, day: last }]
    const { totals } = toCohortTable(rows, { days, offsets, nowMs: endOfDay(2) })
    expect(totals).toMatchObject({ size: 11, size_d1: 8, retained_d1: 7, d1: 87.5 })
    expect(totals).toMatchObject({ size_d7: 0, retained_d7: 0, d7: null, d7_interval: null })
  })

  it('a day on which nobody began is a cohort of nobody', ({ expect }) => {
    const { cohorts } = toCohortTable([], { days, offsets, nowMs: endOfDay(30) })
    expect(cohorts.map(({ day, size }) => [day, size])).toEqual([
      ['2025-10-24', 0],
      ['2025-10-25', 0],
      ['2025-10-26', 0],
    ])
    expect(cohorts[0]).toMatchObject({ retained_d30: 0, d30: null })
  })
})

describe('currencies', () => {
  it('have the minor units of ISO 4217, not those of shop prices', ({ expect }) => {
    const units = ['USD', 'EUR', 'HUF', 'IDR', 'JPY', 'KRW', 'VND', 'KWD', 'CLF'].map(minorUnitsOf)
    expect(units).toEqual([100, 100, 100, 100, 1, 1, 1, 1_000, 10_000])
  })

  it('are known by their code', ({ expect }) => {
    expect(['USD', 'CNY', 'BRL', 'XCG', 'CLF'].every(isCurrency)).toBe(true)
    expect(['usd', 'GOLD', '', 'U$D'].some(isCurrency)).toBe(false)
  })
})

describe('the live block', () => {
  const at = { day: 20_385, minute: 29_354_400 }
  const exact = { value: 7, exact: true, error: 0 }

  it('is exact only if all of it is', async ({ expect }) => {
    const estimate = { value: 10_000, exact: false, error: 110 }
    const figures = { dau: estimate, newUsers: exact, online: exact }
    expect(await readLiveBlock(() => Promise.resolve(figures), at)).toEqual({
      dau_today: 10_000,
      new_users_today: 7,
      online_now: 7,
      exact: false,
      error: { dau_today: 110, new_users_today: 0, online_now: 0 },
    })
  })

  it('asks for the day and the minute that it is given', async ({ expect }) => {
    const asked: unknown[] = []
    await readLiveBlock((when) => {
      asked.push(when)
      return Promise.resolve({ dau: exact, newUsers: exact, online: exact })
    }, at)
    expect(asked).toEqual([at])
  })

  it('is the error of sketches that fail', async ({ expect }) => {
    expect(await readLiveBlock(() => Promise.reject(new Error('overloaded')), at)).toBeInstanceOf(
      Error,
    )
  })

  it('is an error when the sketches do not answer in time', async ({ expect, onTestFinished }) => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const block = readLiveBlock(() => new Promise(() => {}), at)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(await block).toBeInstanceOf(Error)
  })
})
