/** Several POSTs in one message say what they would have said in messages of their own. */
import { gunzipSync } from 'node:zlib'

import fc from 'fast-check'
import { describe, it } from 'vitest'

import type { Posted } from '../../../durable/merge-posts.ts'
import { mergePosts } from '../../../durable/merge-posts.ts'
import { deliveryOf } from '../../../src/consume/token-delivery.ts'
import type { Counting, Envelope, TokenGroup } from '../../../src/event/envelope.ts'
import { decodeEnvelope } from '../../../src/event/envelope.ts'
import { packMessages } from '../../../src/ingest/pack.ts'

const COUNTING: Counting = { timeZone: 'UTC', shards: 1, hashId: 7 }
const TOKENS: TokenGroup = { metric: 'online', bucket: 1, tokens: Uint32Array.of(1) }
const START_MS = 1_795_000_000_000

const countingArbitrary = fc.record({
  timeZone: fc.constantFrom('UTC', 'Asia/Tokyo'),
  shards: fc.constantFrom(1, 4),
  hashId: fc.constantFrom(7, 8),
})
const rowsArbitrary = fc.array(
  fc.nat(50).map((number) => `{"n":${number}}\n`),
  { maxLength: 4 },
)
const groupArbitrary: fc.Arbitrary<TokenGroup> = fc.oneof(
  fc.record({
    metric: fc.constantFrom('dau' as const, 'new_users' as const),
    bucket: fc.nat(2),
    tokens: fc.uint32Array({ maxLength: 4, max: 9 }),
    by: fc.constantFrom(['ios', '', 'DE', '1'] as const, ['ios', '', '', 'DE'] as const),
  }),
  fc.record({
    metric: fc.constant('online' as const),
    bucket: fc.nat(2),
    tokens: fc.uint32Array({ maxLength: 4, max: 9 }),
  }),
)
const cargoArbitrary = fc.record(
  {
    eventRows: rowsArbitrary,
    paymentRows: rowsArbitrary,
    rejectedRows: rowsArbitrary,
    auditRows: rowsArbitrary,
    tokens: fc.array(groupArbitrary, { maxLength: 3 }),
    revenueDays: fc.array(fc.nat(3), { maxLength: 2 }),
  },
  { requiredKeys: [] },
)

/** Received at different times, which the shuffle takes out of order. */
const postsArbitrary: fc.Arbitrary<Posted[]> = fc
  .array(fc.tuple(cargoArbitrary, countingArbitrary), { maxLength: 12 })
  .map((drawn) =>
    drawn.map(([cargo, counting], index) => ({
      cargo,
      context: {
        gameId: 'g',
        env: 'prod',
        traceId: `trace-${index}`,
        receivedTimeMs: START_MS + index,
        counting,
      },
    })),
  )
  .chain((posts) => fc.shuffledSubarray(posts, { minLength: posts.length }))

function envelopesOf(posts: readonly Posted[]): Envelope[] {
  return posts
    .flatMap(({ cargo, context }) => packMessages(cargo, context))
    .map((bytes) => decodeEnvelope(bytes[0] === 0x1f ? new Uint8Array(gunzipSync(bytes)) : bytes))
}

/** Everything that messages say, whatever message says it: how often each line, and each fact once. */
function saidBy(envelopes: readonly Envelope[]) {
  const lines = envelopes.flatMap(({ sections }) =>
    sections.flatMap(({ table, rows, ndjson }) => {
      const own = new TextDecoder().decode(ndjson).split('\n').slice(0, -1)
      if (own.length !== rows) throw new Error(`${own.length} lines, ${rows} rows`)
      return own.map((line) => `${table} ${line}`)
    }),
  )
  const facts = envelopes.flatMap(({ tokens, counting, revenueDays = [] }) => [
    ...tokens.flatMap(({ metric, bucket, by, tokens: values }) =>
      Array.from(values, (token) => JSON.stringify([counting, metric, bucket, by, token])),
    ),
    ...revenueDays.map((day) => JSON.stringify([counting, day])),
  ])
  return { lines: lines.toSorted(), facts: [...new Set(facts)].toSorted() }
}

