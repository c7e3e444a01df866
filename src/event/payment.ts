/**
 * Payments that are reported as events: the row of `payments` beside the row of `events`. An order is one
 * payment per status, and one per refund of it, however often and by whomever it is reported.
 */
import type { JsonObject } from './attributes.ts'
import { checkId } from './attributes.ts'
import type { Reporter } from './enrichment.ts'
import type { AcceptedEvent } from './normalize.ts'
import type { Money, PaymentFault } from './payment-amount.ts'
import { dollarsToCents, NO_MONEY, readMoney } from './payment-amount.ts'
import { paymentRow, storedTexts } from './payment-row.ts'
import type { BatchColumns } from './rows.ts'

export type PaymentStatus = 'success' | 'refunded' | 'failed' | 'pending'

/** Events that are payments, and what they say of the order. */
const STATUS_BY_EVENT: ReadonlyMap<string, PaymentStatus> = new Map([
  ['monetization.purchase_success', 'success'],
  ['monetization.purchase_fail', 'failed'],
  ['monetization.purchase_attempt', 'pending'],
  ['monetization.refund', 'refunded'],
])

/** price_usd is in this currency, whatever the player paid in. */
const PRICE_CURRENCY = 'USD'

export interface Payment extends Money {
  readonly status: PaymentStatus
  /** Identity of the refund within its order; empty for other payments and for a refund of the whole */
  readonly refundId: string
}

/** Statuses that are nothing without an amount; of the others it may be missing. */
export function requiresAmount(status: PaymentStatus): boolean {
  return status === 'success' || status === 'refunded'
}

/** Why a reporter may not say this of an order; null when it may. A refund gives money back: the server's word. */
export function refuseReporter(
  status: PaymentStatus,
  reporter: Reporter,
  field: string,
): PaymentFault | null {
  if (status !== 'refunded' || reporter === 'server') return null
  return {
    code: 'server_only',
    detail: 'expected a refund from a server, with a server key',
    field,
  }
}

/**
 * What an event pays: amount_cents in currency_code where both are given, otherwise price_usd. Null for an event
 * that is no payment; a fault, with the attribute that it is about, for what is no money or no order.
 */
export function readPayment(
  eventId: string,
  props: JsonObject,
  reporter: Reporter,
): Payment | null | PaymentFault {
  const status = STATUS_BY_EVENT.get(eventId)
  if (status === undefined) return null
  const fault = refuseReporter(status, reporter, 'event')
  if (fault !== null) return fault
  const orderId = readId(props, 'order_id')
  if (typeof orderId !== 'string') return orderId
  const refundId = status === 'refunded' ? readRefundId(props) : ''
  if (typeof refundId !== 'string') return refundId
  const money = readEventMoney(props, status)
  return 'code' in money ? money : { status, ...money, refundId }
}

/** Identity of a refund; empty when it is not told. */
export function readRefundId(props: JsonObject): string | PaymentFault {
  return props['refund_id'] === undefined ? '' : readId(props, 'refund_id')
}

/** The id in an attribute, or why it is none. */
export function readId(props: JsonObject, field: string): string | PaymentFault {
  const value = props[field]
  if (value === undefined) return { code: 'missing_attribute', detail: `expected ${field}`, field }
  const detail = checkId(value)
  if (detail === null && typeof value === 'string') return value
  return { code: 'invalid_attribute', detail: detail ?? 'expected a string', field }
}

function readEventMoney(props: JsonObject, status: PaymentStatus): Money | PaymentFault {
  const { amount_cents, currency_code, price_usd } = props
  const hasCents = amount_cents !== undefined
  if (hasCents && (currency_code !== undefined || price_usd === undefined)) {
    // An event's own `amount` is one of virtual goods, so it is left out.
    return readMoney({ amount_cents, currency_code }, 'currency_code') ?? NO_MONEY
  }
  if (price_usd !== undefined) {
    const amountCents = dollarsToCents(price_usd)
    return typeof amountCents === 'number'
      ? { amountCents, currency: PRICE_CURRENCY }
      : { ...amountCents, field: 'price_usd' }
  }
  if (!requiresAmount(status)) return NO_MONEY
  return {
    code: 'missing_attribute',
    detail: 'expected price_usd, or amount_cents with currency_code',
    field: 'price_usd',
  }
}

/**
 * A line of `payments`, ending with a newline. `masked`: properties that the game does not want to have stored; the
 * order is the identity of the row and stays.
 */
export function toPaymentRow(
  event: AcceptedEvent,
  payment: Payment,
  shared: BatchColumns,
  reporter: Reporter,
  masked: readonly string[] = [],
): string {
  const { order_id: orderId } = event.props
  const facts = {
    timeMs: event.time.eventTimeMs,
    orderId: typeof orderId === 'string' ? orderId : '',
    columns: event.columns,
    ...storedTexts(event.props, masked),
  }
  return paymentRow(payment, facts, shared, reporter)
}
