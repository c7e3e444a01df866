/** The catalog as the ingest path sees it, and the generator's refusal of a wrong one. */
import { readFileSync } from 'node:fs'

import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import { moduleText } from '../../../scripts/catalog/module-text.ts'
import { hotPathModule } from '../../../scripts/catalog/render-events.ts'
import { COLUMNS } from '../../../src/event/attributes.ts'
import { ALIASES, ATTRIBUTES, EVENTS } from '../../../src/event/catalog.generated.ts'
import {
  type AttributeDefinition,
  checkAttribute,
  COLUMN_ATTRIBUTES,
  type EventDefinition,
  findAttribute,
  findEvent,
} from '../../../src/event/catalog.ts'
import { changed, readTexts, TEXTS } from '../catalog/catalog-texts.ts'

function eventNamed(name: string): EventDefinition {
  const event = findEvent(name)
  if (event === undefined) throw new Error(`the catalog has no event ${name}`)
  return event
}

function attributeNamed(key: string): AttributeDefinition {
  const attribute = findAttribute(key)
  if (attribute === undefined) throw new Error(`the catalog has no attribute ${key}`)
  return attribute
}

function eventsFeeding(metric: EventDefinition['countsAs'][number]): string[] {
  return EVENTS.map(({ id }) => id).filter((id) => eventNamed(id).countsAs.includes(metric))
}

describe('events', () => {
  it.for([
    ['session.start', ['user_id', 'session_id', 'event_time', 'platform']],
    ['session.end', ['user_id', 'session_id', 'event_time']],
    ['user.register', ['user_id', 'event_time']],
    ['user.login', ['user_id', 'event_time']],
    ['progression.start', ['user_id', 'session_id', 'event_time', 'level_id']],
    ['progression.complete', ['user_id', 'session_id', 'event_time', 'level_id']],
    ['progression.fail', ['user_id', 'session_id', 'event_time', 'level_id']],
    ['match.start', ['user_id', 'session_id', 'event_time', 'match_id', 'game_mode']],
    ['match.end', ['user_id', 'session_id', 'event_time', 'match_id', 'match_result']],
    ['round.start', ['user_id', 'event_time', 'match_id', 'round_id']],
    ['round.end', ['user_id', 'event_time', 'match_id', 'round_id', 'result']],
    ['economy.earn', ['user_id', 'event_time', 'currency', 'amount']],
    ['economy.spend', ['user_id', 'event_time', 'currency', 'amount']],
    ['monetization.purchase_attempt', ['user_id', 'event_time', 'order_id', 'sku_id']],
    ['monetization.purchase_success', ['user_id', 'event_time', 'order_id', 'sku_id']],
    ['monetization.refund', ['user_id', 'event_time', 'order_id']],
  ] as const)('%s requires exactly what the specification says', ([id, required], { expect }) => {
    expect(new Set(eventNamed(id).required)).toEqual(new Set(required))
  })

  it('require a user and a time, and type everything that they name', ({ expect }) => {
    for (const { id } of EVENTS) {
      const { required, optional } = eventNamed(id)
      expect(required).toEqual(expect.arrayContaining(['user_id', 'event_time']))
      const named = [...required, ...optional]
      expect(named.filter((key) => findAttribute(key) === undefined)).toEqual([])
      expect(new Set(named).size).toBe(named.length)
      expect(named).toEqual(expect.arrayContaining([...COLUMN_ATTRIBUTES]))
    }
  })

  it('have the columns that ingest reads as their common attributes', ({ expect }) => {
    const columns: readonly string[] = COLUMNS
    expect(new Set(COLUMN_ATTRIBUTES)).toEqual(new Set([...columns, 'event_time']))
  })

  it('are found by id, by underscore spelling and by alias as the same definition', ({
    expect,
  }) => {
    for (const { id } of EVENTS) {
      expect(eventNamed(id).id).toBe(id)
      expect(findEvent(id.replaceAll('.', '_'))).toBe(eventNamed(id))
    }
    for (const [alias, id] of ALIASES) expect(findEvent(alias)).toBe(eventNamed(id))
    for (const [alias, id] of [
      ['login', 'user.login'],
      ['register', 'user.register'],
      ['first_active', 'user.first_active'],
      ['heartbeat', 'session.heartbeat'],
      ['purchase_success', 'monetization.purchase_success'],
      ['in_app_purchase', 'monetization.purchase_success'],
      ['level_start', 'progression.start'],
      ['level_complete', 'progression.complete'],
      ['level_fail', 'progression.fail'],
      ['sign_up', 'user.register'],
      ['earn_virtual_currency', 'economy.earn'],
      ['spend_virtual_currency', 'economy.spend'],
      ['tutorial_begin', 'tutorial.begin'],
      ['tutorial_complete', 'tutorial.complete'],
      ['level_up', 'user.level_up'],
      ['unlock_achievement', 'achievement.unlock'],
      ['post_score', 'progression.score'],
      ['join_group', 'social.guild_join'],
      ['share', 'social.share'],
      ['screen_view', 'ui.screen_view'],
      ['ad_impression', 'ad.impression'],
      ['refund', 'monetization.refund'],
    ] as const) {
      expect(findEvent(alias)).toBe(eventNamed(id))
    }
  })

  it('about money take minor units beside dollars', ({ expect }) => {
    const { optional } = eventNamed('monetization.purchase_success')
    expect(optional).toEqual(expect.arrayContaining(['amount_cents', 'currency_code']))
    const refund = eventNamed('monetization.refund').optional
    for (const key of [
      'refund_id',
      'amount_cents',
      'currency_code',
      'price_usd',
      'reason',
      'sku_id',
    ]) {
      expect(refund).toContain(key)
    }
    const amount = attributeNamed('amount_cents')
    expect(checkAttribute(amount, 999)).toBeNull()
    expect(checkAttribute(amount, 9.99)).toBe('an integer of at least 0')
    expect(checkAttribute(amount, -1)).toBe('an integer of at least 0')
  })

  it('feed the unique counts of the specification and no others', ({ expect }) => {
    expect(eventsFeeding('dau')).toEqual(['session.start', 'user.login'])
    expect(eventsFeeding('new_users')).toEqual(['user.register', 'user.first_active'])
    expect(eventsFeeding('online')).toEqual(['session.start', 'session.heartbeat'])
  })

  it('and attributes are not found under names that every object has', ({ expect }) => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', '']) {
      expect(findEvent(name)).toBeUndefined()
      expect(findAttribute(name)).toBeUndefined()
    }
  })
})

