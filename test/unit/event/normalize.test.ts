import { describe, it } from 'vitest'

import type { AcceptedEvent } from '../../../src/event/normalize.ts'
import { normalizeEvent } from '../../../src/event/normalize.ts'
import { anIngestContext } from '../ingest/ingest-context.ts'

const context = anIngestContext()

const sessionStart = {
  user_id: 'user_123',
  session_id: 'sess_456',
  event: 'session.start',
  event_time: '2026-11-20T10:30:00Z',
  platform: 'ios',
  app_version: '1.2.3',
  props: { entry_point: 'main_menu', campaign_id: 'campaign_001' },
}

const purchase = {
  user_id: 'user_123',
  event: 'monetization.purchase_success',
  event_time: '2026-11-20T10:30:00Z',
  order_id: 'o-1',
  sku_id: 'gems_100',
  price_usd: 9.99,
}

function accepted(raw: unknown): AcceptedEvent {
  const outcome = normalizeEvent(raw, context)
  if ('code' in outcome) throw new Error(`rejected: ${JSON.stringify(outcome)}`)
  return outcome
}

describe('an accepted event', () => {
  it('keeps every field that the client sent', ({ expect }) => {
    expect(accepted(sessionStart)).toMatchObject({
      definition: { id: 'session.start' },
      eventId: null,
      userId: 'user_123',
      time: { eventTimeMs: Date.parse('2026-11-20T10:30:00Z'), method: 'client' },
      columns: {
        user_id: 'user_123',
        session_id: 'sess_456',
        platform: 'ios',
        app_version: '1.2.3',
      },
      propsJson: '{"entry_point":"main_menu","campaign_id":"campaign_001"}',
    })
  })

  it.for(['session_start', 'session.start'])(
    'has the canonical name for %s',
    (event, { expect }) => {
      expect(accepted({ ...sessionStart, event }).definition.id).toBe('session.start')
    },
  )

  it('may say ts for event_time and attrs for props', ({ expect }) => {
    const { event_time, props, ...rest } = sessionStart
    expect(accepted({ ...rest, ts: event_time, attrs: props })).toEqual({
      ...accepted(sessionStart),
      timeField: 'ts',
    })
  })

  it('may carry its attributes at the top level or in the properties', ({ expect }) => {
    const level = { user_id: 'u', session_id: 's', event: 'progression.start', ts: 1_795_168_800 }
    const flat = accepted({ ...level, level_id: 'L7', attempt_index: 2 })
    const nested = accepted({ ...level, props: { level_id: 'L7', attempt_index: 2 } })
    expect(flat).toEqual(nested)
    expect(flat.propsJson).toBe('{"level_id":"L7","attempt_index":2}')
  })

  it('has a column attribute in its column even when it was sent as a property', ({ expect }) => {
    const { platform, ...rest } = sessionStart
    const outcome = accepted({ ...rest, props: { platform } })
    expect(outcome.columns.platform).toBe('ios')
    expect(outcome.propsJson).toBe('{}')
  })

  it('may leave optional attributes null or empty', ({ expect }) => {
    const outcome = accepted({ ...sessionStart, country: null, channel: '', event_id: '' })
    expect(outcome).toEqual(accepted(sessionStart))
  })

  it.for(['игрок_7', '玩家7', 'खिलाड़ी_७'])(
    'may have the id %s, in any script',
    (id, { expect }) => {
      expect(accepted({ ...sessionStart, user_id: id }).userId).toBe(id)
    },
  )

  it('may leave event_time null and say ts', ({ expect }) => {
    const { event_time, ...rest } = sessionStart
    const outcome = accepted({ ...rest, event_time: null, ts: event_time })
    expect(outcome).toEqual({ ...accepted(sessionStart), timeField: 'ts' })
  })

  it('may have properties in props and in attrs', ({ expect }) => {
    const { props, ...rest } = sessionStart
    const { entry_point, campaign_id } = props
    expect(accepted({ ...rest, props: { entry_point }, attrs: { campaign_id } })).toEqual(
      accepted(sessionStart),
    )
  })

  it('keeps a property that is named like a prototype', ({ expect }) => {
    const raw: unknown = JSON.parse(
      JSON.stringify(sessionStart).replace('"entry_point"', '"__proto__":{"x":1},"constructor"'),
    )
    expect(accepted(raw).propsJson).toBe(
      '{"__proto__":{"x":1},"constructor":"main_menu","campaign_id":"campaign_001"}',
    )
  })

  it('may have a list as long as the catalog allows', ({ expect }) => {
    const cards = Array.from({ length: 256 }, (_, index) => `card-${index}`)
    const match = { user_id: 'u', event: 'deck.set_active', ts: 1_795_168_800, deck_id: 'd' }
    expect(accepted({ ...match, card_ids: cards }).propsJson).toContain('card-255')
  })
})

