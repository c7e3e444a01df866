/** Which values does a dimension have in the range, the largest first? */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import type { Parameter } from '../reader.ts'
import { ask } from '../reader.ts'
import type { ActivityWindows } from './active-users.ts'
import { beginnersSql } from './cohorts.ts'
import type { Dimension } from './dimension.ts'
import { filterSql, paymentsHave, valueParams, valueSql } from './dimension.ts'
import type { CohortKind, Question } from './question.ts'
import {
  ACTIVE_EVENTS,
  COHORT_EVENTS,
  instantSql,
  ONLINE_EVENTS,
  questionParams,
  SCOPE_SQL,
} from './question.ts'
import { settledPaymentsSql } from './settled-payments.ts'

/** Groups of one answer; the users of all other values are counted together. */
const MAX_GROUPS = 100
/** Longer values are no labels; they are counted together with the values beyond MAX_GROUPS. */
const MAX_VALUE_LENGTH = 128

const rowSchema = z.object({
  value: z.string(),
  users: z.int(),
  is_label: z.int(),
  distinct_values: z.int(),
})

export interface GroupValues {
  /** Largest first, by unique users; values of one size in the order of their bytes */
  readonly values: { readonly value: string; readonly users: number }[]
  /** How many more values there are */
  readonly more: number
}

/**
 * Values that any figure of the overview counts: of active, online, new or paying users in the range or in its
 * look-back windows. `users` are the unique users with the value in the range. Throws DatabaseError.
 */
export function userValues(
  connection: ClickHouseConnection,
  question: Question,
  windows: ActivityWindows,
  dimension: Dimension,
): Promise<GroupValues> {
  const value = valueSql(dimension, 'by')
  const filter = filterSql(question.filters)
  const events = `
        SELECT ${value} AS value, user_id, event_time AS at
        FROM events FINAL
        WHERE ${SCOPE_SQL} AND event IN {counted_events:Array(String)}
            AND event_time >= ${instantSql('first_ms')} AND event_time < ${instantSql('end_ms')}
            AND (event_time >= ${instantSql('start_ms')} OR event IN {active_events:Array(String)})
            AND ${filter}`
  const payments = `
        SELECT ${value} AS value, user_id, time AS at
        FROM ${settledPaymentsSql(['success', 'refunded'])}
        WHERE ${filter}`
  const dimensions = [dimension, ...question.filters.map((each) => each.dimension)]
  const rows = paymentsHave(dimensions) ? `${events}\n        UNION ALL${payments}` : events
  return largestValues(
    connection,
    `SELECT value, uniqExactIf(user_id, at >= ${instantSql('start_ms')}) AS users FROM (${rows}) GROUP BY value`,
    {
      ...questionParams(question),
      ...valueParams(dimension, 'by'),
      first_ms: Math.min(question.startMs, windows.mauStartMs),
      active_events: ACTIVE_EVENTS,
      counted_events: [...new Set([...ACTIVE_EVENTS, ...ONLINE_EVENTS, ...COHORT_EVENTS.new])],
    },
  )
}

/** Values that the users of the cohorts of the range had when they began. Throws DatabaseError. */
export function cohortValues(
  connection: ClickHouseConnection,
  question: Question,
  dimension: Dimension,
  kind: CohortKind,
): Promise<GroupValues> {
  const beginners = beginnersSql(question, valueSql(dimension, 'by'))
  return largestValues(
    connection,
    `SELECT first_value AS value, count() AS users FROM (${beginners}) GROUP BY value`,
    {
      ...questionParams(question),
      ...valueParams(dimension, 'by'),
      cohort_events: COHORT_EVENTS[kind],
    },
  )
}

async function largestValues(
  connection: ClickHouseConnection,
  usersByValueSql: string,
  params: Readonly<Record<string, Parameter>>,
): Promise<GroupValues> {
  const rows = await ask(connection, {
    sql: `
SELECT
    value,
    users,
    lengthUTF8(value) <= {max_value_length:UInt32} AS is_label,
    count() OVER () AS distinct_values
FROM (${usersByValueSql})
ORDER BY is_label DESC, users DESC, value
LIMIT {max_groups:UInt32}`,
    params: { ...params, max_groups: MAX_GROUPS, max_value_length: MAX_VALUE_LENGTH },
    row: rowSchema,
  })
  const values = rows
    .filter((row) => row.is_label === 1)
    .map(({ value, users }) => ({ value, users }))
  return { values, more: (rows[0]?.distinct_values ?? 0) - values.length }
}
