/** What the sketches are given of the messages of a round. */
import fc from 'fast-check'
import { describe, it } from 'vitest'

import { deliveryOf } from '../../../src/consume/token-delivery.ts'
import type { Counting, Envelope, TokenGroup } from '../../../src/event/envelope.ts'

const NEWEST_MS = 1_795_000_000_000
const aCounting = (fields: Partial<Counting> = {}): Counting => ({
  timeZone: 'UTC',
  shards: 1,
  hashId: 7,
  ...fields,
})

const anEnvelope = (fields: Partial<Envelope> = {}): Envelope => ({
  gameId: 'demo',
  env: 'prod',
  traceId: '0123456789abcdef',
  receivedTimeMs: NEWEST_MS,
  sections: [],
  tokens: [],
  counting: aCounting(),
  ...fields,
})

const dau = (by: TokenGroup['by'], ...tokens: number[]): TokenGroup => ({
  metric: 'dau',
  bucket: 20_000,
  tokens: Uint32Array.from(tokens),
  ...(by && { by }),
})

describe('deliveryOf', () => {
  it('gives nothing of no message', ({ expect }) => {
    expect(deliveryOf([], 0)).toBeNull()
  })

  it('joins groups of one metric, bucket and breakdown, and no others', ({ expect }) => {
    const ios = ['ios', '', 'DE', '1'] as const
    const delivery = deliveryOf(
      [
        anEnvelope({ tokens: [dau(ios, 1, 2), dau(undefined, 1)] }),
        anEnvelope({
          tokens: [
            dau(['ios', '', 'DE', '1'], 2, 3),
            dau(['ios', 'DE', '', '1'], 4),
            { ...dau(ios, 5), bucket: 20_001 },
            { ...dau(ios, 6), metric: 'new_users' },
          ],
        }),
      ],
      0,
    )
    expect(delivery?.groups).toEqual([
      dau(ios, 1, 2, 3),
      dau(undefined, 1),
      dau(['ios', 'DE', '', '1'], 4),
      { ...dau(ios, 5), bucket: 20_001 },
      { ...dau(ios, 6), metric: 'new_users' },
    ])
  })

  it('counts as the newest message says', ({ expect }) => {
    const old = anEnvelope({ receivedTimeMs: NEWEST_MS - 1 })
    const moved = anEnvelope({ counting: aCounting({ timeZone: 'Asia/Tokyo' }) })
    for (const envelopes of [
      [old, moved],
      [moved, old],
    ]) {
      expect(deliveryOf(envelopes, 0)).toMatchObject({
        gameId: 'demo',
        env: 'prod',
        counting: moved.counting,
      })
    }
  })

  it('says that it does not know how messages of the build before count', ({ expect }) => {
    const { counting: _, ...before } = anEnvelope({ tokens: [dau(undefined, 1)] })
    expect(deliveryOf([before], 0.99)).toMatchObject({ shard: 0, counting: null })
  })

  it('goes to the object that is read while there is one, and to any of the shards beside it otherwise', ({
    expect,
  }) => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    const shardOf = (shards: readonly number[], at: number) =>
      deliveryOf(
        shards.map((count) => anEnvelope({ counting: aCounting({ shards: count }) })),
        at,
      )?.shard
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }),
        random,
        (all, at) => {
          const most = Math.max(...all)
          const shard = shardOf(all, at) ?? Number.NaN
          expect(Number.isInteger(shard)).toBe(true)
          if (most === 1) expect(shard).toBe(0)
          else expect(shard >= 1 && shard <= most).toBe(true)
        },
      ),
    )
    const chosen = Array.from({ length: 4 }, (_, at) => shardOf([1, 4], at / 4))
    expect(chosen).toEqual([1, 2, 3, 4])
  })
})
