/** Payments as the NDJSON lines that ClickHouse will receive; the only place that spells their columns. */
import type { JsonObject } from './attributes.ts'
import type { Reporter } from './enrichment.ts'
import type { Payment } from './payment.ts'
import type { UserColumns } from './privacy.ts'
import type { BatchColumns } from './rows.ts'
import { toDateTime64 } from './rows.ts'

/** What a row says beside the payment itself. */
export interface PaymentFacts {
  /** Milliseconds since the epoch */
  readonly timeMs: number
  readonly orderId: string
  /** As they are stored */
  readonly columns: UserColumns
  readonly productId: string
  readonly reason: string
}

/**
 * The product and the reason among properties, as they are stored: empty when they are no text, or when the game
 * masks them. The product has two names; whoever masks one of them masks the product.
 */
export function storedTexts(
  props: JsonObject,
  masked: readonly string[],
): Pick<PaymentFacts, 'productId' | 'reason'> {
  const shown = (value: unknown, ...names: string[]) =>
    typeof value === 'string' && !names.some((name) => masked.includes(name)) ? value : ''
  return {
    productId: shown(props['sku_id'], 'sku_id', 'product_id'),
    reason: shown(props['reason'], 'reason'),
  }
}

/** A line of `payments`, ending with a newline; empty values are left to the table's defaults. */
export function paymentRow(
  payment: Payment,
  facts: PaymentFacts,
  shared: BatchColumns,
  reporter: Reporter,
): string {
  const { user_id, channel, platform, country, region, city } = facts.columns
  const row = {
    ...shared,
    time: toDateTime64(facts.timeMs),
    user_id,
    order_id: facts.orderId,
    amount_cents: payment.amountCents,
    currency: payment.currency || undefined,
    status: payment.status,
    channel,
    platform,
    country,
    region,
    city,
    product_id: facts.productId || undefined,
    reason: facts.reason || undefined,
    reported_by: reporter,
    refund_id: payment.refundId || undefined,
  }
  return `${JSON.stringify(row)}\n`
}
