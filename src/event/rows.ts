/**
 * Accepted and rejected events as the NDJSON lines that ClickHouse will receive; the only place that spells
 * their columns. Empty values are left out: the table's defaults say the same in no bytes.
 */
import type { Reporter, RequestOrigin } from './enrichment.ts'
import type { AcceptedEvent, BatchContext } from './normalize.ts'

/** Milliseconds since the epoch as ClickHouse reads a DateTime64(3, 'UTC'). */
export function toDateTime64(timeMs: number): string {
  const iso = new Date(timeMs).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}`
}

/** What all rows of a batch share, formatted once. */
export interface BatchColumns {
  readonly game_id: string
  readonly env: string
  readonly received_time: string
}

/** What a row says beside the event itself. */
export interface RowFacts {
  readonly sentTime: string | undefined
  readonly isBot: boolean
  readonly samplePercent: number
}

/** The shared columns of a batch. */
export function toBatchColumns({
  gameId,
  env,
  receivedTimeMs,
}: Pick<BatchContext, 'gameId' | 'env' | 'receivedTimeMs'>): BatchColumns {
  return { game_id: gameId, env, received_time: toDateTime64(receivedTimeMs) }
}

/**
 * A line of `events`, ending with a newline. `sentTime` is undefined when the client did not say;
 * `samplePercent` is the share of such events that is stored.
 */
export function toEventRow(
  event: AcceptedEvent,
  eventId: string,
  shared: BatchColumns,
  { sentTime, isBot, samplePercent }: RowFacts,
): string {
  const { time } = event
  const clientTime = toDateTime64(time.clientTimeMs)
  const row = {
    ...shared,
    event_time:
      time.eventTimeMs === time.clientTimeMs ? clientTime : toDateTime64(time.eventTimeMs),
    event: event.definition.id,
    event_id: eventId,
    ...event.columns,
    props_json: event.propsJson,
    client_time: clientTime,
    sent_time: sentTime,
    skew_ms: time.eventTimeMs - time.clientTimeMs,
    time_method: time.method,
    enriched: event.enriched.length === 0 ? undefined : event.enriched,
    is_bot: isBot || undefined,
    sample_percent: samplePercent === 100 ? undefined : samplePercent,
  }
  return `${JSON.stringify(row)}\n`
}

export interface RejectedEvent {
  readonly rejectionId: string
  readonly traceId: string
  readonly index: number
  readonly eventId: string
  readonly eventName: string
  readonly code: string
  readonly pointer: string
  readonly detail: string
  readonly payload: string
  /** Whether it may pass after a change of the catalog */
  readonly verdict: 'quarantined' | 'rejected'
  /** Which contract it was judged by */
  readonly door: 'events' | 'payments'
  readonly reporter: Reporter
  /** As in BatchColumns; undefined when the client did not say */
  readonly sentTime: string | undefined
  /** Milliseconds of the client's monotonic clock; undefined when it did not say */
  readonly sentUptimeMs: number | undefined
  /** Null when the connection was not the player's */
  readonly origin: RequestOrigin | null
}

/** A line of `events_rejected`, ending with a newline. */
export function toRejectedRow(rejected: RejectedEvent, shared: BatchColumns): string {
  const row = {
    ...shared,
    rejection_id: rejected.rejectionId,
    trace_id: rejected.traceId,
    event_index: rejected.index,
    event_id: rejected.eventId,
    event: rejected.eventName,
    code: rejected.code,
    pointer: rejected.pointer,
    detail: rejected.detail,
    payload: rejected.payload,
    verdict: rejected.verdict,
    door: rejected.door,
    reported_by: rejected.reporter,
    sent_time: rejected.sentTime,
    sent_uptime_ms: rejected.sentUptimeMs,
    origin: rejected.origin === null ? undefined : JSON.stringify(rejected.origin),
  }
  return `${JSON.stringify(row)}\n`
}
