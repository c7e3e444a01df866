/**
 * The events of a body, in any of the forms that clients send: one object, an array, `{ events, sent_at }`, or
 * one JSON value a line (NDJSON).
 */
import { MAX_EVENTS_PER_POST } from '../../configs/limits.ts'
import { ApiError } from '../api-error.ts'
import { isJsonObject } from '../event/attributes.ts'
import { isStorableTime, parseTime } from '../event/time.ts'
import { UnreadableLine } from '../event/unreadable-line.ts'

export interface IncomingBatch {
  /** A value per event; UnreadableLine for a line of NDJSON that is no JSON */
  readonly events: readonly unknown[]
  /** When the client sent the batch, by its own clock, in milliseconds since the epoch; null if it did not say */
  readonly sentTimeMs: number | null
  /**
   * What a retry repeats when the body itself is not it: the events without the send time, which a retry
   * stamps anew. Null when the body is, or when every event carries an id of its own.
   */
  readonly retryText: string | null
  /** What was ignored, for the answer */
  readonly warnings: readonly string[]
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
  const batch = NDJSON_TYPE.test(contentType ?? '') ? readLines(text) : readJson(parseJson(text))
  if (batch.events.length > MAX_EVENTS_PER_POST) {
    throw new ApiError(
      'batch_too_large',
      `A POST may hold ${MAX_EVENTS_PER_POST} events, this one has ${batch.events.length}; send it in parts.`,
    )
  }
  return batch
}

function readLines(text: string): IncomingBatch {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return unsent(lines.map(parseLine))
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // The line becomes a rejected event of its own.
    return new UnreadableLine(line)
  }
}

function readJson(json: unknown): IncomingBatch {
  if (Array.isArray(json)) return unsent(json)
  if (!isJsonObject(json)) {
    throw new ApiError('invalid_body', 'Send an event, an array of events or {"events": [...]}.')
  }
  const { sent_at: sentAt, ...rest } = json
  const events = json['event'] === undefined && 'events' in json ? json['events'] : [rest]
  if (!Array.isArray(events)) {
    throw new ApiError('invalid_body', 'Expected an array of events in "events".')
  }
  return sentAt === undefined || sentAt === null ? unsent(events) : sent(events, sentAt)
}

function unsent(events: readonly unknown[]): IncomingBatch {
  return { events, sentTimeMs: null, retryText: null, warnings: [] }
}

function sent(events: readonly unknown[], sentAt: unknown): IncomingBatch {
  const retryText = events.every(hasEventId) ? null : textOf(events)
  const sentTimeMs = parseTime(sentAt)
  if (sentTimeMs !== null && isStorableTime(sentTimeMs)) {
    return { events, sentTimeMs, retryText, warnings: [] }
  }
  // The events are good without it, and a refused batch would be dropped by the client.
  const warnings = ['sent_at cannot be read; event times were taken as they are']
  return { events, sentTimeMs: null, retryText, warnings }
}

/** Null for values nested beyond the stack; such events are rejected, and the body has to do for the others. */
function textOf(events: readonly unknown[]): string | null {
  try {
    return JSON.stringify(events)
  } catch {
    return null
  }
}

function hasEventId(event: unknown): boolean {
  return isJsonObject(event) && typeof event['event_id'] === 'string' && event['event_id'] !== ''
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
