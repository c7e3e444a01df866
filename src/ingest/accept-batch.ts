/**
 * The heart of ingest, pure: a parsed body and the receive time in; rows, user tokens and verdicts out.
 * Every event ends as a row of `events`, as a row of `events_rejected`, or is counted as filtered.
 */
import { filterEvent, samplePercent } from '../event/filter.ts'
import { gameDay } from '../event/game-day.ts'
import { deriveEventId, rowIdentity } from '../event/identity.ts'
import type { AcceptedEvent } from '../event/normalize.ts'
import { normalizeEvent } from '../event/normalize.ts'
import { toPaymentRow } from '../event/payment.ts'
import type { RejectionReason } from '../event/rejection.ts'
import { toBatchColumns, toDateTime64, toEventRow } from '../event/rows.ts'
import type { AcceptedBatch } from './accepted-batch.ts'
import type { IngestContext } from './ingest-context.ts'
import { refuseUnreadable } from './rejected-rows.ts'
import { TokenCollector } from './token-collector.ts'
import { VerdictLedger } from './verdict-ledger.ts'

/**
 * Judges every event of a batch. `firstIndex` is the position of the first one in the body that it came in:
 * ids that are derived from positions are the same when a part of a body is judged again.
 */
export function acceptBatch(
  rawEvents: readonly unknown[],
  context: IngestContext,
  firstIndex = 0,
): AcceptedBatch {
  const { settings, sentTimeMs, reporter, game } = context
  const shared = toBatchColumns(context)
  const ledger = new VerdictLedger('events', context, shared)
  const seen = new SeenEvents()
  const tokens = new TokenCollector(context)
  const eventRows: string[] = []
  const paymentRows: string[] = []
  const revenueDays = new Set<number>()
  const sentTime = sentTimeMs === null ? undefined : toDateTime64(sentTimeMs)
  const isBot = context.origin?.isBot ?? false

  for (const [offset, raw] of rawEvents.entries()) {
    const index = firstIndex + offset
    const judged = refuseUnreadable(raw) ?? normalizeEvent(raw, context)
    const event = refuseRepeated(judged, index, seen)
    if ('code' in event) {
      ledger.refuse(raw, index, event)
      continue
    }
    const { definition, payment } = event
    const eventId = event.eventId ?? deriveEventId(context.bodyDigest(), index)
    const subject = {
      id: definition.id,
      countsAs: definition.countsAs,
      isPayment: payment !== null,
    }
    const reason = filterEvent(settings, subject, () => rowIdentity(event, eventId))
    if (reason !== null) {
      ledger.filter(index, eventId, '/event', reason)
      continue
    }
    const facts = { sentTime, isBot, samplePercent: samplePercent(settings, subject) }
    eventRows.push(toEventRow(event, eventId, shared, facts))
    if (payment !== null) {
      paymentRows.push(toPaymentRow(event, payment, shared, reporter, game.maskedProperties))
      revenueDays.add(gameDay(event.time.eventTimeMs, context.timeZone))
    }
    tokens.add(event)
    if (event.time.method !== 'client') {
      ledger.noteTime(index, eventId, `/${event.timeField}`, event.time.method)
    }
  }
  return {
    ...ledger.summary(),
    accepted: eventRows.length,
    eventRows,
    paymentRows,
    tokens: tokens.groups(),
    revenueDays: [...revenueDays].toSorted((a, b) => a - b),
  }
}

function refuseRepeated(
  event: AcceptedEvent | RejectionReason,
  index: number,
  seen: SeenEvents,
): AcceptedEvent | RejectionReason {
  // A derived id carries the index, so only ids of the client can repeat.
  if ('code' in event || event.eventId === null) return event
  const first = seen.firstLike(event, event.eventId, index)
  if (first === null) return event
  return {
    code: 'duplicate_event_id',
    pointer: '/event_id',
    detail: `expected an event_id of its own; event ${first} of this batch has the same`,
  }
}

/** The events of a batch by their ids: nearly all differ, so whole identities are seldom made. */
class SeenEvents {
  readonly #firstOfId = new Map<string, readonly [AcceptedEvent, number]>()
  readonly #furtherOnes = new Map<string, number>()

  /** The position of the event before this one that is the same row; null when there is none. */
  firstLike(event: AcceptedEvent, eventId: string, index: number): number | null {
    const first = this.#firstOfId.get(eventId)
    if (first === undefined) {
      this.#firstOfId.set(eventId, [event, index])
      return null
    }
    const [other, otherIndex] = first
    const identity = rowIdentity(event, eventId)
    if (rowIdentity(other, eventId) === identity) return otherIndex
    const known = this.#furtherOnes.get(identity)
    if (known === undefined) this.#furtherOnes.set(identity, index)
    return known ?? null
  }
}
