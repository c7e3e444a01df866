/** What did the sketches say of every day, and what did the raw rows? */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { ask } from '../reader.ts'
import { SCOPE_SQL } from './question.ts'

const countSchema = z.int().nonnegative()
/** When a figure was taken, in milliseconds since the epoch. */
const versionSchema = z.int().nonnegative()
/** Start of a minute in seconds since the epoch; 0 for none. */
const secondSchema = z.int().nonnegative()

const usersRowSchema = z.object({
  day: z.int(),
  dau: countSchema,
  dau_error: countSchema,
  new_users: countSchema,
  new_users_error: countSchema,
  version: versionSchema,
})
export type DailyUsersRow = z.infer<typeof usersRowSchema>

const peakRowSchema = z.object({
  day: z.int(),
  peak: countSchema,
  peak_error: countSchema,
  minute_second: secondSchema,
  version: versionSchema,
})
export type DailyOnlinePeakRow = z.infer<typeof peakRowSchema>

const exactRowSchema = z.object({
  day: z.int(),
  dau: countSchema,
  new_users: countSchema,
  online_peak: countSchema,
  minute_second: secondSchema,
  version: versionSchema,
})
export type DailyExactRow = z.infer<typeof exactRowSchema>

interface Days {
  readonly gameId: string
  readonly env: string
  /** Days since 1970-01-01, both included */
  readonly firstDay: number
  readonly lastDay: number
}

/** Active and new users by the sketches: the latest version of every day that has one. Throws DatabaseError. */
export function dailyUsers(connection: ClickHouseConnection, days: Days): Promise<DailyUsersRow[]> {
  const columns = 'dau, dau_error, new_users, new_users_error, version'
  return askDays(connection, days, { table: 'daily_users', columns, row: usersRowSchema })
}

/** The fullest minute by the sketches: the latest version of every day that has one. Throws DatabaseError. */
export function dailyOnlinePeaks(
  connection: ClickHouseConnection,
  days: Days,
): Promise<DailyOnlinePeakRow[]> {
  const columns = 'peak, peak_error, toUnixTimestamp(m) AS minute_second, version'
  return askDays(connection, days, { table: 'daily_online_peak', columns, row: peakRowSchema })
}

/** The same from the raw rows: the latest version of every closed day that was counted. Throws DatabaseError. */
export function dailyExact(connection: ClickHouseConnection, days: Days): Promise<DailyExactRow[]> {
  const columns = 'dau, new_users, online_peak, toUnixTimestamp(m) AS minute_second, version'
  return askDays(connection, days, { table: 'daily_exact', columns, row: exactRowSchema })
}

interface DayTable<Row> {
  readonly table: 'daily_users' | 'daily_online_peak' | 'daily_exact'
  readonly columns: string
  readonly row: z.ZodType<Row>
}

function askDays<Row>(
  connection: ClickHouseConnection,
  { gameId, env, firstDay, lastDay }: Days,
  { table, columns, row }: DayTable<Row>,
): Promise<Row[]> {
  return ask(connection, {
    sql: `
SELECT toInt32(d) AS day, ${columns}
FROM ${table} FINAL
WHERE ${SCOPE_SQL} AND d >= toDate({first_day:UInt16}) AND d <= toDate({last_day:UInt16})
ORDER BY day`,
    params: { game_id: gameId, env, first_day: firstDay, last_day: lastDay },
    row,
  })
}
