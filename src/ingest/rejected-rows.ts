/** Events and payments that were not accepted, as rows of `events_rejected`: bounded, with their secrets masked. */
import { MAX_REJECTED_PAYLOAD_LENGTH, MAX_UNREADABLE_BODY_LENGTH } from '../../configs/limits.ts'
import { isJsonObject } from '../event/attributes.ts'
import { hidePayload } from '../event/privacy.ts'
import type { RejectionReason, Verdict } from '../event/rejection.ts'
import { REFUSALS } from '../event/rejection.ts'
import type { BatchColumns, RejectedEvent } from '../event/rows.ts'
import { toBatchColumns, toDateTime64, toRejectedRow } from '../event/rows.ts'
import { UnreadableLine } from '../event/unreadable-line.ts'
import type { IngestContext } from './ingest-context.ts'

/** Characters of a name or an id that a row repeats, whatever was sent. */
const MAX_SHOWN_LENGTH = 256

/** The verdict on an event that was refused. */
export function refusalVerdict(raw: unknown, index: number, reason: RejectionReason): Verdict {
  return { index, event_id: textField(raw, 'event_id'), ...REFUSALS[reason.code], ...reason }
}

/** The row of a refused event or payment, ending with a newline. */
export function rejectedRow(
  raw: unknown,
  index: number,
  reason: RejectionReason,
  door: RejectedEvent['door'],
  context: IngestContext,
  shared: BatchColumns,
): string {
  const { sentTimeMs, sentUptimeMs, origin } = context
  return toRejectedRow(
    {
      rejectionId: `${context.bodyDigest.slice(0, 32)}-${index}`,
      traceId: context.traceId,
      index,
      eventId: textField(raw, 'event_id') ?? '',
      eventName: textField(raw, 'event') ?? '',
      ...reason,
      payload: cut(payloadText(raw, context), MAX_REJECTED_PAYLOAD_LENGTH),
      verdict: REFUSALS[reason.code].status,
      door,
      reporter: context.reporter,
      sentTime: sentTimeMs === null ? undefined : toDateTime64(sentTimeMs),
      sentUptimeMs: sentUptimeMs ?? undefined,
      origin,
    },
    shared,
  )
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
      rejectionId: `${context.bodyDigest.slice(0, 32)}-body`,
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
      origin: context.origin,
    },
    toBatchColumns(context),
  )
}

/** What is shown of a refused event: its JSON without secrets, ids as the game wants to have them. */
export function payloadText(raw: unknown, context: IngestContext): string {
  if (raw instanceof UnreadableLine) return unreadableText(raw.text, context)
  // Walking is bounded in depth, so what is nested beyond the stack is cut off, not thrown.
  return JSON.stringify(hidePayload(raw, context.game))
}

/** Text that is no JSON cannot be masked: where the game hides ids or properties, none of it is kept. */
function unreadableText(text: string, { game }: IngestContext): string {
  const mayHoldHidden = game.pseudonymKey !== null || game.maskedProperties.length > 0
  return mayHoldHidden ? '' : cut(text, MAX_UNREADABLE_BODY_LENGTH)
}

/** A field of an event when it is text, cut to what may be shown. */
export function textField(raw: unknown, field: string): string | null {
  const value = isJsonObject(raw) ? raw[field] : null
  return typeof value === 'string' ? cut(value, MAX_SHOWN_LENGTH) : null
}

function cut(text: string, length: number): string {
  return text.slice(0, length).toWellFormed()
}
