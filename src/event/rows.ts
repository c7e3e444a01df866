/**
 * Accepted and rejected events as the NDJSON lines that ClickHouse will receive; the only place that spells
 * their columns. Empty values are left out: the table's defaults say the same in no bytes.
 */
import type { AcceptedEvent, BatchContext } from './normalize.ts'

/** Milliseconds since the epoch as ClickHouse reads a DateTime64(3, 'UTC'). */
export function toDateTime64(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').slice(0, 23)
}

/** What all rows of a batch share, formatted once. */
export interface BatchColumns {
  readonly game_id: string
  readonly env: string
  readonly received_time: string
}

/** The shared columns of a batch. */
export function toBatchColumns({ gameId, env, receivedTimeMs }: BatchContext): BatchColumns {
  return { game_id: gameId, env, received_time: toDateTime64(receivedTimeMs) }
}

/** A line of `events`, ending with a newline. `sentTime` is undefined when the client did not say. */
export function toEventRow(
  event: AcceptedEvent,
  eventId: string,
  shared: BatchColumns,
  sentTime: string | undefined,
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
  }
  return `${JSON.stringify(row)}\n`
}
