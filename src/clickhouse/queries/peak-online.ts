/** How many users were online in the fullest minute of each day of the range? */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { ask } from '../reader.ts'
import { filterSql, groupSql } from './dimension.ts'
import type { Question } from './question.ts'
import { daySql, instantSql, ONLINE_EVENTS, questionParams, SCOPE_SQL } from './question.ts'

const rowSchema = z.object({ grp: z.int(), day: z.int(), peak_online: z.int() })
export type PeakOnlineRow = z.infer<typeof rowSchema>

/**
 * One row per group and day that has any. A minute is one of UTC, so an hour that clocks repeat is two hours
 * of minutes; its value is the number of unique users with an online event in it. Throws DatabaseError.
 */
export function peakOnline(
  connection: ClickHouseConnection,
  question: Question,
): Promise<PeakOnlineRow[]> {
  return ask(connection, {
    sql: `
SELECT grp, day, max(online) AS peak_online
FROM
(
    SELECT
        ${groupSql(question.grouping)} AS grp,
        ${daySql('event_time')} AS day,
        intDiv(toUnixTimestamp64Milli(event_time), 60000) AS minute,
        uniqExact(user_id) AS online
    FROM events FINAL
    WHERE ${SCOPE_SQL} AND event IN {online_events:Array(String)}
        AND event_time >= ${instantSql('start_ms')} AND event_time < ${instantSql('end_ms')}
        AND ${filterSql(question.filters)}
    GROUP BY grp, day, minute
)
GROUP BY grp, day`,
    params: { ...questionParams(question), online_events: ONLINE_EVENTS },
    row: rowSchema,
  })
}
