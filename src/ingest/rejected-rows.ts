/** Events and payments that were not accepted, as rows of `events_rejected`: bounded, with their secrets masked. */
import { MAX_REJECTED_PAYLOAD_LENGTH, MAX_UNREADABLE_BODY_LENGTH } from '../../configs/limits.ts'
import { isJsonObject } from '../event/attributes.ts'
import { hideOrigin, hidePayload, hidesAnything } from '../event/privacy.ts'
import type { RejectionReason, Verdict } from '../event/rejection.ts'
import { REFUSALS } from '../event/rejection.ts'
import type { BatchColumns, RejectedEvent } from '../event/rows.ts'
import { toBatchColumns, toDateTime64, toRejectedRow } from '../event/rows.ts'
import { UnreadableLine } from '../event/unreadable-line.ts'
import type { IngestContext } from './ingest-context.ts'

/** Characters of a name or an id that a row repeats, whatever was sent. */
const MAX_SHOWN_LENGTH = 256

/** The reason against a line that is no JSON; null for everything else. */
export function refuseUnreadable(raw: unknown): RejectionReason | null {
  return raw instanceof UnreadableLine
    ? { code: 'invalid_json', pointer: '', detail: 'expected a line of JSON' }
    : null
}

export interface Refusal {
  readonly verdict: Verdict
  /** The line of `events_rejected`, ending with a newline */
  readonly row: string
}

/**
 * A refused event or payment: what is said of it, and how it is kept. Only what is kept whole can be judged again, so
 * what was cut or masked is rejected, whatever the reason.
 */
export function refusalOf(
  raw: unknown,
  index: number,
  reason: RejectionReason,
  door: RejectedEvent['door'],
  context: IngestContext,
  shared: BatchColumns,
): Refusal {
  const { sentTimeMs, sentUptimeMs, origin } = context
  const { text, isWhole } = payloadOf(raw, context)
  const isKeptWhole = isWhole && text.length <= MAX_REJECTED_PAYLOAD_LENGTH
  const { isCurable = false, ...shown } = reason
  const verdict: Verdict = {
    index,
    event_id: textField(raw, 'event_id'),
    status: isCurable && isKeptWhole ? 'quarantined' : 'rejected',
    ...shown,
    advice: adviceOn(reason, door, isKeptWhole),
  }
  const row = toRejectedRow(
    {
      rejectionId: `${context.bodyDigest().slice(0, 32)}-${index}`,
      traceId: context.traceId,
      index,
      eventId: textField(raw, 'event_id') ?? '',
      eventName: textField(raw, 'event') ?? '',
      ...shown,
      payload: cut(text, MAX_REJECTED_PAYLOAD_LENGTH),
      verdict: verdict.status === 'quarantined' ? 'quarantined' : 'rejected',
      door,
      reporter: context.reporter,
      sentTime: sentTimeMs === null ? undefined : toDateTime64(sentTimeMs),
      sentUptimeMs: sentUptimeMs ?? undefined,
      origin: origin === null ? null : hideOrigin(origin, context.game),
    },
    shared,
  )
  return { verdict, row }
}

function adviceOn(
  { code, isCurable }: RejectionReason,
  door: RejectedEvent['door'],
  isKeptWhole: boolean,
): string {
  if (isCurable === true && !isKeptWhole) {
    return 'Part of it was masked or cut, so it cannot be replayed: mend the cause and send it again.'
  }
  const isOfPayment =
    door === 'payments' && (code === 'missing_attribute' || code === 'invalid_attribute')
  return isOfPayment
    ? 'See the fields of a payment: POST /api/payments/track in /docs.'
    : REFUSALS[code].advice
}

/** A row for a body that could not be taken apart into events at all. */
export function unreadableBodyRow(
  text: string,
  detail: string,
  door: RejectedEvent['door'],
  context: IngestContext,
): string {
  return toRejectedRow(
    {
      rejectionId: `${context.bodyDigest().slice(0, 32)}-body`,
      traceId: context.traceId,
      index: 0,
      eventId: '',
      eventName: '',
      code: 'invalid_json',
      pointer: '',
      detail,
      payload: unreadableText(text, context),
      verdict: 'rejected',
      door,
      reporter: context.reporter,
      sentTime: undefined,
      sentUptimeMs: undefined,
      origin: null,
    },
    toBatchColumns(context),
  )
}

interface Payload {
  readonly text: string
  /** Nothing of it was masked or left out */
  readonly isWhole: boolean
}

/** What is shown of an event: its JSON without secrets, ids as the game wants to have them. */
export function payloadOf(raw: unknown, context: IngestContext): Payload {
  if (raw instanceof UnreadableLine) {
    return { text: unreadableText(raw.text, context), isWhole: false }
  }
  // Nothing but an object has names to go by.
  if (!isJsonObject(raw) && hidesAnything(context.game)) return { text: '', isWhole: false }
  const { value, isWhole } = hidePayload(raw, context.game)
  return { text: JSON.stringify(value), isWhole }
}

/** Text that is no JSON cannot be masked: where the game hides ids or properties, none of it is kept. */
function unreadableText(text: string, { game }: IngestContext): string {
  return hidesAnything(game) ? '' : cut(text, MAX_UNREADABLE_BODY_LENGTH)
}

/** A field of an event when it is text, cut to what may be shown. */
export function textField(raw: unknown, field: string): string | null {
  const value = isJsonObject(raw) ? raw[field] : null
  return typeof value === 'string' ? cut(value, MAX_SHOWN_LENGTH) : null
}

function cut(text: string, length: number): string {
  return text.slice(0, length).toWellFormed()
}
