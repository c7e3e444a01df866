/** What the sketches are given of the messages of a round. Pure. */
import type { TokenDelivery } from '../../durable/figures.ts'
import type { BreakdownValues, Envelope, SketchMetric, TokenGroup } from '../event/envelope.ts'

/**
 * One delivery of the tokens of messages of one game, environment and key; null of no message. The newest message says
 * how the game counts. The shard is any of those that the most generous message knows: a shard that is not in use any
 * more still hands on what it is given. `random` is in [0, 1).
 */
export function deliveryOf(envelopes: readonly Envelope[], random: number): TokenDelivery | null {
  const newest = envelopes.toSorted((a, b) => a.receivedTimeMs - b.receivedTimeMs).at(-1)
  if (newest === undefined) return null
  const shards = Math.max(...envelopes.map(({ counting }) => counting?.shards ?? 1))
  return {
    gameId: newest.gameId,
    env: newest.env,
    shard: shards === 1 ? 0 : 1 + Math.floor(random * shards),
    counting: newest.counting ?? null,
    groups: mergeGroups(envelopes.flatMap(({ tokens }) => tokens)),
  }
}

interface OpenGroup {
  readonly metric: SketchMetric
  readonly bucket: number
  readonly by?: BreakdownValues
  readonly tokens: Set<number>
}

/** Groups of one metric, bucket and breakdown become one, without repeats. */
function mergeGroups(groups: readonly TokenGroup[]): TokenGroup[] {
  const merged = new Map<string, OpenGroup>()
  for (const { metric, bucket, by, tokens } of groups) {
    const key = JSON.stringify([metric, bucket, by])
    const group = merged.get(key)
    if (group === undefined) {
      merged.set(key, { metric, bucket, ...(by && { by }), tokens: new Set(tokens) })
    } else {
      for (const token of tokens) group.tokens.add(token)
    }
  }
  return Array.from(merged.values(), toTokenGroup)
}

function toTokenGroup({ metric, bucket, by, tokens }: OpenGroup): TokenGroup {
  return { metric, bucket, ...(by && { by }), tokens: Uint32Array.from(tokens) }
}
