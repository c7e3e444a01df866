/** What the catalogs hold: everything that the specification names, and what it promises. */
import { describe, it } from 'vitest'

import { parseFormula } from '../../../scripts/catalog/formula-parser.ts'
import { windowSeconds } from '../../../scripts/catalog/window.ts'
import { catalog, findCatalogEvent } from '../../../src/catalog/catalog.ts'
import {
  attributesAnswerSchema,
  catalogIndexSchema,
  catalogTaxonomySchema,
  enumsAnswerSchema,
  eventsAnswerSchema,
  gameTypesAnswerSchema,
  metricsAnswerSchema,
} from '../../../src/catalog/schemas.ts'
import { ALIASES, ATTRIBUTES, EVENTS } from '../../../src/event/catalog.generated.ts'

const { events, metrics, gameTypes, attributes, taxonomy } = catalog()

describe('metrics', () => {
  it.for([
    ['dau', '日活跃用户数', 'counter', '1d'],
    ['wau', '周活跃用户数', 'counter', '7d'],
    ['mau', '月活跃用户数', 'counter', '30d'],
    ['retention_d1', '次日留存率', 'ratio', '1d'],
    ['retention_d7', '7日留存率', 'ratio', '1d'],
    ['retention_d30', '30日留存率', 'ratio', '1d'],
    ['session_length_p50', '会话时长P50', 'histogram', '1d'],
    ['session_length_p95', '会话时长P95', 'histogram', '1d'],
    ['crash_rate', '崩溃率', 'ratio', '1d'],
    ['crash_free_users_rate', '无崩溃用户占比', 'ratio', '1d'],
    ['anr_rate', 'ANR率', 'ratio', '1d'],
    ['arpu', '每用户平均收入', 'gauge', '1d'],
    ['arppu', '每付费用户平均收入', 'gauge', '1d'],
    ['pur', '付费率', 'ratio', '1d'],
    ['ad_arpu', '广告ARPU', 'gauge', '1d'],
    ['ad_impressions_per_dau', '广告曝光数/DAU', 'gauge', '1d'],
    ['win_rate', '胜率', 'ratio', '1d'],
    ['kda', 'KDA', 'gauge', '1d'],
    ['accuracy_rate', '命中率', 'ratio', '1d'],
    ['level_completion_rate', '关卡完成率', 'ratio', '1d'],
    ['retries_avg', '平均重试次数', 'gauge', '1d'],
    ['idle_offline_income_share', '离线收益占比', 'ratio', '1d'],
    ['economy_balance_ratio', '经济产消比', 'gauge', '1d'],
    ['card_usage_rate', '卡牌使用率', 'ratio', '1d'],
    ['card_win_rate', '卡牌胜率', 'ratio', '1d'],
    ['deck_archetype_share', '卡组原型占比', 'ratio', '1d'],
    ['deck_archetype_win_rate', '卡组胜率', 'ratio', '1d'],
    ['td_level_clear_rate', '塔防关卡通关率', 'ratio', '1d'],
    ['td_wave_fail_rate_by_wave', '各波次失败率', 'ratio', '1d'],
    ['td_avg_hearts_remaining', '平均残余生命', 'gauge', '1d'],
    ['td_tower_usage_rate_by_type', '塔型使用率', 'ratio', '1d'],
    ['td_upgrade_rate', '塔升级率', 'ratio', '1d'],
    ['avg_round_duration', '回合时长P50', 'histogram', '1d'],
    ['win_rate_by_seat', '按座位胜率', 'ratio', '1d'],
    ['rake_rate', '抽水率', 'gauge', '1d'],
    ['afk_leave_rate', '中途离场率', 'ratio', '1d'],
  ] as const)('hold %s (%s) of the specification', ([id, zh, type, window], { expect }) => {
    expect(metrics.get(id)).toMatchObject({ zh_name: zh, type, window })
  })

  it('are more than 100, each with its own name in both languages', ({ expect }) => {
    expect(metrics.size).toBeGreaterThanOrEqual(100)
    for (const name of ['en_name', 'zh_name'] as const) {
      expect(new Set([...metrics.values()].map((metric) => metric[name])).size).toBe(metrics.size)
    }
  })

  it('resolve to events and attributes that the edge accepts', ({ expect }) => {
    for (const metric of metrics.values()) {
      expect(parseFormula(metric.formula)).toHaveProperty('kind')
      expect(windowSeconds(metric.window)).toBeGreaterThanOrEqual(60)
      expect(metric.inputs.events.length, metric.id).toBeGreaterThan(0)
      expect(metric.inputs.events.filter((id) => !events.has(id))).toEqual([])
      expect(metric.inputs.metrics.filter((id) => !metrics.has(id))).toEqual([])
      for (const path of metric.inputs.attributes) {
        const [event, key] = [path.slice(0, path.lastIndexOf('.')), path.split('.').at(-1)]
        expect(metric.inputs.events).toContain(event)
        expect(attributes.has(key ?? '')).toBe(true)
      }
    }
  })

  it('that name others read what those read', ({ expect }) => {
    expect(metrics.get('arpu')?.inputs).toEqual({
      events: ['session.start', 'user.login', 'monetization.purchase_success'],
      attributes: [
        'monetization.purchase_success.price_usd',
        'session.start.user_id',
        'user.login.user_id',
      ],
      metrics: ['revenue', 'dau'],
    })
  })

  it('count active, new and online users by the events that the sketches count', ({ expect }) => {
    for (const [id, count] of [
      ['dau', 'dau'],
      ['new_users', 'new_users'],
      ['online', 'online'],
    ] as const) {
      const counted = [...events.values()].filter((event) => event.counts_as.includes(count))
      expect(metrics.get(id)?.inputs.events).toEqual(counted.map((event) => event.id))
    }
  })
})

