/**
 * The events of a body, in any of the forms that clients send: one object, an array, `{ events, sent_at }`, or
 * one JSON value a line (NDJSON).
 */
import { MAX_EVENTS_PER_POST } from '../../configs/limits.ts'
import { ApiError } from '../api-error.ts'
import { isAbsent, isJsonObject } from '../event/attributes.ts'
import { isStorableTime, parseTime, parseUptime } from '../event/time.ts'
import { UnreadableLine } from '../event/unreadable-line.ts'

export interface IncomingBatch {
  /** A value per event; UnreadableLine for a line of NDJSON that is no JSON */
  readonly events: readonly unknown[]
  /** When the client sent the batch, by its own clock, in milliseconds since the epoch; null if it did not say */
  readonly sentTimeMs: number | null
  /** The client's monotonic clock when it sent the batch, in milliseconds; null if it did not say */
  readonly sentUptimeMs: number | null
  /** Whether the client said when it sent them: a retry says another time */
  readonly isStamped: boolean
  /** What was ignored, for the answer */
  readonly warnings: readonly string[]
}

/**
 * What another attempt to send a batch repeats: its body, or, where that holds the send time, the events without
 * it as JSON.
 */
export function repeatedOf<Body>({ events, isStamped }: IncomingBatch, body: Body): Body | string {
  return isStamped ? (textOf(events) ?? body) : body
}

const NDJSON_TYPE = /^application\/(x-ndjson|ndjson|jsonl|x-jsonlines)\b/i

/**
 * Text of a body to its events; `contentType` decides only whether it is NDJSON, because clients send JSON
 * as text/plain too. Throws empty_body, invalid_json, invalid_body, batch_too_large.
 */
export function readEvents(text: string, contentType: string | undefined): IncomingBatch {
  if (text.trim() === '') {
    throw new ApiError('empty_body', 'Send an event object or an array of them.')
  }
  const batch = NDJSON_TYPE.test(contentType ?? '')
    ? batchOf(readLines(text))
    : readJson(parseJson(text))
  if (batch.events.length > MAX_EVENTS_PER_POST) throw tooMany(String(batch.events.length))
  return batch
}

function tooMany(count: string): ApiError {
  return new ApiError(
    'batch_too_large',
    `A POST may hold ${MAX_EVENTS_PER_POST} events, this one has ${count}; send it in parts.`,
  )
}

/** Line by line, so that a body of a million lines is refused at the first one too many. */
function readLines(text: string): unknown[] {
  const events: unknown[] = []
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    const line = text.slice(start, end)
    start = end + 1
    if (line.trim() === '') continue
    if (events.length === MAX_EVENTS_PER_POST) throw tooMany('more')
    events.push(parseLine(line))
  }
  return events
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // The line becomes a rejected event of its own.
    return new UnreadableLine(line)
  }
}

/** Names under which a batch may hold its events. */
const LIST_FIELDS = ['events', 'payments'] as const

function readJson(json: unknown): IncomingBatch {
  if (Array.isArray(json)) return batchOf(json)
  if (!isJsonObject(json)) {
    throw new ApiError('invalid_body', 'Send an event, an array of events or {"events": [...]}.')
  }
  const { sent_at: sentAt, sent_uptime_ms: sentUptime, ...rest } = json
  const fields = json['event'] === undefined ? LIST_FIELDS.filter((name) => name in json) : []
  if (fields.length > 1) {
    throw new ApiError('invalid_body', `Expected one list, got ${fields.join(' and ')}.`)
  }
  const [field] = fields
  const events = field === undefined ? [rest] : json[field]
  if (!Array.isArray(events)) {
    throw new ApiError('invalid_body', `Expected an array in "${field}".`)
  }
  return batchOf(events, sentAt, sentUptime)
}

/** Fields of a single event that belong to the batch; a retry stamps them anew. */
const SEND_FIELDS = ['sent_at', 'sent_uptime_ms'] as const

/** Clocks that cannot be read are left out: the events are good without, and a refused batch would be dropped. */
function batchOf(given: readonly unknown[], sentAt?: unknown, sentUptime?: unknown): IncomingBatch {
  const warnings: string[] = []
  const timeMs = parseTime(sentAt)
  const sentTimeMs = timeMs !== null && isStorableTime(timeMs) ? timeMs : null
  if (sentTimeMs === null && !isAbsent(sentAt)) {
    warnings.push('sent_at cannot be read; event times were taken as they are')
  }
  const sentUptimeMs = parseUptime(sentUptime)
  if (sentUptimeMs === null && !isAbsent(sentUptime)) {
    warnings.push('sent_uptime_ms is no number of milliseconds; it was left out')
  }
  const areStamped = given.some(hasSendField)
  if (areStamped) {
    warnings.push(
      'sent_at and sent_uptime_ms belong beside the list of events; in them they are ignored',
    )
  }
  const events = areStamped ? given.map(withoutSendFields) : given
  const isStamped = areStamped || !isAbsent(sentAt) || !isAbsent(sentUptime)
  return { events, sentTimeMs, sentUptimeMs, isStamped, warnings }
}

function hasSendField(event: unknown): boolean {
  return isJsonObject(event) && SEND_FIELDS.some((name) => name in event)
}

function withoutSendFields(event: unknown): unknown {
  if (!isJsonObject(event) || !hasSendField(event)) return event
  const { sent_at: _, sent_uptime_ms: __, ...rest } = event
  return rest
}

/** Null for values nested beyond the stack; such events are rejected, and the body has to do for the others. */
function textOf(events: readonly unknown[]): string | null {
  try {
    return JSON.stringify(events)
  } catch {
    return null
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ApiError('invalid_json', `The JSON cannot be read: ${positionIn(cause)}.`, { cause })
  }
}

/** The parser's message quotes a piece of the body; only what was wrong and where may be repeated. */
function positionIn(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : ''
  const position = /position \d+/.exec(message)?.[0]
  return position === undefined ? 'it ends too early or is not JSON' : `it fails at ${position}`
}