describe('checkAttribute', () => {
  it.for([
    ['user_id', 'u-1'],
    ['platform', 'xbox'],
    ['wave_index', 0],
    ['duration_ms', 12.5],
    ['balance_after', -3.5],
    ['is_boss_wave', false],
    ['deck_cards', []],
    ['deck_cards', ['a', 'b']],
    ['event_time', '2026-11-12T10:30:00Z'],
    ['event_time', 1_763_000_000_000],
  ] as const)('takes %s = %j', ([key, value], { expect }) => {
    expect(checkAttribute(attributeNamed(key), value)).toBeNull()
  })

  it.for([
    ['user_id', 7, 'a string of at most 128 characters'],
    ['user_id', null, 'a string of at most 128 characters'],
    ['platform', 'IOS', 'one of ios, android, windows, macos, linux, web, ps, xbox, switch'],
    [
      'platform',
      'constructor',
      'one of ios, android, windows, macos, linux, web, ps, xbox, switch',
    ],
    ['wave_index', -1, 'an integer of at least 0'],
    ['wave_index', 1.5, 'an integer of at least 0'],
    ['wave_index', '1', 'an integer of at least 0'],
    ['wave_index', 2 ** 53, 'an integer of at least 0'],
    ['pulls', 0, 'an integer of at least 1'],
    ['price_usd', -0.01, 'a number of at least 0'],
    ['price_usd', Number.POSITIVE_INFINITY, 'a number of at least 0'],
    ['price_usd', Number.NaN, 'a number of at least 0'],
    ['mmr', '1500', 'a number'],
    ['is_boss_wave', 1, 'true or false'],
    ['deck_cards', 'a,b', 'a list of at most 256 strings of at most 128 characters'],
    ['deck_cards', ['a', 1], 'a list of at most 256 strings of at most 128 characters'],
    [
      'event_time',
      {},
      'an RFC 3339 time with an offset, or seconds or milliseconds since the epoch',
    ],
  ] as const)('refuses %s = %j', ([key, value, expected], { expect }) => {
    expect(checkAttribute(attributeNamed(key), value)).toBe(expected)
  })

  it('bounds strings and lists at their limits, not one earlier or later', ({ expect }) => {
    const name = attributeNamed('screen_name')
    expect(checkAttribute(name, 'x'.repeat(128))).toBeNull()
    expect(checkAttribute(name, 'x'.repeat(129))).not.toBeNull()
    const cards = attributeNamed('deck_cards')
    expect(checkAttribute(cards, Array.from({ length: 256 }, String))).toBeNull()
    expect(checkAttribute(cards, Array.from({ length: 257 }, String))).not.toBeNull()
    expect(checkAttribute(cards, ['x'.repeat(129)])).not.toBeNull()
  })

  it('answers for any JSON value with null or the expectation of the definition', ({ expect }) => {
    const definitions = ATTRIBUTES.map(({ key }) => attributeNamed(key))
    fc.assert(
      fc.property(fc.constantFrom(...definitions), fc.jsonValue(), (definition, value) => {
        expect([null, definition.expected]).toContain(checkAttribute(definition, value))
      }),
      { seed: 20_261_123 },
    )
  })
})

