/**
 * The payments of one POST, pure: a parsed body and the receive time in; rows and verdicts out. Every payment
 * ends as a row of `payments`, as a row of `events_rejected`, or is counted as filtered.
 */
import { gameDay } from '../event/game-day.ts'
import type { AcceptedPayment } from '../event/payment-report.ts'
import { normalizePayment } from '../event/payment-report.ts'
import { paymentRow } from '../event/payment-row.ts'
import type { RejectionReason } from '../event/rejection.ts'
import { toBatchColumns } from '../event/rows.ts'
import type { AcceptedBatch } from './accepted-batch.ts'
import type { IngestContext } from './ingest-context.ts'
import { refuseUnreadable, textField } from './rejected-rows.ts'
import { VerdictLedger } from './verdict-ledger.ts'

/**
 * Judges every payment of a batch; one order may appear in it once for each status, and once for each of its
 * refunds. `firstIndex` is the position of the first one in the body that it came in.
 */
export function acceptPayments(
  rawPayments: readonly unknown[],
  context: IngestContext,
  firstIndex = 0,
): AcceptedBatch {
  const shared = toBatchColumns(context)
  const ledger = new VerdictLedger('payments', context, shared)
  const paymentRows: string[] = []
  const revenueDays = new Set<number>()

  for (const [offset, raw] of rawPayments.entries()) {
    const index = firstIndex + offset
    const judged = refuseUnreadable(raw) ?? normalizePayment(raw, context)
    const payment = refuseRepeated(judged, index, ledger)
    if ('code' in payment) {
      ledger.refuse(raw, index, payment)
      continue
    }
    const eventId = textField(raw, 'event_id')
    if (!context.settings.payments_enabled) {
      ledger.filter(index, eventId, '', PAYMENTS_DISABLED)
      continue
    }
    paymentRows.push(paymentRow(payment, payment, shared, context.reporter))
    revenueDays.add(gameDay(payment.timeMs, context.timeZone))
    ledger.noteTime(index, eventId, `/${payment.timeField}`, payment.time.method)
  }
  return {
    ...ledger.summary(),
    accepted: paymentRows.length,
    eventRows: [],
    paymentRows,
    tokens: [],
    revenueDays: [...revenueDays].toSorted((a, b) => a - b),
  }
}

const PAYMENTS_DISABLED = {
  code: 'payments_disabled',
  detail: 'the game takes no payments at the moment',
} as const

function refuseRepeated(
  payment: AcceptedPayment | RejectionReason,
  index: number,
  ledger: VerdictLedger,
): AcceptedPayment | RejectionReason {
  if ('code' in payment) return payment
  const { orderId, status, refundId } = payment
  // An id has no line break, so no two identities are joined to the same text.
  const first = ledger.firstWith(`${orderId}\n${status}\n${refundId}`, index)
  if (first === null) return payment
  return {
    code: 'duplicate_event_id',
    pointer: '/order_id',
    detail: `expected an order once for each status and refund_id; payment ${first} is the same`,
  }
}
