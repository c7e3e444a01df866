/** How many users began on each day of the range, and how many of them were active N days later? */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { ask } from '../reader.ts'
import { filterSql, groupSql } from './dimension.ts'
import type { CohortKind, Question } from './question.ts'
import {
  ACTIVE_EVENTS,
  COHORT_EVENTS,
  daySql,
  instantSql,
  questionParams,
  SCOPE_SQL,
} from './question.ts'

/** The N of D+N. */
export type RetentionDay = 1 | 7 | 30
export const LAST_RETENTION_DAY = 30

const rowSchema = z.object({
  grp: z.int(),
  day: z.int(),
  size: z.int(),
  retained_d1: z.int(),
  retained_d7: z.int(),
  retained_d30: z.int(),
})
export type CohortRow = z.infer<typeof rowSchema>

/**
 * Every user whose first cohort event ever lies in the range, with what `value` was in that event: its group
 * and filters are those of the beginning. Of two events at one instant the lower event name and id is first.
 */
export function beginnersSql(question: Question, value: string): string {
  const first = '(event_time, event, event_id)'
  return `
    SELECT
        user_id,
        argMin(${value}, ${first}) AS first_value,
        argMin(${filterSql(question.filters)}, ${first}) AS kept,
        min(event_time) AS first_time
    FROM events FINAL
    WHERE ${SCOPE_SQL} AND event IN {cohort_events:Array(String)}
        AND event_time < ${instantSql('end_ms')}
    GROUP BY user_id
    HAVING first_time >= ${instantSql('start_ms')} AND kept`
}

/**
 * One row per group and day that has any. `retained_dN`: users of that day who were active on the Nth day after
 * it, neither before nor later; for a day that is not over yet the count so far.
 * `activityEndMs`: end of the last day that matters, in milliseconds since the epoch. Throws DatabaseError.
 */
export function cohorts(
  connection: ClickHouseConnection,
  question: Question,
  kind: CohortKind,
  activityEndMs: number,
): Promise<CohortRow[]> {
  return ask(connection, {
    sql: `
WITH beginners AS (${beginnersSql(question, groupSql(question.grouping))}
)
SELECT
    first_value AS grp,
    ${daySql('first_time')} AS day,
    count() AS size,
    countIf(has(active_days, day + 1)) AS retained_d1,
    countIf(has(active_days, day + 7)) AS retained_d7,
    countIf(has(active_days, day + 30)) AS retained_d30
FROM beginners
LEFT JOIN
(
    SELECT user_id, groupUniqArray(${daySql('event_time')}) AS active_days
    FROM events FINAL
    WHERE ${SCOPE_SQL} AND event IN {active_events:Array(String)}
        AND event_time >= ${instantSql('start_ms')} AND event_time < ${instantSql('activity_end_ms')}
        AND user_id IN (SELECT user_id FROM beginners)
    GROUP BY user_id
) AS activity USING (user_id)
GROUP BY grp, day`,
    params: {
      ...questionParams(question),
      cohort_events: COHORT_EVENTS[kind],
      active_events: ACTIVE_EVENTS,
      activity_end_ms: activityEndMs,
    },
    row: rowSchema,
  })
}
