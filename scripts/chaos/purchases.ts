/** What is reported of an order: by the client as an event or as a payment, by the server, and its refunds. Pure. */
import type { Random } from '../simulate/random.ts'
import type { Reported } from './sessions.ts'

interface Order {
  readonly userId: string
  readonly orderId: string
  /** In milliseconds since the epoch */
  readonly atMs: number
  /** The client reports it as well; one whose clock is corrected does not, because its times are not exact */
  readonly isOfClient: boolean
  readonly markNext: () => string
}

interface Report {
  /** Null when it is sent to the door of payments */
  readonly event: { readonly name: string; readonly props: object } | null
  readonly reported: Reported
}

const CURRENCIES = ['USD', 'EUR', 'JPY'] as const

/** All reports of one order. */
export function money(random: Random, order: Order): Report[] {
  const amountCents = Math.floor(random.logBetween(50, 20_000))
  const currency = random.pick(CURRENCIES)
  const reportOf = (
    reporter: Reported['reporter'],
    status: Reported['status'],
    facts: { afterMs?: number; cents?: number; refundId?: string; refusedFor?: string } = {},
  ): Reported => {
    const { afterMs = 0, cents = amountCents, refundId = '', refusedFor = null } = facts
    const mark = order.markNext()
    const trueMs = order.atMs + afterMs
    return {
      kind: 'payment',
      mark,
      orderId: order.orderId,
      refundId,
      status,
      reporter,
      amountCents: cents,
      currency,
      userId: order.userId,
      trueMs,
      refusedFor,
      raw: {
        order_id: order.orderId,
        user_id: order.userId,
        status,
        amount_cents: cents,
        currency,
        ts: new Date(trueMs).toISOString(),
        reason: mark,
        ...(refundId !== '' && { refund_id: refundId }),
      },
    }
  }
  const asEvent = (name: string, reported: Reported): Report => ({
    event: {
      name,
      props: {
        order_id: order.orderId,
        sku_id: 'gems',
        amount_cents: reported.amountCents,
        currency_code: currency,
      },
    },
    reported,
  })

  const reports: Report[] = []
  const isConfirmed = !order.isOfClient || random.chance(0.6)
  if (order.isOfClient) {
    const succeeded = reportOf('client', 'success')
    reports.push(
      random.chance(0.5) ? asEvent('monetization.purchase_success', succeeded) : atDoor(succeeded),
    )
  }
  if (!isConfirmed) return reports
  // The server knows better: another amount, or that nothing was paid.
  if (random.chance(0.3)) reports.push(atDoor(reportOf('server', 'pending')))
  if (random.chance(0.15))
    return [...reports, atDoor(reportOf('server', 'failed', { afterMs: 10 }))]
  const paid = Math.floor(amountCents * 0.9)
  reports.push(atDoor(reportOf('server', 'success', { afterMs: 20, cents: paid })))
  if (random.chance(0.15)) {
    for (const refundId of ['r1', 'r2']) {
      const cents = Math.floor(paid / 4)
      reports.push(atDoor(reportOf('server', 'refunded', { afterMs: 60_000, cents, refundId })))
    }
  }
  if (random.chance(0.1) && order.isOfClient) {
    reports.push(atDoor(reportOf('client', 'refunded', { refusedFor: 'server_only' })))
  }
  return reports
}

function atDoor(reported: Reported): Report {
  return { event: null, reported }
}
