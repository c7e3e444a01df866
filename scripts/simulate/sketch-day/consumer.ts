import { deliveryOf } from '../../../src/consume/token-delivery.ts'
/** What the consumer makes of the batches of clients: queue batches, and of each one call with all of its tokens. */
import type { Envelope, TokenGroup } from '../../../src/event/envelope.ts'
import type { Random } from '../random.ts'
import type { Told } from './day.ts'
import { DAY, FLUSH_MS, onlineShare } from './day.ts'
import type { Game, TimedDelivery } from './frames.ts'
import type { Players } from './players.ts'

/** Settings of the queue in wrangler.toml. */
export const BATCH_MESSAGES = 100
export const BATCH_TIMEOUT_MS = 2_000

/** A consumer hands the tokens on at once or after other work; several consumers run at a time. */
const MAX_CONSUMER_DELAY_MS = 400

/** Messages a second that the clients of `online` players send. */
export function messagesPerSecond(online: number): number {
  return online / (FLUSH_MS / 1_000)
}

/** How long a queue batch gathers at a minute of the day, in milliseconds. */
export function batchMs(peak: number, minuteOfDay: number): number {
  const perSecond = messagesPerSecond(peak * onlineShare(minuteOfDay))
  return Math.min(BATCH_TIMEOUT_MS, (BATCH_MESSAGES / perSecond) * 1_000)
}

/** Token groups of what one batch of a client tells. */
export function groupsOf(told: Told, players: Players): TokenGroup[] {
  const tokens = Uint32Array.of(players.token(told.user))
  const groups: TokenGroup[] = [{ metric: 'online', bucket: told.minute, tokens }]
  const by = players.seenWith(told.user)
  if (told.isStart) groups.push({ metric: 'dau', bucket: DAY, tokens, by })
  if (told.isRegistration) groups.push({ metric: 'new_users', bucket: DAY, tokens, by })
  return groups
}

/** The calls of queue batches that gather for `gatherMs`, in the order in which the objects see them. */
export function callsOf(
  told: readonly Told[],
  gatherMs: number,
  { game, players, random }: { game: Game; players: Players; random: Random },
): TimedDelivery[] {
  const batches = Map.groupBy(told, ({ atMs }) => Math.floor(atMs / gatherMs))
  const calls = [...batches].flatMap(([batch, messages]) => {
    const delivery = deliveryOf(
      messages.map((message) => envelopeOf(message, game, players)),
      random.next(),
    )
    if (delivery === null) return []
    const atMs = (batch + 1) * gatherMs + random.next() * MAX_CONSUMER_DELAY_MS
    return [{ atMs, shard: delivery.shard, game, groups: delivery.groups }]
  })
  return calls.toSorted((a, b) => a.atMs - b.atMs)
}

function envelopeOf(told: Told, game: Game, players: Players): Envelope {
  return {
    ...game,
    traceId: '',
    receivedTimeMs: Math.floor(told.atMs),
    sections: [],
    tokens: groupsOf(told, players),
  }
}

/** Rows that would be written by a call if each sketch, sample and breakdown that a token belongs to were a row. */
export function rowsPerSketch(groups: readonly TokenGroup[]): number {
  const touched = new Set(groups.map(({ metric, bucket }) => `${metric} ${bucket}`))
  let rows = 0
  for (const key of touched) {
    if (key.startsWith('online')) rows += 1
    // The sketch of the day, its sample, its four breakdowns; for new users the sketch of all of them too.
    else rows += key.startsWith('dau') ? 6 : 7
  }
  return rows
}
