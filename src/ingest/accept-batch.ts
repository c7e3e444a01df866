/**
 * The heart of ingest, pure: a parsed body and the receive time in; rows, user tokens and verdicts out.
 * Every event ends as a row of `events` or as a row of `events_rejected`; none disappears.
 */
import { MAX_REJECTED_PAYLOAD_LENGTH } from '../../configs/limits.ts'
import { isJsonObject } from '../event/attributes.ts'
import type { SketchMetric, TokenGroup } from '../event/envelope.ts'
import { gameDay, minuteOf } from '../event/game-day.ts'
import { deriveEventId, rowIdentity } from '../event/identity.ts'
import type { AcceptedEvent, BatchContext } from '../event/normalize.ts'
import { normalizeEvent } from '../event/normalize.ts'
import { toPaymentRow } from '../event/payment.ts'
import type { CorrectionCode, RejectionReason, Verdict } from '../event/rejection.ts'
import type { BatchColumns } from '../event/rows.ts'
import { toBatchColumns, toDateTime64, toEventRow, toRejectedRow } from '../event/rows.ts'
import type { TimeMethod } from '../event/time.ts'
import { UnreadableLine } from '../event/unreadable-line.ts'
import type { HashKey } from '../sketch/token.ts'
import { userToken } from '../sketch/token.ts'

/** Levels that the payload of a rejected event keeps when it has too many. */
const MAX_PAYLOAD_DEPTH = 32

export interface IngestContext extends BatchContext {
  readonly traceId: string
  /** IANA zone in which the game counts its days */
  readonly timeZone: string
  /** SHA-256 of what a retry repeats, hex: the body, or the events of it without their send time */
  readonly bodyDigest: string
  readonly hashKey: HashKey
}

export interface AcceptedBatch {
  readonly accepted: number
  readonly rejected: number
  /** Events that were not simply accepted, in the order of the batch */
  readonly verdicts: readonly Verdict[]
  /** NDJSON lines of `events` */
  readonly eventRows: readonly string[]
  /** NDJSON lines of `payments`, for the accepted events that are payments */
  readonly paymentRows: readonly string[]
  /** NDJSON lines of `events_rejected` */
  readonly rejectedRows: readonly string[]
  readonly tokens: readonly TokenGroup[]
}

/** What is said of an event whose time is not the client's. */
const CORRECTIONS = {
  client: null,
  sent_at: {
    code: 'event_time_corrected',
    detail: 'the clock of the client is off; the time was shifted by received - sent_at',
  },
  clamped: {
    code: 'event_time_clamped',
    detail: 'the time was ahead of ours and became the receive time; check the clock',
  },
} as const satisfies Record<TimeMethod, { code: CorrectionCode; detail: string } | null>

/** Judges every event of a batch. accepted + rejected = rawEvents.length. */
export function acceptBatch(rawEvents: readonly unknown[], context: IngestContext): AcceptedBatch {
  const verdicts: Verdict[] = []
  const eventRows: string[] = []
  const paymentRows: string[] = []
  const rejectedRows: string[] = []
  const tokens = new TokenCollector(context)
  const firstIndexes = new Map<string, number>()
  const shared = toBatchColumns(context)
  const { sentTimeMs } = context
  const sentTime = sentTimeMs === null ? undefined : toDateTime64(sentTimeMs)

  for (const [index, raw] of rawEvents.entries()) {
    const outcome = refuseRepeated(judge(raw, context), index, firstIndexes)
    if ('code' in outcome) {
      verdicts.push({
        index,
        event_id: stringField(raw, 'event_id'),
        status: 'rejected',
        ...outcome,
      })
      rejectedRows.push(rejectedRow(raw, index, outcome, context, shared))
      continue
    }
    const eventId = outcome.eventId ?? deriveEventId(context.bodyDigest, index)
    eventRows.push(toEventRow(outcome, eventId, shared, sentTime))
    if (outcome.payment !== null) {
      paymentRows.push(toPaymentRow(outcome, outcome.payment, shared))
    }
    tokens.add(outcome)
    const correction = CORRECTIONS[outcome.time.method]
    if (correction !== null) {
      const pointer = '/event_time'
      verdicts.push({ index, event_id: eventId, status: 'corrected', pointer, ...correction })
    }
  }
  return {
    accepted: eventRows.length,
    rejected: rejectedRows.length,
    verdicts,
    eventRows,
    paymentRows,
    rejectedRows,
    tokens: tokens.groups(),
  }
}