// Each case parses a large file.
describe('the generator', { timeout: 30_000 }, () => {
  it('gives the file that is on disk', async ({ expect }) => {
    const onDisk = readFileSync(
      new URL('../../../src/event/catalog.generated.ts', import.meta.url),
      'utf8',
    )
    expect(await moduleText(hotPathModule(readTexts(TEXTS).events))).toBe(onDisk)
  })

  it.for([
    ['an unknown key', 'zh_name: 会话开始', 'zh_name: 会话开始\n    color: red', 'color'],
    ['an untyped attribute', '[pool_id, pulls]', '[pool_id, pulls, luck]', 'luck is not typed'],
    [
      'an attribute that no event names',
      '[weapon_id, map_id, shots, hits',
      '[weapon_id, map_id, hits',
      'shots: no event names it',
    ],
    [
      'an alias that is given twice',
      'aliases: [login, ',
      'aliases: [register, ',
      'register is given twice',
    ],
    [
      'an alias that is the spelling of an id',
      '[anr]',
      '[user_login]',
      'user_login is given twice',
    ],
    ['an id that is given twice', 'id: error.anr', 'id: error.crash', 'error.crash is given twice'],
    [
      'an enum attribute without an enum',
      'game_mode: [pve',
      'mode: [pve',
      'game_mode: there is no enum',
    ],
    ['an id of one segment', 'id: ui.click', 'id: click', 'lower.dot.segments'],
    ['an id in capitals', 'id: ui.click', 'id: ui.Click', 'lower.dot.segments'],
    ['an attribute in camelCase', 'app_state: {', 'appState: {', 'at attributes.appState'],
    [
      'a unit that the name contradicts',
      'unit: ms, minimum: 0, description: Round',
      'unit: mb, description: Round',
      'rtt_ms',
    ],
    [
      'minor units without their suffix',
      'unit: cents, ',
      '',
      'amount_cents: the suffix _cents and the unit cents go together',
    ],
    [
      'an id that is no string',
      'team_id: { type: string',
      'team_id: { type: number',
      'an id is a string',
    ],
    ['a unique count that does not exist', '[dau, online]', '[dau, wau]', 'counts_as'],
    [
      'a required attribute that is required already',
      '[guild_id]',
      '[guild_id, user_id]',
      'user_id is given twice',
    ],
  ] as const)('refuses %s', ([, from, to, fault], { expect }) => {
    expect(() => readTexts(changed('events', from, to))).toThrow(fault)
  })
})
