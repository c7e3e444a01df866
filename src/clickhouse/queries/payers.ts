/** How many users paid in the range, in any currency and in each? */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { ask } from '../reader.ts'
import { filterSql, groupSql } from './dimension.ts'
import type { Question } from './question.ts'
import { questionParams } from './question.ts'
import { settledPaymentsSql } from './settled-payments.ts'

const rowSchema = z.object({
  grp: z.int(),
  /** 1 in the row that counts over all currencies */
  any_currency: z.int(),
  currency: z.string(),
  payers: z.int(),
})
export type PayersRow = z.infer<typeof rowSchema>

/**
 * Per group one row for all currencies together and one for each; unique users with a successful payment. Only
 * for dimensions that payments have. Throws DatabaseError.
 */
export function payers(connection: ClickHouseConnection, question: Question): Promise<PayersRow[]> {
  return ask(connection, {
    sql: `
SELECT grp, grouping(paid_in) AS any_currency, paid_in AS currency, uniqExact(user_id) AS payers
FROM
(
    SELECT ${groupSql(question.grouping)} AS grp, currency AS paid_in, user_id
    FROM ${settledPaymentsSql(['success'])}
    WHERE ${filterSql(question.filters)}
)
GROUP BY GROUPING SETS ((grp), (grp, paid_in))`,
    params: questionParams(question),
    row: rowSchema,
  })
}
