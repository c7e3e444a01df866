/** What a formula may say about the events and metrics that there are. */
import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import type { Vocabulary } from '../../../scripts/catalog/formula-check.ts'
import { checkFormula } from '../../../scripts/catalog/formula-check.ts'
import { parseFormula } from '../../../scripts/catalog/formula-parser.ts'
import type { Measure } from '../../../scripts/catalog/formula-units.ts'
import {
  addMeasures,
  divideMeasures,
  multiplyMeasures,
} from '../../../scripts/catalog/formula-units.ts'
import { METRIC_UNITS } from '../../../src/catalog/schemas.ts'

const attribute = (type: string, unit?: string, values?: string[]) => ({ type, unit, values })

const vocabulary: Vocabulary = {
  events: new Map([
    ['session.start', new Set(['user_id', 'session_id', 'platform', 'tags'])],
    ['session.end', new Set(['user_id', 'session_id', 'platform', 'duration_ms', 'at', 'lucky'])],
    ['shop.buy', new Set(['user_id', 'price_usd', 'amount_cents', 'order_id', 'quantity'])],
  ]),
  attributes: new Map([
    ['user_id', attribute('string')],
    ['session_id', attribute('string')],
    ['platform', attribute('enum', undefined, ['ios', 'web'])],
    ['duration_ms', attribute('number', 'ms')],
    ['at', attribute('time')],
    ['lucky', attribute('boolean')],
    ['tags', attribute('string_list')],
    ['price_usd', attribute('number', 'usd')],
    ['amount_cents', attribute('integer', 'cents')],
    ['order_id', attribute('string')],
    ['quantity', attribute('number')],
  ]),
  metrics: new Map([
    ['dau', { unit: 'users', window: '1d', by: [] }],
    ['online', { unit: 'users', window: '1m', by: [] }],
    ['revenue', { unit: 'usd', window: '1d', by: [] }],
    ['per_item', { unit: 'count', window: '1d', by: ['item_id'] }],
  ]),
  activityEvents: ['session.start'],
}

const check = (formula: string, { window = '1d', by = [] as string[] } = {}) =>
  checkFormula(parseFormula(formula), { window, by }, vocabulary)

