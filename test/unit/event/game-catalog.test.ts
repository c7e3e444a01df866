import { describe, it } from 'vitest'

import { customEventsSchema } from '../../../src/event/game-profile.ts'
import { normalizeEvent } from '../../../src/event/normalize.ts'
import { aGame, anIngestContext } from '../ingest/ingest-context.ts'

const customEvents = customEventsSchema.parse([
  {
    id: 'boss.defeated',
    attributes: {
      boss_id: { type: 'string', required: true },
      tries: { type: 'integer', minimum: 1 },
      rank: { type: 'enum', values: ['s', 'a', 'b'] },
    },
  },
])

const judge = (fields: Record<string, unknown>, game = aGame({ customEvents })) =>
  normalizeEvent(
    { user_id: 'u1', event_time: '2026-11-20T11:00:00Z', event: 'boss.defeated', ...fields },
    anIngestContext({ game }),
  )

describe('events of a game', () => {
  it('are accepted with their attributes', ({ expect }) => {
    expect(judge({ boss_id: 'dragon', props: { tries: 3, rank: 's' } })).toMatchObject({
      definition: { id: 'boss.defeated', category: 'custom', countsAs: [] },
    })
  })

  it.for([
    [{}, 'missing_attribute', '/props/boss_id', 'expected boss_id, which boss.defeated requires'],
    [
      { boss_id: 'd', tries: 0 },
      'invalid_attribute',
      '/tries',
      'expected an integer of at least 1',
    ],
    [
      { boss_id: 'd', props: { rank: 'z' } },
      'invalid_attribute',
      '/props/rank',
      'expected one of s, a, b',
    ],
    [{ boss_id: 'd', platform: 'amiga' }, 'invalid_attribute', '/platform', 'expected one of ios'],
  ] as const)('are refused as %s: %s at %s', ([fields, code, pointer, detail], { expect }) => {
    expect(judge(fields)).toMatchObject({ code, pointer, detail: expect.stringContaining(detail) })
  })

  it('are unknown to other games, and to no open game', ({ expect }) => {
    expect(judge({}, aGame())).toMatchObject({ code: 'unknown_event', pointer: '/event' })
    const open = aGame({ eventMode: 'open' })
    expect(judge({}, open)).toMatchObject({ definition: { id: 'boss.defeated' } })
    expect(judge({ event: 'Boss killed!' }, open)).toMatchObject({ code: 'unknown_event' })
    expect(judge({ event: 'x'.repeat(65) }, open)).toMatchObject({ code: 'unknown_event' })
    expect(judge({ event: 'constructor' }, aGame())).toMatchObject({ code: 'unknown_event' })
  })

  it('keep to the catalog where it knows the name', ({ expect }) => {
    expect(judge({ event: 'session_start' }, aGame({ eventMode: 'open' }))).toMatchObject({
      code: 'missing_attribute',
      pointer: '/session_id',
    })
  })
})
