/** The generator refuses metrics that the catalogued events cannot compute, or not as they are declared. */
import { describe, it } from 'vitest'

import { changed, readTexts } from './catalog-texts.ts'

// Each case parses a large file.
describe('the generator', { timeout: 30_000 }, () => {
  it.for([
    ['an unknown key', 'window: 7d', 'window: 7d\n    color: red', 'color'],
    ['an unknown type', 'type: counter', 'type: sum', 'metrics[0].type'],
    ['an unknown unit', 'unit: users', 'unit: people', 'metrics[0].unit'],
    ['a name that is not Chinese', 'zh_name: 日活跃用户数', 'zh_name: Dau', 'a Chinese name'],
    ['a window of no length', 'windows: [1m', 'windows: [0m', 'expected a window such as 15m'],
    ['a window out of the list', 'windows: [1m, 5m', 'windows: [1m', '5m is no window of windows'],
    ['an unknown category', 'category: cards', 'category: decks', 'decks is no category'],
    ['an id that is given twice', 'id: wau', 'id: dau', 'metrics: dau is given twice'],
    [
      'an unknown dimension',
      'dimensions: [weapon_id, map_id]',
      'dimensions: [gun, map_id]',
      'gun is no dimension of the taxonomy',
    ],
    [
      'a dimension that is given twice',
      'dimensions: [weapon_id, map_id]',
      'dimensions: [platform, map_id]',
      'platform is given twice',
    ],
    [
      'a standard dimension that is no column',
      'standard_dimensions: [platform',
      'standard_dimensions: [level_id',
      'level_id is no dimension that is a column',
    ],
    [
      'a dimension that an event does not carry',
      'formula: sum(combat.stats.hits) / sum(combat.stats.shots)',
      'formula: sum(combat.stats.hits) / count(ui.click)',
      'metric accuracy_rate: dimension weapon_id: ui.click does not carry weapon_id',
    ],
    [
      'a dimension that an event of a named metric does not carry',
      'formula: sum(combat.stats.hits) / sum(combat.stats.shots)',
      'formula: sum(combat.stats.hits) / dau',
      'metric accuracy_rate: dimension weapon_id: user.login does not carry weapon_id',
    ],
    [
      'a split by that a denominator does not carry',
      'formula: users(feature.use) / total(wau)',
      'formula: users(feature.use) / wau',
      'metric feature_adoption: dimension feature_id: session.start does not carry feature_id',
    ],
    [
      'a formula that cannot be read',
      'formula: dau / mau',
      'formula: dau per mau',
      'metric stickiness: formula: expected an operator or the end, found "per" at character 5',
    ],
    [
      'a formula with an unknown event',
      'formula: p50(session.end.duration_ms)',
      'formula: p50(session.over.duration_ms)',
      'metric session_length_p50: formula: there is no event session.over',
    ],
    [
      'a value that the enum does not have',
      "formula: \"count(match.end where match_result = 'win') /",
      "formula: \"count(match.end where match_result = 'won') /",
      'metric win_rate: formula: match_result: won is none of win, lose, draw, abandon',
    ],
    [
      'metrics in a circle',
      'formula: dau / mau',
      'formula: dau / stickiness',
      'metrics: stickiness -> stickiness is a circle',
    ],
    [
      'a unit that the formula does not give',
      'unit: usd',
      'unit: count',
      'unit: expected usd, which the formula gives, got count',
    ],
    ['a ratio of another unit', 'unit: ratio', 'unit: count', 'type: a ratio has the unit ratio'],
    [
      'a counter that is a quotient',
      'type: ratio\n    unit: ratio\n    window: 1d\n    formula: dau / mau',
      'type: counter\n    unit: ratio\n    window: 1d\n    formula: dau / mau',
      'type: the formula of a counter is one of users, sessions',
    ],
    [
      'a histogram that is no percentile',
      'formula: p50(session.end.duration_ms)',
      'formula: avg(session.end.duration_ms)',
      'type: the formula of a histogram is a percentile',
    ],
  ] as const)('refuses metrics with %s', ([, from, to, fault], { expect }) => {
    expect(() => readTexts(changed('metrics', from, to))).toThrow(fault)
  })

  it('names every metric of a longer circle', ({ expect }) => {
    const first = changed('metrics', 'formula: revenue / orders', 'formula: arpmau / orders')
    const from = 'formula: revenue_30d / mau'
    const metrics = first.metrics.replace(from, 'formula: average_order_value / mau')
    expect(metrics).not.toBe(first.metrics)
    expect(() => readTexts({ ...first, metrics })).toThrow(
      'metrics: arpmau -> average_order_value -> arpmau is a circle',
    )
  })
})
