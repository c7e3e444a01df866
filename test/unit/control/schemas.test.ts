import fc from 'fast-check'
import { describe, it } from 'vitest'

import { MAX_CUSTOM_EVENTS_BYTES } from '../../../configs/limits.ts'
import { gameCustomEventsSchema, storedCustomEvents } from '../../../src/control/custom-events.ts'
import {
  createGameSchema,
  createUserSchema,
  patchGameSchema,
  rotateKeySchema,
} from '../../../src/control/schemas.ts'
import { canonicalTimeZone } from '../../../src/control/time-zone.ts'
import { ALIASES, ATTRIBUTES, EVENTS } from '../../../src/event/catalog.generated.ts'
import { customEventsSchema } from '../../../src/event/game-profile.ts'

describe('custom events', () => {
  it('may use no name of the catalog', ({ expect }) => {
    const names = [...EVENTS.map(({ id }) => id), ...ALIASES.map(([alias]) => alias)]
    for (const id of names) {
      expect(gameCustomEventsSchema.safeParse([{ id }]).success, id).toBe(false)
    }
  })

  it('may give an attribute of the catalog only the type that it has', ({ expect }) => {
    const types = ['string', 'integer', 'number', 'boolean'] as const
    for (const { key, type } of ATTRIBUTES) {
      for (const own of types) {
        const event = { id: 'boss.defeated', attributes: { [key]: { type: own } } }
        const { success } = gameCustomEventsSchema.safeParse([event])
        expect({ key, own, success }).toEqual({ key, own, success: own === type })
      }
    }
  })

  it('are stored without what they say by default, and read back as they were', ({ expect }) => {
    const events = [
      { id: 'boss.seen' },
      {
        id: 'boss.defeated',
        description: 'At last',
        attributes: {
          boss: { type: 'string', max_length: 128, required: false },
          arena: { type: 'enum', values: ['ice'], required: true },
          phase: { type: 'integer', minimum: null },
          damage: { type: 'number', minimum: 0 },
          name: { type: 'string', max_length: 12 },
        },
      },
    ]
    const parsed = gameCustomEventsSchema.parse(events)
    const stored = storedCustomEvents(parsed)
    expect(JSON.parse(stored)).toEqual([
      { id: 'boss.seen' },
      {
        id: 'boss.defeated',
        description: 'At last',
        attributes: {
          boss: { type: 'string' },
          arena: { type: 'enum', values: ['ice'], required: true },
          phase: { type: 'integer' },
          damage: { type: 'number', minimum: 0 },
          name: { type: 'string', max_length: 12 },
        },
      },
    ])
    expect(customEventsSchema.parse(JSON.parse(stored))).toEqual(parsed)
  })

  it('have bounded bytes, counted as they are stored', ({ expect }) => {
    const attributes = Object.fromEntries(
      Array.from({ length: 64 }, (_, index) => [`attribute_${index}`, { type: 'string' }]),
    )
    const events = (count: number, description: string) =>
      Array.from({ length: count }, (_, index) => ({
        id: `boss_${index}`,
        description,
        attributes,
      }))
    const small = gameCustomEventsSchema.parse(events(100, ''))
    expect(storedCustomEvents(small).length).toBeLessThan(MAX_CUSTOM_EVENTS_BYTES)
    expect(JSON.stringify(small).length).toBeGreaterThan(MAX_CUSTOM_EVENTS_BYTES)
    const { error } = gameCustomEventsSchema.safeParse(events(100, 'д'.repeat(500)))
    expect(error?.issues[0]?.message).toMatch(/^expected at most 256000 bytes .*; these have \d+$/)
  })

  it('may have attributes of their own, of any type', ({ expect }) => {
    const attributes = {
      boss: { type: 'string' },
      phase: { type: 'integer', minimum: 1 },
      flawless: { type: 'boolean', required: true },
      arena: { type: 'enum', values: ['ice', 'fire'] },
    }
    expect(gameCustomEventsSchema.safeParse([{ id: 'boss.defeated', attributes }])).toMatchObject({
      success: true,
      data: [{ attributes: { boss: { required: false, max_length: 128 } } }],
    })
  })
})

describe('origins', () => {
  const accepts = (origin: string) =>
    patchGameSchema.safeParse({ allowed_origins: [origin] }).success

  it.for([
    'https://play.example.com',
    'http://localhost:3000',
    'capacitor://localhost',
    'https://[::1]:8080',
    '*',
  ])('%s is one', (origin, { expect }) => expect(accepts(origin)).toBe(true))

  it.for([
    'https://play.example.com/',
    'https://Play.example.com',
    'https://user@example.com',
    'play.example.com',
    'https://*.example.com/x',
    '',
  ])('%j is none', (origin, { expect }) => expect(accepts(origin)).toBe(false))

  it('are exactly what browsers send for a page', ({ expect }) => {
    fc.assert(
      fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), (url) => {
        expect(accepts(new URL(url).origin)).toBe(true)
      }),
    )
  })
})

describe('bodies', () => {
  it('have defaults that take nothing from anybody', ({ expect }) => {
    expect(createGameSchema.parse({ game_id: 'g', name: 'G' })).toEqual({
      game_id: 'g',
      name: 'G',
      time_zone: 'UTC',
      game_type: '',
      event_mode: 'strict',
      custom_events: [],
      allowed_origins: [],
      pseudonymize: false,
      masked_properties: [],
      environments: ['prod'],
    })
    expect(rotateKeySchema.parse({})).toEqual({ overlap_seconds: 86_400 })
  })

  it('of a change hold only what changes', ({ expect }) => {
    expect(patchGameSchema.parse({ name: 'N' })).toEqual({ name: 'N' })
  })

  it('know the roles of rbac.json', ({ expect }) => {
    const user = (role: string) => createUserSchema.safeParse({ user_id: 'u', role, games: '*' })
    expect(user('operator').success).toBe(true)
    expect(user('root').success).toBe(false)
  })
})

describe('canonicalTimeZone', () => {
  it('spells zones as the databases do', ({ expect }) => {
    expect(canonicalTimeZone('europe/berlin')).toBe('Europe/Berlin')
    expect(canonicalTimeZone('utc')).toBe('UTC')
    for (const name of ['+02:00', 'Mars/Base', '']) expect(canonicalTimeZone(name)).toBeNull()
  })
})
