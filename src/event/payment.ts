/**
 * Payments that clients report as events: the row of `payments` beside the row of `events`. An order is one
 * payment per status, however often and by whomever it is reported.
 */
import type { JsonObject } from './attributes.ts'
import type { AcceptedEvent } from './normalize.ts'
import type { Fault } from './rejection.ts'
import type { BatchColumns } from './rows.ts'
import { toDateTime64 } from './rows.ts'

/** Events that are payments, and what they say of the order. */
const STATUS_BY_EVENT: ReadonlyMap<string, 'success' | 'failed'> = new Map([
  ['monetization.purchase_success', 'success'],
  ['monetization.purchase_fail', 'failed'],
])

/** price_usd is in this currency, whatever the player paid in. */
const CURRENCY = 'USD'

/** Cents are integers: 9.99 is a double next to 999 of them, 0.005 is not. */
const MAX_ROUNDING = 1e-6

export interface Payment {
  readonly status: 'success' | 'failed'
  readonly amountCents: number
}

/** What an event pays; null for an event that is no payment, a fault for an amount that is no money. */
export function readPayment(eventId: string, props: JsonObject): Payment | null | Fault {
  const status = STATUS_BY_EVENT.get(eventId)
  if (status === undefined) return null
  const price = props['price_usd'] ?? 0
  const cents = typeof price === 'number' ? price * 100 : Number.NaN
  const amountCents = Math.round(cents)
  const isMoney =
    Number.isSafeInteger(amountCents) &&
    Math.abs(cents - amountCents) <= MAX_ROUNDING * Math.max(1, cents)
  if (amountCents >= 0 && isMoney) return { status, amountCents }
  return {
    code: 'invalid_attribute',
    detail: 'expected an amount of dollars with at most two decimals, not negative',
  }
}

/** A line of `payments`, ending with a newline. */
export function toPaymentRow(event: AcceptedEvent, payment: Payment, shared: BatchColumns): string {
  const { user_id, channel, platform, country, region, city } = event.columns
  const row = {
    ...shared,
    time: toDateTime64(event.time.eventTimeMs),
    user_id,
    order_id: event.props['order_id'],
    amount_cents: payment.amountCents,
    currency: CURRENCY,
    status: payment.status,
    channel,
    platform,
    country,
    region,
    city,
    product_id: event.props['sku_id'],
    reason: event.props['reason'],
    reported_by: 'client',
  }
  return `${JSON.stringify(row)}\n`
}
