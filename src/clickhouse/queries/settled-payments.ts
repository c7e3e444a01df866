/**
 * What became of every order: the one place that decides which reports of payments count.
 *
 * A table row is what was said of an order with one status. Of several statuses one counts: the server's word beats
 * the clients' (so nothing that they say counts once the server has said success, failed or pending), and by the same
 * reporter success beats failed beats pending. Refunds count beside it, as the server said them.
 */
import type { PaymentStatus } from '../../event/payment.ts'
import { instantSql, SCOPE_SQL } from './question.ts'

/** What can be said of an order, what wins first. */
const REPORTS = [
  { reporter: 'server', status: 'success' },
  { reporter: 'server', status: 'failed' },
  { reporter: 'server', status: 'pending' },
  { reporter: 'client', status: 'success' },
  { reporter: 'client', status: 'failed' },
  { reporter: 'client', status: 'pending' },
] as const
type Report = (typeof REPORTS)[number]

/** Columns that a refund has from its order where the server did not repeat them. */
const INHERITED = ['channel', 'platform', 'country', 'region', 'city', 'product_id'] as const

const OWN = [
  'time',
  'user_id',
  'order_id',
  'refund_id',
  'amount_cents',
  'currency',
  'status',
  'reason',
  'reported_by',
] as const

const IN_RANGE = `time >= ${instantSql('start_ms')} AND time < ${instantSql('end_ms')}`
const REFUND = `status = 'refunded' AND reported_by = 'server'`

/**
 * A subquery, to stand after FROM: the payments of the scope and range with one of the statuses that count, each
 * once. An order has one row at most that is no refund, and one row for each of its refunds, which count even if the
 * order is not known. Orders are settled by all their rows, whenever they happened. It has the columns of `payments`
 * but those of the delivery, and needs the parameters of questionParams().
 */
export function settledPaymentsSql(statuses: readonly [PaymentStatus, ...PaymentStatus[]]): string {
  const counted = statuses.flatMap((status) =>
    status === 'refunded'
      ? [`(${REFUND})`]
      : REPORTS.filter((report) => report.status === status).map(unbeatenSql),
  )
  const names = statuses.map((status) => `'${status}'`).join(', ')
  const payments = `
        SELECT *, if(status = 'refunded', order_id, '') AS refunded_order
        FROM payments FINAL
        WHERE ${SCOPE_SQL} AND ${IN_RANGE} AND status IN (${names})
            AND (${counted.join('\n                OR ')})`
  if (!statuses.includes('refunded')) return `(${payments}\n    )`
  return `(
    SELECT
        ${OWN.map((name) => `payment.${name} AS ${name}`).join(', ')},
        ${INHERITED.map(inheritedSql).join(',\n        ')}
    FROM (${payments}
    ) AS payment
    LEFT ANY JOIN (${REFUNDED_ORDERS}
    ) AS origin ON payment.refunded_order = origin.order_id
    )`
}

/** Rows of this report that no better report of the order beats. */
function unbeatenSql({ reporter, status }: Report): string {
  const own = `reported_by = '${reporter}' AND status = '${status}'`
  // The same status from a better reporter has replaced the row already: it is the same row to the table.
  const better = REPORTS.slice(
    0,
    REPORTS.findIndex((each) => each.reporter === reporter && each.status === status),
  ).filter((each) => each.status !== status)
  if (better.length === 0) return `(${own})`
  const isBetter = better
    .map((each) => `reported_by = '${each.reporter}' AND status = '${each.status}'`)
    .join(' OR ')
  // Nearly every order has a better report (it is pending before it is a success): of those only the ids that are asked
  // about may enter the memory. By their hash, which is small and no part of the primary key: a range of all orders
  // would otherwise be looked up in it id by id. Two ids of one hash only make the set larger.
  const asked = `cityHash64(order_id) IN (
                        SELECT cityHash64(order_id) FROM payments WHERE ${SCOPE_SQL} AND ${own} AND ${IN_RANGE})`
  return `(${own} AND order_id NOT IN (
                    SELECT order_id FROM payments WHERE ${SCOPE_SQL} AND (${isBetter}) AND ${asked}))`
}

function inheritedSql(name: (typeof INHERITED)[number], index: number): string {
  const own = `payment.${name}`
  return `if(${own} = '' AND payment.status = 'refunded', origin.labels.${index + 1}, ${own}) AS ${name}`
}

/** The row that counts of every order with a refund in the range: best report first, then as FINAL would pick. */
const REFUNDED_ORDERS = `
        SELECT
            order_id,
            argMax(
                (${INHERITED.join(', ')}),
                (reported_by = 'server', indexOf(['pending', 'failed', 'success'], status), row_version)
            ) AS labels
        FROM payments
        WHERE ${SCOPE_SQL} AND status != 'refunded' AND order_id IN (
            SELECT order_id FROM payments WHERE ${SCOPE_SQL} AND ${REFUND} AND ${IN_RANGE})
        GROUP BY order_id`
