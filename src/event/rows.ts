/**
 * Accepted and rejected events as the NDJSON lines that ClickHouse will receive; the only place that spells
 * their columns. Empty values are left out: the table's defaults say the same in no bytes.
 */
import { COLUMNS } from './attributes.ts'
import type { Reporter, RequestOrigin } from './enrichment.ts'
import type { AcceptedEvent, BatchContext } from './normalize.ts'

const MINUTE_MS = 60_000
const SECOND_MS = 1_000

const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'))
const THREE_DIGITS = Array.from({ length: SECOND_MS }, (_, value) => String(value).padStart(3, '0'))

// The times of a batch are nearly all of a few minutes, and all but the seconds is most of the cost of a time.
let lastMinute = 0
let lastMinuteText = '1970-01-01 00:00:'

/** Milliseconds since the epoch as ClickHouse reads a DateTime64(3, 'UTC'), cut to whole ones. Throws RangeError for NaN. */
export function toDateTime64(timeMs: number): string {
  const wholeMs = Math.trunc(timeMs)
  const minute = Math.floor(wholeMs / MINUTE_MS)
  if (minute !== lastMinute) {
    const iso = new Date(minute * MINUTE_MS).toISOString()
    lastMinuteText = `${iso.slice(0, 10)} ${iso.slice(11, 17)}`
    lastMinute = minute
  }
  const ofMinute = wholeMs - minute * MINUTE_MS
  const seconds = TWO_DIGITS[Math.floor(ofMinute / SECOND_MS)]
  return `${lastMinuteText}${seconds}.${THREE_DIGITS[ofMinute % SECOND_MS]}`
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
  const eventTime =
    time.eventTimeMs === time.clientTimeMs ? clientTime : toDateTime64(time.eventTimeMs)
  // Written out: as an object with these members it would cost half as much again. Times and names of the catalog
  // hold nothing that JSON escapes.
  let row =
    `${prefixOf(shared)},"event_time":"${eventTime}","event":"${event.definition.id}",` +
    `"event_id":"${escaped(eventId)}"`
  for (const [name, start] of COLUMN_STARTS) {
    const value = event.columns[name]
    if (value !== undefined) row += `${start}${escaped(value)}"`
  }
  row +=
    `,"props_json":${JSON.stringify(event.propsJson)},"client_time":"${clientTime}",` +
    `"skew_ms":${time.eventTimeMs - time.clientTimeMs},"time_method":"${time.method}"`
  if (sentTime !== undefined) row += `,"sent_time":"${sentTime}"`
  if (event.enriched.length > 0) row += `,"enriched":${JSON.stringify(event.enriched)}`
  if (isBot) row += ',"is_bot":true'
  if (samplePercent !== 100) row += `,"sample_percent":${samplePercent}`
  return `${row}}\n`
}

/** Columns of an event, and what stands before their text. */
const COLUMN_STARTS = COLUMNS.map((name) => [name, `,"${name}":"`] as const)

const prefixes = new WeakMap<BatchColumns, string>()

/** The shared columns as the beginning of a row. */
function prefixOf(shared: BatchColumns): string {
  const known = prefixes.get(shared)
  if (known !== undefined) return known
  const prefix = JSON.stringify(shared).slice(0, -1)
  prefixes.set(shared, prefix)
  return prefix
}

// eslint-disable-next-line no-control-regex -- control characters are what it excludes
const NEEDS_ESCAPE = /[\u0000-\u001f"\\\ud800-\udfff]/

/** A string as JSON, without its quotes. */
function escaped(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text).slice(1, -1) : text
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
