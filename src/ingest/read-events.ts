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
  return { events: lines.map(parseLine), sentTimeMs: null, warnings: [] }
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
  if (Array.isArray(json)) return { events: json, sentTimeMs: null, warnings: [] }
  if (!isJsonObject(json)) {
    throw new ApiError('invalid_body', 'Send an event, an array of events or {"events": [...]}.')
  }
  const { events, sent_at: sentAt } = json
  if (events === undefined || json['event'] !== undefined) {
    return { events: [json], ...readSentTime(sentAt) }
  }
  if (!Array.isArray(events)) {
    throw new ApiError('invalid_body', 'Expected an array of events in "events".')
  }
  return { events, ...readSentTime(sentAt) }
}

function readSentTime(sentAt: unknown): Pick<IncomingBatch, 'sentTimeMs' | 'warnings'> {
  if (sentAt === undefined || sentAt === null) return { sentTimeMs: null, warnings: [] }
  const sentTimeMs = parseTime(sentAt)
  if (sentTimeMs !== null && isStorableTime(sentTimeMs)) return { sentTimeMs, warnings: [] }
  // The events are good without it, and a refused batch would be dropped by the client.
  return {
    sentTimeMs: null,
    warnings: ['sent_at cannot be read; event times were taken as they are'],
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