describe('game types', () => {
  it('are 30 and more, those of the specification among them', ({ expect }) => {
    expect(gameTypes.size).toBeGreaterThanOrEqual(30)
    const named =
      'casual_puzzle hyper_casual idle_incremental rpg arpg srpg mmorpg strategy_4x rts ' +
      'tower_defense moba shooter battle_royale fighting_ftg card_ccg simulation_tycoon ' +
      'sandbox_survival rhythm racing'
    expect(named.split(' ').filter((id) => !gameTypes.has(id))).toEqual([])
  })

  it('recommend the events behind each of their metrics', ({ expect }) => {
    for (const type of gameTypes.values()) {
      const read = type.metrics.flatMap((id) => metrics.get(id)?.inputs.events ?? [`no ${id}`])
      expect(read.filter((id) => !type.events.includes(id))).toEqual([])
      expect(type.events).toContain('session.start')
      expect(type.metrics).toContain('dau')
      expect(type.tags.length).toBeGreaterThan(0)
    }
  })
})

describe('events', () => {
  it('are those of the hot path, with the same attributes and aliases', ({ expect }) => {
    expect([...events.keys()]).toEqual(EVENTS.map(({ id }) => id))
    for (const { id, required, optional, countsAs } of EVENTS) {
      expect(events.get(id)).toMatchObject({ required, optional, counts_as: countsAs })
    }
    for (const [alias, id] of ALIASES) expect(findCatalogEvent(alias)?.id).toBe(id)
    expect([...attributes.keys()]).toEqual(ATTRIBUTES.map(({ key }) => key))
  })

  it('are read by a metric or a game type, or say why not', ({ expect }) => {
    for (const event of events.values()) {
      const isUsed = event.metrics.length + event.game_types.length > 0
      expect(isUsed, event.id).toBe(event.unused_because === null)
    }
  })

  it('are not found under names that every object has', ({ expect }) => {
    for (const name of ['constructor', '__proto__', 'toString', '']) {
      expect(findCatalogEvent(name)).toBeUndefined()
    }
  })
})

describe('the catalog', () => {
  it('has the shape that its schemas say', ({ expect }) => {
    const { index, enums, functions, commonAttributes } = catalog()
    const list = <Entry>(map: ReadonlyMap<string, Entry>) => [...map.values()]
    for (const [schema, answer] of [
      [catalogIndexSchema, index],
      [eventsAnswerSchema, { common_attributes: commonAttributes, events: list(events) }],
      [attributesAnswerSchema, { attributes: list(attributes) }],
      [enumsAnswerSchema, { enums }],
      [metricsAnswerSchema, { functions, metrics: list(metrics) }],
      [gameTypesAnswerSchema, { game_types: list(gameTypes) }],
      [catalogTaxonomySchema, taxonomy],
    ] as const) {
      expect(schema.parse(answer)).toEqual(answer)
    }
  })

  it('has an entry of the taxonomy for every code in it', ({ expect }) => {
    const genres = new Set(taxonomy.genres.flatMap(({ children }) => children.map((c) => c.code)))
    for (const { genre } of gameTypes.values()) expect(genres).toContain(genre)
    const dimensions = new Map(taxonomy.dimensions.map((each) => [each.id, each]))
    for (const { dimensions: ids, by } of metrics.values()) {
      for (const id of [...ids, ...by]) expect(dimensions.has(id)).toBe(true)
    }
    for (const { kind, attribute } of dimensions.values()) {
      expect(attributes.get(attribute)?.common).toBe(kind === 'column')
    }
  })
})
