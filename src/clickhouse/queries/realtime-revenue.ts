/** How much came in just now: the money of today and of the last minutes, and of every minute of a range. */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { ask } from '../reader.ts'
import { instantSql } from './question.ts'
import { settledPaymentsSql } from './settled-payments.ts'

/** A sum that no number of payments makes unreadable: 128 bits in the database, text on the way. */
const sumSchema = z.string().regex(/^\d+$/).transform(BigInt)

const revenueRowSchema = z.object({
  currency: z.string(),
  recent_cents: sumSchema,
  today_cents: sumSchema,
  succeeded: z.int().nonnegative(),
  failed: z.int().nonnegative(),
})
export type RealtimeRevenueRow = z.infer<typeof revenueRowSchema>

const minuteRowSchema = z.object({ minute: z.int(), revenue_cents: sumSchema })
export type MinuteRevenueRow = z.infer<typeof minuteRowSchema>

/** An answer about this very moment waits no longer for the database, in milliseconds. */
export const REVENUE_DEADLINE_MS = 8_000

interface GameScope {
  readonly gameId: string
  readonly env: string
}

/** Instants in milliseconds since the epoch. */
interface Present {
  readonly dayStartMs: number
  /** Where the last minutes begin; it may lie before the day */
  readonly recentStartMs: number
  readonly nowMs: number
}

/**
 * One row per currency with a settled order since the earlier of the two instants, up to `nowMs` and with it: successful
 * payments in minor units, exact; `succeeded` and `failed` are orders of today. Throws DatabaseError.
 */
export function realtimeRevenue(
  connection: ClickHouseConnection,
  { gameId, env }: GameScope,
  { dayStartMs, recentStartMs, nowMs }: Present,
): Promise<RealtimeRevenueRow[]> {
  const isToday = `time >= ${instantSql('day_start_ms')}`
  const isRecent = `time >= ${instantSql('recent_start_ms')}`
  const query = {
    sql: `
SELECT
    currency,
    toString(sumIf(toUInt128(amount_cents), status = 'success' AND ${isRecent})) AS recent_cents,
    toString(sumIf(toUInt128(amount_cents), status = 'success' AND ${isToday})) AS today_cents,
    countIf(status = 'success' AND ${isToday}) AS succeeded,
    countIf(status = 'failed' AND ${isToday}) AS failed
FROM ${settledPaymentsSql(['success', 'failed'])}
GROUP BY currency
ORDER BY currency`,
    params: {
      game_id: gameId,
      env,
      day_start_ms: dayStartMs,
      recent_start_ms: recentStartMs,
      start_ms: Math.min(dayStartMs, recentStartMs),
      end_ms: nowMs + 1,
    },
    row: revenueRowSchema,
  }
  return ask(connection, query, { deadlineMs: REVENUE_DEADLINE_MS })
}

/**
 * Successful payments in one currency, in minor units, exact: one row per minute (minutes since the epoch) of
 * [startMs, endMs) that has any, ascending. Throws DatabaseError.
 */
export function minuteRevenue(
  connection: ClickHouseConnection,
  { gameId, env }: GameScope,
  { startMs, endMs, currency }: { startMs: number; endMs: number; currency: string },
): Promise<MinuteRevenueRow[]> {
  return ask(connection, {
    sql: `
SELECT
    intDiv(toUnixTimestamp64Milli(time), 60000) AS minute,
    toString(sum(toUInt128(amount_cents))) AS revenue_cents
FROM ${settledPaymentsSql(['success'])}
WHERE currency = {currency:String}
GROUP BY minute
ORDER BY minute`,
    params: { game_id: gameId, env, start_ms: startMs, end_ms: endMs, currency },
    row: minuteRowSchema,
  })
}
