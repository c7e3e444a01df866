/** One session of a player: its events and payments as they are sent, and what is true about each. Pure. */
import type { Random } from '../simulate/random.ts'
import { money } from './purchases.ts'

/** An event as the oracle knows it. */
export interface Sent {
  readonly kind: 'event'
  /** Names the event in its own properties, so that a row can be told whatever its id is */
  readonly mark: string
  readonly event: string
  readonly userId: string
  readonly platform: string
  /** When it happened, in milliseconds since the epoch */
  readonly trueMs: number
  /** What the client says */
  readonly clientMs: number
  /** The edge has to correct the time */
  readonly isCorrected: boolean
  /** Code of the refusal; null for an event that is to be stored */
  readonly refusedFor: string | null
  /** The database refuses the row for as long as faults fire */
  readonly isPoison: boolean
  /** The payment that the event is as well */
  readonly payment: Reported | null
  /** As sent, without event_id */
  readonly raw: Readonly<Record<string, unknown>>
}

/** A payment as the oracle knows it. */
export interface Reported {
  readonly kind: 'payment'
  readonly mark: string
  readonly orderId: string
  readonly refundId: string
  readonly status: 'success' | 'failed' | 'pending' | 'refunded'
  readonly reporter: 'client' | 'server'
  readonly amountCents: number
  readonly currency: string
  readonly userId: string
  readonly trueMs: number
  readonly refusedFor: string | null
  /** As sent */
  readonly raw: Readonly<Record<string, unknown>>
}

export interface SessionContext {
  readonly userId: string
  /** Nobody has heard of the player before */
  readonly isNew: boolean
  /** Beginning of the session, in milliseconds since the epoch */
  readonly trueMs: number
  readonly clockAheadMs: number
  /** Sent by the server of the game */
  readonly isServer: boolean
  /** Share of `economy.earn` that the database refuses */
  readonly poisonChance: number
  /** Number of the session over all games */
  readonly session: number
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** Beyond it the edge corrects a clock. */
const TOLERANCE_MS = 60_000

/** What the database refuses says so in a property. */
export const POISON = 'refused-row'

const PLATFORMS = ['ios', 'android', 'web', 'windows', 'switch'] as const
const COUNTRIES = ['DE', 'NP', 'US', 'BR', 'JP', 'FR', 'IN'] as const
const VERSIONS = ['1.0.0', '1.1.0', '1.2.0-beta'] as const
const CHANNELS = ['app_store', 'google_play', 'itch'] as const

/** The events and payments of a session, oldest first. */
export function playSession(random: Random, context: SessionContext): (Sent | Reported)[] {
  const { userId, isNew, session } = context
  const sessionId = `s${session}`
  const columns = {
    user_id: userId,
    session_id: sessionId,
    platform: random.pick(PLATFORMS),
    country: random.pick(COUNTRIES),
    app_version: random.pick(VERSIONS),
    channel: random.pick(CHANNELS),
  }
  const isOff = Math.abs(context.clockAheadMs) > TOLERANCE_MS
  // The correction of a clock adds the time on the way: what is corrected lies early enough in its minute.
  const startMs = isOff
    ? Math.floor(context.trueMs / MINUTE_MS) * MINUTE_MS + Math.floor(random.between(5_000, 20_000))
    : context.trueMs
  const items: (Sent | Reported)[] = []
  let count = 0
  const markNext = () => `c${session}.${(count += 1)}`

  const add = (
    event: string,
    atMs: number,
    props: object = {},
    payment: Reported | null = null,
  ) => {
    const mark = payment?.mark ?? markNext()
    const spoiled = payment === null ? spoil(random, event) : null
    const sentEvent = spoiled?.event ?? event
    const clientMs = atMs + context.clockAheadMs - (spoiled?.ageMs ?? 0)
    const saidMs = isOff ? atMs : clientMs
    const isPoison =
      event === 'economy.earn' && spoiled === null && random.chance(context.poisonChance)
    items.push({
      kind: 'event',
      mark,
      event: sentEvent,
      userId,
      platform: columns.platform,
      trueMs: saidMs,
      clientMs,
      isCorrected: isOff,
      refusedFor: spoiled?.code ?? null,
      isPoison,
      payment: payment === null ? null : { ...payment, trueMs: saidMs },
      raw: {
        event: sentEvent,
        event_time: random.chance(0.7) ? new Date(clientMs).toISOString() : clientMs,
        ...columns,
        props: { mark, ...props, ...(isPoison && { note: POISON }) },
      },
    })
  }

  if (isNew || random.chance(0.02)) {
    add(random.chance(0.7) ? 'user.register' : 'user.first_active', startMs)
  }
  add('session.start', startMs + 100)
  if (random.chance(0.3)) add('user.login', startMs + 200, { method: 'guest' })
  const minutes = Math.floor(random.between(0, 6))
  for (let minute = 1; minute <= minutes; minute += 1) {
    add('session.heartbeat', startMs + minute * MINUTE_MS)
  }
  for (let level = 1; random.chance(0.6) && level < 5; level += 1) {
    const level_id = `l${level}`
    add('progression.start', startMs + level * 1_000, { level_id })
    add('progression.complete', startMs + level * 1_000 + 500, { level_id, stars: level % 4 })
    add('economy.earn', startMs + level * 1_000 + 600, { currency: 'gold', amount: 5 * level })
  }
  if (random.chance(0.12)) {
    const isOfClient = !isOff && !context.isServer
    const order = { userId, atMs: startMs + 5_000, orderId: `o${session}`, markNext, isOfClient }
    for (const { event, reported } of money(random, order)) {
      if (event === null) items.push(reported)
      else add(event.name, reported.trueMs, event.props, reported)
    }
  }
  add('session.end', startMs + 6_000, { duration_ms: 6_000 })
  return items
}

interface Spoiled {
  readonly event: string
  readonly code: string
  /** By how much its time is moved back */
  readonly ageMs: number
}

/** Few events are refused: a name that nobody knows, or a time long ago. */
function spoil(random: Random, event: string): Spoiled | null {
  // What decides a figure stays good, so that every user has a beginning.
  if (!event.startsWith('progression.') || !random.chance(0.04)) return null
  return random.chance(0.5)
    ? { event: 'nonsense.event', code: 'unknown_event', ageMs: 0 }
    : { event, code: 'event_time_too_old', ageMs: 60 * DAY_MS }
}
