/** How much was paid and refunded on each day of the range, in each currency? */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { ask } from '../reader.ts'
import { filterSql, groupSql } from './dimension.ts'
import type { Question } from './question.ts'
import { daySql, questionParams } from './question.ts'
import { settledPaymentsSql } from './settled-payments.ts'

/** A sum that no number of payments makes unreadable: 128 bits in the database, text on the way. */
const sumSchema = z.string().regex(/^\d+$/).transform(BigInt)

const rowSchema = z.object({
  grp: z.int(),
  currency: z.string(),
  day: z.int(),
  revenue_cents: sumSchema,
  refunds_cents: sumSchema,
})
export type DailyRevenueRow = z.infer<typeof rowSchema>

/**
 * One row per group, currency and day that has any; integers of the currency's minor unit, exact. A refund counts
 * on the day of the refund and leaves the revenue of the payment's day as it was. Only for dimensions that
 * payments have. Throws DatabaseError.
 */
export function dailyRevenue(
  connection: ClickHouseConnection,
  question: Question,
): Promise<DailyRevenueRow[]> {
  return ask(connection, {
    sql: `
SELECT
    ${groupSql(question.grouping)} AS grp,
    currency,
    ${daySql('time')} AS day,
    toString(sumIf(toUInt128(amount_cents), status = 'success')) AS revenue_cents,
    toString(sumIf(toUInt128(amount_cents), status = 'refunded')) AS refunds_cents
FROM ${settledPaymentsSql(['success', 'refunded'])}
WHERE ${filterSql(question.filters)}
GROUP BY grp, currency, day`,
    params: questionParams(question),
    row: rowSchema,
  })
}
