/** How many users were active in the range and in the 1, 7 and 30 days that end with it, and how many paid? */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { ask } from '../reader.ts'
import { filterSql, groupSql } from './dimension.ts'
import type { Question } from './question.ts'
import { ACTIVE_EVENTS, instantSql, questionParams, SCOPE_SQL } from './question.ts'
import { settledPaymentsSql } from './settled-payments.ts'

const rowSchema = z.object({
  grp: z.int(),
  dau: z.int(),
  wau: z.int(),
  mau: z.int(),
  active_users: z.int(),
  active_payers: z.int(),
})
export type ActiveUsersRow = z.infer<typeof rowSchema>

/** Starts of the look-back windows, in milliseconds since the epoch; all end with the range. */
export interface ActivityWindows {
  readonly dauStartMs: number
  readonly wauStartMs: number
  readonly mauStartMs: number
}

/**
 * One row per group. Unique users; `active_payers` are those of `active_users` who have any successful payment
 * in the range, whatever its dimensions. Throws DatabaseError.
 */
export function activeUsers(
  connection: ClickHouseConnection,
  question: Question,
  windows: ActivityWindows,
): Promise<ActiveUsersRow[]> {
  const inRange = `event_time >= ${instantSql('start_ms')}`
  return ask(connection, {
    sql: `
SELECT
    ${groupSql(question.grouping)} AS grp,
    uniqExactIf(user_id, event_time >= ${instantSql('dau_start_ms')}) AS dau,
    uniqExactIf(user_id, event_time >= ${instantSql('wau_start_ms')}) AS wau,
    uniqExactIf(user_id, event_time >= ${instantSql('mau_start_ms')}) AS mau,
    uniqExactIf(user_id, ${inRange}) AS active_users,
    uniqExactIf(user_id, ${inRange} AND user_id IN (
        SELECT user_id FROM ${settledPaymentsSql(['success'])}
    )) AS active_payers
FROM events FINAL
WHERE ${SCOPE_SQL} AND event IN {active_events:Array(String)}
    AND event_time >= ${instantSql('first_ms')} AND event_time < ${instantSql('end_ms')}
    AND ${filterSql(question.filters)}
GROUP BY grp`,
    params: {
      ...questionParams(question),
      active_events: ACTIVE_EVENTS,
      dau_start_ms: windows.dauStartMs,
      wau_start_ms: windows.wauStartMs,
      mau_start_ms: windows.mauStartMs,
      first_ms: Math.min(question.startMs, windows.mauStartMs),
    },
    row: rowSchema,
  })
}
