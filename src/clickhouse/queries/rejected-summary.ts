/** How many events were refused, by reason, event and field, since when, and with what words? */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { ask } from '../reader.ts'
import type { RejectedFilter, RowScope } from './rejected-events.ts'
import { rejectedParams, rejectedSql } from './rejected-events.ts'

const rowSchema = z.object({
  code: z.string(),
  event: z.string(),
  pointer: z.string(),
  events: z.int(),
  replayable: z.int(),
  first_ms: z.int(),
  last_ms: z.int(),
  example_detail: z.string(),
  example_id: z.string(),
  all_events: z.int(),
  all_groups: z.int(),
})
export type RejectedSummaryRow = z.infer<typeof rowSchema>

/**
 * Up to `limit` rows, one per (code, event, pointer), the most frequent first; all_events and all_groups count
 * what `limit` cuts off, too. `replayable`: quarantined and not replayed yet. The example is the latest event
 * of the group. Times are in milliseconds since the epoch. Throws DatabaseError.
 */
export function rejectedSummary(
  connection: ClickHouseConnection,
  scope: RowScope,
  filter: RejectedFilter,
  limit: number,
): Promise<RejectedSummaryRow[]> {
  return ask(connection, {
    sql: `
SELECT
    code,
    event,
    pointer,
    count() AS events,
    countIf(verdict = 'quarantined' AND replayed_time = toDateTime64(0, 3, 'UTC')) AS replayable,
    toUnixTimestamp64Milli(min(received_time)) AS first_ms,
    toUnixTimestamp64Milli(max(received_time)) AS last_ms,
    argMax(detail, (received_time, rejection_id)) AS example_detail,
    argMax(rejection_id, (received_time, rejection_id)) AS example_id,
    sum(count()) OVER () AS all_events,
    count() OVER () AS all_groups
FROM events_rejected FINAL
WHERE ${rejectedSql(filter)}
GROUP BY code, event, pointer
ORDER BY events DESC, code, event, pointer
LIMIT {limit:UInt32}`,
    params: { ...rejectedParams(scope, filter), limit },
    row: rowSchema,
  })
}