/** A row of `events_rejected` for a body that could not be taken apart into events at all. */
export function unreadableBodyRow(text: string, reason: string, context: IngestContext): string {
  return toRejectedRow(
    {
      rejectionId: `${context.bodyDigest.slice(0, 32)}-body`,
      traceId: context.traceId,
      index: 0,
      eventId: '',
      eventName: '',
      code: 'invalid_json',
      pointer: '',
      detail: reason,
      payload: cut(text),
    },
    toBatchColumns(context),
  )
}

function judge(raw: unknown, context: IngestContext): AcceptedEvent | RejectionReason {
  if (!(raw instanceof UnreadableLine)) return normalizeEvent(raw, context)
  return { code: 'invalid_json', pointer: '', detail: 'expected a line of JSON' }
}

function refuseRepeated(
  outcome: AcceptedEvent | RejectionReason,
  index: number,
  firstIndexes: Map<string, number>,
): AcceptedEvent | RejectionReason {
  // A derived id carries the index, so only ids of the client can repeat.
  if ('code' in outcome || outcome.eventId === null) return outcome
  const identity = rowIdentity(outcome, outcome.eventId)
  const first = firstIndexes.get(identity)
  if (first === undefined) {
    firstIndexes.set(identity, index)
    return outcome
  }
  return {
    code: 'duplicate_event_id',
    pointer: '/event_id',
    detail: `expected an event_id of its own; event ${first} of this batch has the same`,
  }
}

function rejectedRow(
  raw: unknown,
  index: number,
  reason: RejectionReason,
  context: IngestContext,
  shared: BatchColumns,
): string {
  return toRejectedRow(
    {
      rejectionId: `${context.bodyDigest.slice(0, 32)}-${index}`,
      traceId: context.traceId,
      index,
      eventId: cutId(stringField(raw, 'event_id')),
      eventName: cutId(stringField(raw, 'event')),
      ...reason,
      payload: cut(textOf(raw)),
    },
    shared,
  )
}

/** The event as JSON; what is nested too deeply for that is cut off where nobody would look for it. */
function textOf(raw: unknown): string {
  if (raw instanceof UnreadableLine) return raw.text
  try {
    return JSON.stringify(raw)
  } catch {
    // Only nesting beyond the stack can fail here: the value came out of JSON.parse.
    return JSON.stringify(pruned(raw, MAX_PAYLOAD_DEPTH))
  }
}

function pruned(value: unknown, levels: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (levels === 0) return '...'
  if (Array.isArray(value)) return value.map((item) => pruned(item, levels - 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, pruned(item, levels - 1)]),
  )
}

function stringField(raw: unknown, field: string): string | null {
  const value = isJsonObject(raw) ? raw[field] : null
  return typeof value === 'string' ? value.slice(0, 256) : null
}

function cutId(text: string | null): string {
  return (text ?? '').toWellFormed()
}

function cut(text: string): string {
  return text.slice(0, MAX_REJECTED_PAYLOAD_LENGTH).toWellFormed()
}

/** User tokens of a batch, without repeats, by metric and bucket. */
class TokenCollector {
  readonly #context: IngestContext
  readonly #tokens = new Map<SketchMetric, Map<number, Set<number>>>()

  constructor(context: IngestContext) {
    this.#context = context
  }

  add(event: AcceptedEvent): void {
    const { countsAs } = event.definition
    if (countsAs.length === 0) return
    const token = userToken(this.#context.hashKey, event.userId)
    for (const metric of countsAs) {
      const { eventTimeMs } = event.time
      const bucket =
        metric === 'online' ? minuteOf(eventTimeMs) : gameDay(eventTimeMs, this.#context.timeZone)
      this.#bucket(metric, bucket).add(token)
    }
  }

  groups(): TokenGroup[] {
    return [...this.#tokens].flatMap(([metric, buckets]) =>
      [...buckets].map(([bucket, tokens]) => ({
        metric,
        bucket,
        tokens: Uint32Array.from(tokens),
      })),
    )
  }

  #bucket(metric: SketchMetric, bucket: number): Set<number> {
    let buckets = this.#tokens.get(metric)
    if (buckets === undefined) this.#tokens.set(metric, (buckets = new Map()))
    let tokens = buckets.get(bucket)
    if (tokens === undefined) buckets.set(bucket, (tokens = new Set()))
    return tokens
  }
}
