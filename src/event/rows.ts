/**
 * Accepted and rejected events as the NDJSON lines that ClickHouse will receive; the only place that spells
 * their columns. Empty values are left out: the table's defaults say the same in no bytes.
 */
import type { AcceptedEvent, BatchContext } from './normalize.ts'

/** Milliseconds since the epoch as ClickHouse reads a DateTime64(3, 'UTC'). */
export function toDateTime64(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').slice(0, 23)
}

/** A line of `events`, ending with a newline. */
export function toEventRow(event: AcceptedEvent, eventId: string, context: BatchContext): string {
  const { time } = event
  const clientTime = toDateTime64(time.clientTimeMs)
  const row = {
    event_time:
      time.eventTimeMs === time.clientTimeMs ? clientTime : toDateTime64(time.eventTimeMs),
    game_id: context.gameId,
    env: context.env,
    event: event.definition.id,
    event_id: eventId,
    ...event.columns,
    props_json: event.propsJson,
    client_time: clientTime,
    ...(context.sentTimeMs === null ? {} : { sent_time: toDateTime64(context.sentTimeMs) }),
    received_time: toDateTime64(context.receivedTimeMs),
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
export function toRejectedRow(rejected: RejectedEvent, context: BatchContext): string {
  const row = {
    received_time: toDateTime64(context.receivedTimeMs),
    game_id: context.gameId,
    env: context.env,
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
