/** Who is counted in what, by what the users were seen with. */
import fc from 'fast-check'
import { describe, it } from 'vitest'

import { MAX_BREAKDOWN_VALUE_LENGTH } from '../../../configs/limits.ts'
import type { RequestOrigin } from '../../../src/event/enrichment.ts'
import type { TokenGroup } from '../../../src/event/envelope.ts'
import { acceptBatch } from '../../../src/ingest/accept-batch.ts'
import { userToken } from '../../../src/sketch/token.ts'
import { aGame, anIngestContext } from './ingest-context.ts'

const context = anIngestContext()
const token = (userId: string) => userToken(context.hashKey, userId)

const login = (user_id: string, columns: Readonly<Record<string, string>> = {}) => ({
  event: 'user.login',
  event_time: '2026-11-20T11:00:00Z',
  user_id,
  ...columns,
})

/** What dau tells: the users' tokens by their values. */
const breakdown = (groups: readonly TokenGroup[]) =>
  groups
    .filter(({ metric }) => metric === 'dau')
    .map(({ by, tokens }) => ({ by, tokens: [...tokens] }))

describe('tokens by what users were seen with', () => {
  it('stand in one group per platform, channel, country and app version', ({ expect }) => {
    const { tokens } = acceptBatch(
      [
        login('u1', { platform: 'ios', channel: 'store', country: 'DE', app_version: '1.0' }),
        login('u2', { platform: 'ios', channel: 'store', country: 'DE', app_version: '1.0' }),
        login('u1', { platform: 'ios', channel: 'store', country: 'DE', app_version: '1.0' }),
        login('u1', { platform: 'ios', channel: 'store', country: 'DE', app_version: '1.1' }),
        login('u3'),
      ],
      context,
    )
    expect(breakdown(tokens)).toEqual([
      { by: ['ios', 'store', 'DE', '1.0'], tokens: [token('u1'), token('u2')] },
      { by: ['ios', 'store', 'DE', '1.1'], tokens: [token('u1')] },
      { by: ['', '', '', ''], tokens: [token('u3')] },
    ])
  })

  it('are told by metric: new users as active ones, online users not at all', ({ expect }) => {
    const { tokens } = acceptBatch(
      [
        { ...login('u1', { platform: 'web', session_id: 's' }), event: 'session.start' },
        { ...login('u1', { platform: 'web' }), event: 'user.register', props: { method: 'guest' } },
      ],
      context,
    )
    const by = ['web', '', '', '']
    expect(tokens.map(({ metric, by: values }) => ({ metric, by: values }))).toEqual(
      expect.arrayContaining([
        { metric: 'dau', by },
        { metric: 'online', by: undefined },
        { metric: 'new_users', by },
      ]),
    )
    for (const group of tokens) expect('by' in group).toBe(group.metric !== 'online')
  })

  it('say what the connection told where the client said nothing', ({ expect }) => {
    const origin: RequestOrigin = {
      country: 'FR',
      region: '',
      city: '',
      platform: 'android',
      isBot: false,
    }
    const { tokens } = acceptBatch([login('u1'), login('u2', { country: 'DE' })], {
      ...context,
      origin,
    })
    expect(breakdown(tokens).map(({ by }) => by)).toEqual([
      ['android', '', 'FR', ''],
      ['android', '', 'DE', ''],
    ])
  })

  it('tell nothing that the game hides', ({ expect }) => {
    const game = aGame({ maskedProperties: ['country', 'app_version'] })
    const events = [login('u1', { platform: 'ios', country: 'DE', app_version: '1.0' })]
    const { tokens } = acceptBatch(events, { ...context, game })
    expect(breakdown(tokens)).toEqual([{ by: ['ios', '', '', ''], tokens: [token('u1')] }])
  })

  it('are cut to their bound between characters, and equal once they are cut', ({ expect }) => {
    const long = (end: string) => 'x'.repeat(MAX_BREAKDOWN_VALUE_LENGTH - 1) + end
    const { tokens } = acceptBatch(
      [
        login('u1', { channel: long('yz') }),
        login('u2', { channel: long('y') }),
        login('u3', { channel: long('\u{1f3b2}') }),
      ],
      context,
    )
    expect(breakdown(tokens)).toEqual([
      { by: ['', long('y'), '', ''], tokens: [token('u1'), token('u2')] },
      { by: ['', long(''), '', ''], tokens: [token('u3')] },
    ])
  })

  it('repeat no user in a group and no group, whatever is sent', ({ expect }) => {
    const label = fc.string({ unit: 'grapheme', maxLength: 128 })
    const event = fc.record(
      {
        user_id: fc.constantFrom('u1', 'u2', 'u3'),
        platform: fc.constantFrom('ios', 'web'),
        channel: fc.oneof(fc.constantFrom('a', 'b'), label),
        app_version: label,
      },
      { requiredKeys: ['user_id'] },
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (events) => {
        const { tokens } = acceptBatch(
          events.map(({ user_id, ...columns }) => login(user_id, columns)),
          context,
        )
        const names = tokens.map(({ metric, bucket, by }) => JSON.stringify([metric, bucket, by]))
        expect(new Set(names).size).toBe(names.length)
        for (const group of tokens) {
          expect(new Set(group.tokens).size).toBe(group.tokens.length)
          for (const value of group.by ?? []) {
            expect(value.length).toBeLessThanOrEqual(MAX_BREAKDOWN_VALUE_LENGTH)
            expect(value.isWellFormed()).toBe(true)
          }
        }
      }),
      { seed: 3, numRuns: 300 },
    )
  })
})
