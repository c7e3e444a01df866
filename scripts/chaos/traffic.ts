/**
 * Generated traffic of several games: what clients and servers send, in which form and order, and what is true about
 * it. The same seed gives the same traffic; times are relative to the beginning of the run. Pure.
 */
import type { Random } from '../simulate/random.ts'
import { createRandom } from '../simulate/random.ts'
import type { Reported, Sent } from './sessions.ts'
import { playSession } from './sessions.ts'

export interface ChaosGame {
  readonly gameId: string
  readonly timeZone: string
  /** Its setting `coalesce_ms`; off when absent */
  readonly coalesceMs?: number
}

export const GAMES = [
  { gameId: 'chaos-utc', timeZone: 'UTC', coalesceMs: 0 },
  { gameId: 'chaos-berlin', timeZone: 'Europe/Berlin', coalesceMs: 100 },
  { gameId: 'chaos-kathmandu', timeZone: 'Asia/Kathmandu', coalesceMs: 0 },
] as const satisfies readonly ChaosGame[]

/** How the events of a POST are written. */
export type Form = 'list' | 'lines' | 'stamped'

/** What one POST carries, as long as it is sent again. */
export interface Batch {
  readonly id: number
  readonly game: ChaosGame
  readonly door: 'events' | 'payments'
  readonly key: 'write' | 'server'
  readonly form: Form
  /** The client gave its events ids, so that they may come in another body */
  readonly hasIds: boolean
  /** By how much the clock of the sender is ahead, in milliseconds */
  readonly clockAheadMs: number
  readonly items: readonly (Sent | Reported)[]
}

export interface TrafficOptions {
  readonly seed: number
  /** Events and payments in all; the last session may add a few */
  readonly events: number
  /** Beginning of the run, in milliseconds since the epoch */
  readonly startMs: number
  /** How long sending takes, as planned, in milliseconds */
  readonly durationMs: number
  /** Events of a POST of a server */
  readonly serverBatch: number
  /** Share of the events that servers send, from 0 to 1 */
  readonly serverShare: number
}

const EVENTS_PER_USER = 25
const EVENTS_PER_SESSION = 10

/** Of `economy.earn`, every tenth event or so; and of a large run no more rows than a batch can isolate. */
const POISON_CHANCE = 0.012
const MAX_POISONED_EVENTS = 300
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Batches that wait to be sent out of order. */
const MAX_PUT_OFF = 60

/** All batches in the order in which they are first sent. */
export function* trafficOf(options: TrafficOptions): Generator<Batch> {
  const random = createRandom(options.seed, 'order')
  const putOff: { readonly batch: Batch; readonly until: number }[] = []
  let position = 0
  for (const batch of inOrder(options)) {
    position += 1
    const due = putOff.filter(({ until }) => until <= position)
    for (const entry of due) putOff.splice(putOff.indexOf(entry), 1)
    yield* due.map((entry) => entry.batch)
    if (random.chance(0.2) && putOff.length < MAX_PUT_OFF) {
      putOff.push({ batch, until: position + Math.ceil(random.logBetween(1, 80)) })
    } else yield batch
  }
  yield* putOff.map(({ batch }) => batch)
}

function* inOrder(options: TrafficOptions): Generator<Batch> {
  const random = createRandom(options.seed, 'traffic')
  const users = Math.max(20, Math.ceil(options.events / EVENTS_PER_USER / GAMES.length))
  const known = new Set<string>()
  const serverChance = chanceOfServer(options)
  const poisonChance = Math.min(POISON_CHANCE, MAX_POISONED_EVENTS / options.events)
  let items = 0
  let sessions = 0
  let batches = 0
  const next = () => (batches += 1)
  while (items < options.events) {
    const game = random.pick(GAMES)
    const isServer = random.chance(serverChance)
    const own: (Sent | Reported)[] = []
    const clockAheadMs = isServer ? 0 : clockOf(random)
    const wanted = isServer ? options.serverBatch : 1
    while (own.length < wanted) {
      sessions += 1
      const userId = `${game.gameId}-u${Math.floor(random.next() * users)}`
      const isNew = !known.has(userId)
      known.add(userId)
      const plannedMs = options.startMs + (options.durationMs * items) / options.events
      const trueMs = beginningOf(random, plannedMs)
      own.push(
        ...playSession(random, {
          userId,
          isNew,
          trueMs,
          clockAheadMs,
          isServer,
          poisonChance,
          session: sessions,
        }),
      )
    }
    items += own.length
    yield* intoBatches(random, game, own, isServer, clockAheadMs, next)
  }
}

/** Sessions of clients are short, so servers send more seldom than their share of the events. */
function chanceOfServer({ serverBatch, serverShare }: TrafficOptions): number {
  const clients = serverShare * EVENTS_PER_SESSION
  return clients / (clients + (1 - serverShare) * serverBatch)
}

/**
 * When a session began that is sent at a moment: mostly minutes before, sometimes hours or days. The late ones begin at
 * full hours, so that minutes have several users and the sketches can tell all of them soon.
 */
function beginningOf(random: Random, sentMs: number): number {
  const kind = random.next()
  if (kind < 0.2) return Math.floor(sentMs - random.between(0, 6 * MINUTE_MS))
  if (kind < 0.6) return Math.floor(sentMs - random.between(6 * MINUTE_MS, 2 * HOUR_MS))
  const ageMs =
    kind < 0.85 ? random.between(3 * HOUR_MS, 2 * DAY_MS) : random.between(2 * DAY_MS, 12 * DAY_MS)
  const hourMs = Math.floor((sentMs - ageMs) / HOUR_MS) * HOUR_MS
  return hourMs + Math.floor(random.between(0, MINUTE_MS))
}

/** Most clocks are right, some are a little off, some by hours, a few by decades. */
function clockOf(random: Random): number {
  const kind = random.next()
  if (kind < 0.6) return 0
  const side = random.chance(0.5) ? 1 : -1
  if (kind < 0.72) return side * Math.floor(random.between(1_000, 40_000))
  if (kind < 0.98) return side * Math.floor(random.between(10 * MINUTE_MS, 30 * HOUR_MS))
  return Math.floor(70 * 365 * DAY_MS + random.between(0, DAY_MS))
}

function* intoBatches(
  random: Random,
  game: ChaosGame,
  items: readonly (Sent | Reported)[],
  isServer: boolean,
  clockAheadMs: number,
  next: () => number,
): Generator<Batch> {
  const hasIds = random.chance(0.8)
  // A clock that is off is only put right by the moment of sending.
  const form = clockAheadMs === 0 ? random.pick(['list', 'lines', 'stamped'] as const) : 'stamped'
  const clientSize = Math.ceil(random.logBetween(1, 30))
  const events = items.filter((item) => item.kind === 'event')
  const size = isServer ? events.length : clientSize
  for (let start = 0; start < events.length; start += size) {
    yield {
      game,
      id: next(),
      door: 'events',
      key: isServer ? 'server' : 'write',
      form,
      hasIds,
      clockAheadMs,
      items: events.slice(start, start + size),
    }
  }
  const payments = items.filter((item) => item.kind === 'payment')
  for (const key of ['write', 'server'] as const) {
    const own = payments.filter((item) => (item.reporter === 'server') === (key === 'server'))
    if (own.length === 0) continue
    // What is said of money has the right time; its id is the order, whatever the body.
    const clock = { clockAheadMs: 0, form: 'list', hasIds: true } as const
    yield { ...clock, game, id: next(), door: 'payments', key, items: own }
  }
}