describe('POSTs that are merged', () => {
  it('say what they say apart, in whatever order they came', ({ expect }) => {
    fc.assert(
      fc.property(postsArbitrary, (posts) => {
        // Of days that nobody has payments for a message of its own does not speak; those of others do no harm.
        const paying = posts.map(({ cargo, context }) => {
          const { revenueDays = [], ...rest } = cargo
          const pays = (rest.paymentRows ?? []).length > 0
          return { cargo: pays ? { ...rest, revenueDays } : rest, context }
        })
        const storing = paying.filter(({ cargo }) =>
          [cargo.eventRows, cargo.paymentRows, cargo.rejectedRows, cargo.auditRows].some(
            (rows = []) => rows.length > 0,
          ),
        )
        const apart = envelopesOf(storing)
        const merged = envelopesOf(mergePosts(storing))
        expect(saidBy(merged)).toEqual(saidBy(apart))
      }),
      { seed: 31, numRuns: 500 },
    )
  })

  it('leave it to the same POST to say how the game counts: the newest', ({ expect }) => {
    fc.assert(
      fc.property(postsArbitrary, (posts) => {
        const counted = posts.map(({ cargo, context }) => ({
          cargo: { ...cargo, auditRows: ['{}\n'], tokens: [TOKENS] },
          context,
        }))
        const apart = deliveryOf(envelopesOf(counted), 0.5)
        const merged = deliveryOf(envelopesOf(mergePosts(counted)), 0.5)
        expect(merged?.counting).toEqual(apart?.counting)
      }),
      { seed: 34 },
    )
  })

  it('have one group of tokens for each metric, bucket and breakdown, without repeats', ({
    expect,
  }) => {
    fc.assert(
      fc.property(postsArbitrary, (posts) => {
        for (const { cargo } of mergePosts(posts)) {
          const groups = cargo.tokens ?? []
          const keys = groups.map(({ metric, bucket, by }) => JSON.stringify([metric, bucket, by]))
          expect(new Set(keys).size).toBe(keys.length)
          for (const { tokens } of groups) expect(new Set(tokens).size).toBe(tokens.length)
          const days = cargo.revenueDays ?? []
          expect(days).toEqual([...new Set(days)].toSorted((a, b) => a - b))
        }
      }),
      { seed: 32 },
    )
  })

  it('share a message only with those that count alike', ({ expect }) => {
    fc.assert(
      fc.property(postsArbitrary, (posts) => {
        const ways = new Set(posts.map(({ context }) => JSON.stringify(context.counting)))
        expect(mergePosts(posts)).toHaveLength(ways.size)
      }),
      { seed: 33 },
    )
  })

  it('carry the trace of the first and the time of the newest', ({ expect }) => {
    const post = (traceId: string, receivedTimeMs: number): Posted => ({
      cargo: { eventRows: [`{"trace":"${traceId}"}\n`] },
      context: { gameId: 'g', env: 'prod', traceId, receivedTimeMs, counting: COUNTING },
    })
    expect(mergePosts([post('a', 20), post('b', 30), post('c', 10)])).toMatchObject([
      { context: { traceId: 'a', receivedTimeMs: 30, counting: COUNTING } },
    ])
    expect(mergePosts([])).toEqual([])
  })

  it('keep games and environments apart', ({ expect }) => {
    const post = (gameId: string, env: string): Posted => ({
      cargo: { eventRows: ['{}\n'] },
      context: { gameId, env, traceId: '', receivedTimeMs: 1, counting: COUNTING },
    })
    const merged = mergePosts([post('a', 'prod'), post('b', 'prod'), post('a', 'dev')])
    expect(merged.map(({ context }) => [context.gameId, context.env])).toEqual([
      ['a', 'prod'],
      ['b', 'prod'],
      ['a', 'dev'],
    ])
  })
})
