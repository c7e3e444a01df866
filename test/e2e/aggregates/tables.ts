/** What the aggregate tables hold of a game; every key once. */
import { z } from 'zod'

import type { ClickHouseConnection } from '../../../src/clickhouse/connection.ts'
import { ask } from '../../../src/clickhouse/reader.ts'

const count = z.int()
const date = z.string()
const cents = z.string().transform(Number)

/** A table's rows about a game, in the order of its key. */
type ReadTable<Row> = (connection: ClickHouseConnection, gameId: string) => Promise<Row[]>

function table<Row>(sql: string, row: z.ZodType<Row>): ReadTable<Row> {
  const where = 'WHERE game_id = {gameId:String} AND env = {env:String} ORDER BY 1, 2'
  return (connection, gameId) =>
    ask(connection, { sql: `${sql} ${where}`, params: { gameId, env: 'prod' }, row })
}

export const dailyUsers = table(
  'SELECT toString(d) AS d, dau, new_users, wau, mau FROM daily_users FINAL',
  z.object({ d: date, dau: count, new_users: count, wau: count, mau: count }),
)

export const dailyErrors = table(
  'SELECT toString(d) AS d, dau, dau_error FROM daily_users FINAL',
  z.object({ d: date, dau: count, dau_error: count }),
)

export const minutesOnline = table(
  `SELECT intDiv(toUnixTimestamp(m), 60) AS minute, online, active_5m, active_15m
   FROM minute_online FINAL`,
  z.object({ minute: count, online: count, active_5m: count, active_15m: count }),
)

export const dailyPeaks = table(
  'SELECT toString(d) AS d, peak FROM daily_online_peak FINAL',
  z.object({ d: date, peak: count }),
)

export const exactDays = table(
  'SELECT toString(d) AS d, dau, new_users, online_peak AS peak FROM daily_exact FINAL',
  z.object({ d: date, dau: count, new_users: count, peak: count }),
)

/** Without the rows of zeros that a currency has where it has lost its last payment of a day. */
export const dailyRevenue = table(
  `SELECT toString(d) AS d, currency, toString(revenue_cents) AS revenue,
     toString(refunds_cents) AS refunds, failed, succeeded
   FROM (SELECT * FROM daily_revenue FINAL WHERE revenue_cents + refunds_cents + failed + succeeded > 0)`,
  z.object({
    d: date,
    currency: z.string(),
    revenue: cents,
    refunds: cents,
    failed: count,
    succeeded: count,
  }),
)