describe('a rejected event', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })

  it.for([
    ['not an object', 42, 'not_an_object', ''],
    ['an array', [], 'not_an_object', ''],
    ['no event name', { ...sessionStart, event: undefined }, 'missing_event', '/event'],
    ['an unknown event', { ...sessionStart, event: 'session.begin' }, 'unknown_event', '/event'],
    ['a prototype name', { ...sessionStart, event: '__proto__' }, 'unknown_event', '/event'],
    ['another game', { ...sessionStart, game_id: 'other' }, 'other_game', '/game_id'],
    ['another env', { ...sessionStart, env: 'dev' }, 'other_game', '/env'],
    ['no user', { ...sessionStart, user_id: undefined }, 'missing_attribute', '/user_id'],
    [
      'no level',
      { ...sessionStart, event: 'progression.start' },
      'missing_attribute',
      '/props/level_id',
    ],
    ['no time', { ...sessionStart, event_time: null }, 'missing_attribute', '/event_time'],
    ['no platform', { ...sessionStart, platform: '' }, 'missing_attribute', '/platform'],
    [
      'a wrong enum value',
      { ...sessionStart, platform: 'amiga' },
      'invalid_attribute',
      '/platform',
    ],
    ['a numeric id', { ...sessionStart, user_id: 7 }, 'invalid_attribute', '/user_id'],
    ['a long id', { ...sessionStart, user_id: 'x'.repeat(129) }, 'invalid_attribute', '/user_id'],
    ['an id with a space', { ...sessionStart, user_id: 'a b' }, 'invalid_attribute', '/user_id'],
    ['a bad event_id', { ...sessionStart, event_id: '\n' }, 'invalid_attribute', '/event_id'],
    [
      'a control character',
      { ...sessionStart, channel: 'a\u0000' },
      'invalid_attribute',
      '/channel',
    ],
    ['a lone surrogate', { ...sessionStart, city: '\ud800' }, 'invalid_attribute', '/city'],
    ['an unreadable time', { ...sessionStart, event_time: 'noon' }, 'invalid_time', '/event_time'],
    [
      '2099',
      { ...sessionStart, event_time: '2099-01-01T00:00:00Z' },
      'event_time_in_future',
      '/event_time',
    ],
    ['1970', { ...sessionStart, event_time: 0 }, 'event_time_too_old', '/event_time'],
    ['properties that are a list', { ...sessionStart, props: [] }, 'invalid_attribute', '/props'],
    [
      'two values for one attribute',
      { ...sessionStart, entry_point: 'shop' },
      'property_conflict',
      '/entry_point',
    ],
    [
      'a wrong type',
      { ...sessionStart, event: 'session.end', props: { duration_ms: '12' } },
      'invalid_attribute',
      '/props/duration_ms',
    ],
    [
      'a negative duration',
      { ...sessionStart, event: 'session.end', props: { duration_ms: -1 } },
      'invalid_attribute',
      '/props/duration_ms',
    ],
    [
      'a property name with a space',
      { ...sessionStart, props: { 'a b': 1 } },
      'invalid_attribute',
      '/props/a b',
    ],
    [
      'a name that needs escaping in a pointer',
      { ...sessionStart, props: { 'a/b~c': 1 } },
      'invalid_attribute',
      '/props/a~1b~0c',
    ],
    [
      'a deep property',
      { ...sessionStart, props: { a: nested(4) } },
      'properties_too_large',
      '/props/a',
    ],
    [
      'a long string',
      { ...sessionStart, props: { a: 'x'.repeat(4_097) } },
      'properties_too_large',
      '/props/a',
    ],
    [
      'too many properties',
      {
        ...sessionStart,
        props: Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`p${i}`, i])),
      },
      'properties_too_large',
      '/props/p128',
    ],
    [
      'attrs that are a list',
      { ...sessionStart, props: null, attrs: [] },
      'invalid_attribute',
      '/attrs',
    ],
    [
      '2099 in ts',
      { ...sessionStart, event_time: null, ts: 4_070_908_800 },
      'event_time_in_future',
      '/ts',
    ],
    [
      'an attribute with two values in props and attrs',
      { ...sessionStart, attrs: { entry_point: 'shop' } },
      'property_conflict',
      '/props/entry_point',
    ],
    [
      'a number that is infinite',
      { ...sessionStart, props: { score: JSON.parse('1e999') } },
      'invalid_attribute',
      '/props/score',
    ],
    [
      'half a character in a property',
      { ...sessionStart, props: { name: '\ud83d' } },
      'invalid_attribute',
      '/props/name',
    ],
    [
      'half a character in a name',
      { ...sessionStart, props: { 'a\ud800': 1 } },
      'invalid_attribute',
      '/props/a\ufffd',
    ],
    [
      'a long name with two values',
      { ...sessionStart, ['x'.repeat(60_000)]: 1, props: { ['x'.repeat(60_000)]: 2 } },
      'property_conflict',
      `/${'x'.repeat(256)}`,
    ],
    [
      'an amount that is no money',
      { ...purchase, price_usd: 0.005 },
      'invalid_attribute',
      '/price_usd',
    ],
    [
      'an integer that lost its digits',
      { ...sessionStart, props: { steam_id: Number('76561197960287930') } },
      'invalid_attribute',
      '/props/steam_id',
    ],
  ] as const)('says what is wrong with %s', ([, raw, code, pointer], { expect }) => {
    const outcome = normalizeEvent(raw, context)
    expect(outcome).toMatchObject({ code, pointer })
    expect('detail' in outcome && outcome.detail).toMatch(/^expected /)
  })

  it('does not refuse the huge amounts of idle games', ({ expect }) => {
    const earn = { user_id: 'u', event: 'economy.earn', ts: 1_795_168_800 }
    expect(accepted({ ...earn, props: { currency: 'gold', amount: 1.5e45 } }).propsJson).toContain(
      '1.5e+45',
    )
  })
})
