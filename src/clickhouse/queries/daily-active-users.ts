/** How many users were active on each day of the range? */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { ask } from '../reader.ts'
import { filterSql, groupSql } from './dimension.ts'
import type { Question } from './question.ts'
import { ACTIVE_EVENTS, daySql, instantSql, questionParams, SCOPE_SQL } from './question.ts'

const rowSchema = z.object({ grp: z.int(), day: z.int(), dau: z.int() })
export type DailyActiveUsersRow = z.infer<typeof rowSchema>

/** One row per group and day that has any; unique users. Throws DatabaseError. */
export function dailyActiveUsers(
  connection: ClickHouseConnection,
  question: Question,
): Promise<DailyActiveUsersRow[]> {
  return ask(connection, {
    sql: `
SELECT
    ${groupSql(question.grouping)} AS grp,
    ${daySql('event_time')} AS day,
    uniqExact(user_id) AS dau
FROM events FINAL
WHERE ${SCOPE_SQL} AND event IN {active_events:Array(String)}
    AND event_time >= ${instantSql('start_ms')} AND event_time < ${instantSql('end_ms')}
    AND ${filterSql(question.filters)}
GROUP BY grp, day`,
    params: { ...questionParams(question), active_events: ACTIVE_EVENTS },
    row: rowSchema,
  })
}
