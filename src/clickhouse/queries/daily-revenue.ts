/** How much was paid and refunded on each day of the range, in each currency? */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { ask } from '../reader.ts'
import { filterSql, groupSql } from './dimension.ts'
import type { Question } from './question.ts'
import { daySql, questionParams } from './question.ts'
import { settledPaymentsSql } from './settled-payments.ts'

const rowSchema = z.object({
  grp: z.int(),
  currency: z.string(),
  day: z.int(),
  revenue_cents: z.int(),
  refunds_cents: z.int(),
})
export type DailyRevenueRow = z.infer<typeof rowSchema>

/**
 * One row per group, currency and day that has any; integers of the currency's minor unit. A refund counts on
 * the day of the refund and leaves the revenue of the payment's day as it was. Only for dimensions that
 * payments have. Throws DatabaseError, also when a sum is beyond what a double holds exactly.
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
    sumIf(amount_cents, status = 'success') AS revenue_cents,
    sumIf(amount_cents, status = 'refunded') AS refunds_cents
FROM ${settledPaymentsSql(['success', 'refunded'])}
WHERE ${filterSql(question.filters)}
GROUP BY grp, currency, day`,
    params: questionParams(question),
    row: rowSchema,
  })
}
