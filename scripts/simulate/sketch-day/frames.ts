/** Timed deliveries of tokens as bytes: what the simulation posts to the Worker that holds the objects. */
import { concatBytes } from '../../../src/event/bytes.ts'
import type { Counting, TokenGroup } from '../../../src/event/envelope.ts'
import { decodeEnvelope, encodeEnvelope } from '../../../src/event/envelope.ts'

/** The game that is simulated; its id says how many players it has and how many shards. */
export interface Game {
  readonly gameId: string
  readonly env: string
  readonly counting: Counting
}

/** One call of addTokens. */
export interface TimedDelivery {
  /** When the object is called, in milliseconds since the epoch */
  readonly atMs: number
  readonly shard: number
  readonly game: Game
  readonly groups: readonly TokenGroup[]
}

/** Length of the envelope, time of the call, shard. */
const FRAME_HEADER_BYTES = 4 + 8 + 4

/** Deliveries one after the other, the tokens as in a queue message. */
export function encodeFrames(deliveries: readonly TimedDelivery[]): Uint8Array {
  return concatBytes(
    deliveries.flatMap(({ atMs, shard, game, groups }) => {
      const envelope = encodeEnvelope({
        ...game,
        traceId: '',
        receivedTimeMs: Math.floor(atMs),
        sections: [],
        tokens: groups,
      })
      const header = new DataView(new ArrayBuffer(FRAME_HEADER_BYTES))
      header.setUint32(0, envelope.byteLength)
      header.setFloat64(4, atMs)
      header.setUint32(12, shard)
      return [new Uint8Array(header.buffer), envelope]
    }),
  )
}

/** What encodeFrames made. Throws RangeError or EnvelopeError for other bytes. */
export function decodeFrames(bytes: Uint8Array): TimedDelivery[] {
  const deliveries: TimedDelivery[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.byteLength;) {
    const end = at + FRAME_HEADER_BYTES + view.getUint32(at)
    const { gameId, env, counting, tokens } = decodeEnvelope(
      bytes.subarray(at + FRAME_HEADER_BYTES, end),
    )
    if (counting === undefined) throw new RangeError('a delivery does not tell how the game counts')
    deliveries.push({
      atMs: view.getFloat64(at + 4),
      shard: view.getUint32(at + 12),
      game: { gameId, env, counting },
      groups: tokens,
    })
    at = end
  }
  return deliveries
}
