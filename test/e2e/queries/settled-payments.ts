/** The payments that count, row by row, as the database settles them. */
import { z } from 'zod'

import type { ClickHouseConnection } from '../../../src/clickhouse/connection.ts'
import { settledPaymentsSql } from '../../../src/clickhouse/queries/settled-payments.ts'
import { ask } from '../../../src/clickhouse/reader.ts'
import type { StoredPayment } from './random-game.ts'

export const ALL_STATUSES = ['success', 'failed', 'pending', 'refunded'] as const
type Statuses = readonly [(typeof ALL_STATUSES)[number], ...(typeof ALL_STATUSES)[number][]]

const rowSchema = z.object({
  order_id: z.string(),
  status: z.enum(ALL_STATUSES),
  refund_id: z.string(),
  user_id: z.string(),
  timeMs: z.int(),
  reported_by: z.enum(['client', 'server']),
  amount_cents: z.int(),
  currency: z.string(),
  platform: z.string(),
  country: z.string(),
})
type SettledPayment = z.infer<typeof rowSchema>

/** All rows of the range with one of the statuses, in a fixed order. */
export async function settledPayments(
  connection: ClickHouseConnection,
  scope: { gameId: string; env: string; startMs: number; endMs: number },
  statuses: Statuses,
): Promise<SettledPayment[]> {
  const rows = await ask(connection, {
    sql: `
SELECT order_id, status, refund_id, user_id, toUnixTimestamp64Milli(time) AS timeMs, reported_by,
    amount_cents, currency, platform, country
FROM ${settledPaymentsSql(statuses)}`,
    params: {
      game_id: scope.gameId,
      env: scope.env,
      start_ms: scope.startMs,
      end_ms: scope.endMs,
    },
    row: rowSchema,
  })
  return inOrder(rows)
}

/** Rows of a made-up game in the same shape and order. */
export function comparablePayments(rows: readonly StoredPayment[]): SettledPayment[] {
  return inOrder(rows.map((row) => rowSchema.parse(row)))
}

function inOrder(rows: readonly SettledPayment[]): SettledPayment[] {
  const keyOf = (row: SettledPayment) => `${row.order_id}\n${row.status}\n${row.refund_id}`
  return rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}
