/** What the sketches are given of the messages of a round. Pure. */
import type { TokenDelivery } from '../../durable/figures.ts'
import type { Envelope } from '../event/envelope.ts'
import { mergeTokenGroups } from '../event/token-groups.ts'

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
    groups: mergeTokenGroups(envelopes.flatMap(({ tokens }) => tokens)),
  }
}