describe('checkFormula', () => {
  it.for([
    ['users(session.start, session.end)', 'users'],
    ['users(session.start with shop.buy)', 'users'],
    ['sessions(session.end)', 'sessions'],
    ["count(session.end where platform in ('ios', 'web') and lucky = true)", 'events'],
    ['first_users(shop.buy)', 'users'],
    ['sum(shop.buy.price_usd)', 'usd'],
    ['sum(shop.buy.price_usd) / users(shop.buy)', 'usd'],
    ['revenue / dau', 'usd'],
    ['revenue / sum(shop.buy.price_usd)', 'ratio'],
    ['1 - users(shop.buy) / dau', 'ratio'],
    ['sessions(session.start) / dau', 'count'],
    ['1000 * count(shop.buy) / dau', 'count'],
    ['p95(session.end.duration_ms where duration_ms > 0)', 'ms'],
    ['distinct(shop.buy.order_id)', 'count'],
    ['retention(session.start, 7)', 'ratio'],
    ['conversion(session.start, 7, shop.buy)', 'ratio'],
    ['lifetime_sum(session.start, 30, shop.buy.price_usd)', 'usd'],
    ['peak(online)', 'users'],
    ['dau / previous(dau) - 1', 'ratio'],
    ['greatest(1, sum(shop.buy.quantity))', 'count'],
    ["count(session.start where tags contains 'vip' or tags is not set)", 'events'],
  ] as const)('%s gives %s', ([formula, measure], { expect }) => {
    expect(check(formula)).toMatchObject({ measure, faults: [] })
  })

  it.for([
    ['users(session.begin)', 'there is no event session.begin'],
    ['users(session.start, session.start)', 'session.start is given twice'],
    ['users(session.start without shop.sell)', 'there is no event shop.sell'],
    ['sum(session.begin.duration_ms)', 'there is no event session.begin'],
    ['sum(session.start.duration_ms)', 'session.start does not carry duration_ms'],
    ['sum(session.end.length)', 'session.end does not carry length'],
    ['sum(shop.buy.price_usd, shop.buy.price_usd)', 'shop.buy.price_usd is given twice'],
    ['avg(session.end.platform)', 'avg: session.end.platform is enum and no number'],
    ['p50(session.end.at)', 'p50: session.end.at is time and no number'],
    ['sum(shop.buy.price_usd, shop.buy.quantity)', 'sum: the fields have units usd, count'],
    ['sum(shop.buy.amount_cents)', 'sum: minor units only add up per currency'],
    ["count(session.end where platform = 'amiga')", 'platform: amiga is none of ios, web'],
    ["count(session.end where platform in ('ios', 'os2'))", 'platform: os2 is none of ios, web'],
    ['count(session.end where platform = 1)', 'platform: expected a text, got 1'],
    ["count(session.end where platform < 'web')", 'platform <: enum has no order'],
    ["count(session.end where duration_ms > 'long')", 'duration_ms: expected a number, got long'],
    ['count(session.end where lucky = 1)', 'lucky: expected true or false'],
    ["count(session.end where at = '2026')", 'at =: time cannot be compared'],
    ["count(session.start where tags = 'vip')", 'tags =: string_list cannot be compared'],
    ["count(session.end where platform contains 'i')", 'platform contains: expected a list'],
    ['count(session.start where lucky = true)', 'session.start does not carry lucky'],
    ['count(session.start, session.end where lucky = true)', 'session.start does not carry lucky'],
    ['users(session.start with session.end where tags is set)', 'session.end does not carry tags'],
    ['arpu / dau', 'there is no metric arpu'],
    ['dau / per_item', 'per_item is always split by item_id, so this metric must be, too'],
    ['peak(dau)', 'peak: expected a metric with a window below 1d; dau has 1d'],
    ['mean(revenue)', 'mean: expected a metric with a window below 1d; revenue has 1d'],
    ['total(dau)', 'total: the metric has no by'],
    ['dau + revenue', 'there is no unit for users + usd'],
    ['users(shop.buy) - count(shop.buy)', 'there is no unit for users - events'],
    ['1 - revenue', 'there is no unit for number - usd'],
    ['revenue * sum(session.end.duration_ms)', 'there is no unit for usd * ms'],
    ['dau / revenue', 'there is no unit for users / usd'],
    ['greatest(dau, revenue)', 'there is no unit for users + usd'],
  ] as const)('%s: %s', ([formula, fault], { expect }) => {
    expect(check(formula).faults.join('\n')).toContain(fault)
  })

  it('refuses a total in a total and days in a window of hours', ({ expect }) => {
    expect(check('total(dau / total(dau))', { by: ['item_id'] }).faults).toContain(
      'total: stands in another total',
    )
    expect(check('retention(session.start, 1)', { window: '1h' }).faults).toContain(
      'retention: expected a window of whole days, got 1h',
    )
  })

  it('adds minor units up per currency', ({ expect }) => {
    expect(check('sum(shop.buy.amount_cents)', { by: ['currency_code'] })).toMatchObject({
      measure: 'cents',
      faults: [],
    })
  })

  it('collects what the formula reads', ({ expect }) => {
    const reading = check(
      "sum(session.end.duration_ms where platform = 'ios') / users(session.start with shop.buy)",
    )
    expect([...reading.events]).toEqual(['session.end', 'session.start', 'shop.buy'])
    expect([...reading.attributes]).toEqual([
      'session.end.duration_ms',
      'session.end.platform',
      'session.start.user_id',
      'shop.buy.user_id',
    ])
    expect(reading.split.map(({ id }) => id)).toEqual(['session.end', 'session.start'])
    expect([...check('retention(shop.buy, 1)').events]).toEqual(['shop.buy', 'session.start'])
    expect([...check('dau / previous(dau)').metrics]).toEqual(['dau'])
  })
})

describe('units', () => {
  const measure = fc.constantFrom<Measure>(...METRIC_UNITS, 'number')

  it('of sums and products do not depend on the order', ({ expect }) => {
    fc.assert(
      fc.property(measure, measure, (left, right) => {
        expect(addMeasures(left, right)).toBe(addMeasures(right, left))
        expect(multiplyMeasures(left, right)).toBe(multiplyMeasures(right, left))
      }),
      { seed: 20_261_123 },
    )
  })

  it('of a quotient of like things are a ratio, and no factor changes a unit', ({ expect }) => {
    for (const unit of METRIC_UNITS) {
      expect(divideMeasures(unit, unit)).toBe('ratio')
      expect(divideMeasures(unit, 'number')).toBe(unit)
      expect(multiplyMeasures(unit, 'number')).toBe(unit)
      expect(multiplyMeasures(unit, 'ratio')).toBe(unit)
    }
  })
})
