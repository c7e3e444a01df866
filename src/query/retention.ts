/** The answer of GET /retention. */
import type { CohortRow } from '../clickhouse/queries/cohorts.ts'
import { cohorts } from '../clickhouse/queries/cohorts.ts'
import type { Dimension } from '../clickhouse/queries/dimension.ts'
import { eventsTtlDays } from '../clickhouse/queries/events-ttl.ts'
import { cohortValues } from '../clickhouse/queries/group-values.ts'
import { formatInstant } from '../event/calendar.ts'
import type { CohortTable } from './cohort-table.ts'
import { toCohortTable } from './cohort-table.ts'
import { RETENTION_DEFINITIONS } from './definitions.ts'
import type { RetentionQuery } from './parameters.ts'
import type { MissingPart } from './partial.ts'
import { missingEvents } from './partial.ts'
import type { Asker, Groups, Inquiry } from './question.ts'
import { toGroups, toInquiry } from './question.ts'

export interface RetentionAnswer extends CohortTable {
  readonly cohort: RetentionQuery['cohort']
  readonly start: string
  readonly end: string
  readonly time_zone: string
  readonly as_of: string
  readonly groups?: Groups<CohortTable>
  readonly partial: readonly MissingPart[]
  readonly definitions: typeof RETENTION_DEFINITIONS
}

/** Cohorts of the range with their retention, split if asked. Throws DatabaseError. */
export async function answerRetention(
  query: RetentionQuery,
  asker: Asker,
): Promise<RetentionAnswer> {
  const inquiry = toInquiry(query, asker)
  const [rows, groups, ttlDays] = await Promise.all([
    cohorts(asker.connection, inquiry.question, query.cohort, inquiry.activityEndMs),
    query.by === null ? undefined : splitRetention(query, query.by, asker, inquiry),
    eventsTtlDays(asker.connection),
  ])
  const { startMs, endMs } = inquiry.question
  return {
    cohort: query.cohort,
    start: formatInstant(startMs, asker.timeZone),
    end: formatInstant(endMs, asker.timeZone),
    time_zone: asker.timeZone,
    as_of: formatInstant(asker.nowMs, asker.timeZone),
    ...toCohortTable(rows, { ...inquiry, nowMs: asker.nowMs }),
    ...(groups && { groups }),
    partial: missingEvents(startMs, ttlDays, asker.nowMs),
    definitions: RETENTION_DEFINITIONS,
  }
}

async function splitRetention(
  { cohort }: RetentionQuery,
  by: Dimension,
  { connection, nowMs }: Asker,
  inquiry: Inquiry,
): Promise<Groups<CohortTable>> {
  const { question, activityEndMs } = inquiry
  const found = await cohortValues(connection, question, by, cohort)
  const values = found.values.map(({ value }) => value)
  const grouped = { ...question, grouping: { dimension: by, values } }
  const rows = await cohorts(connection, grouped, cohort, activityEndMs)
  const rowsByGroup = Map.groupBy(rows, (row: CohortRow) => row.grp)
  return toGroups(by, found, (group) =>
    toCohortTable(rowsByGroup.get(group) ?? [], { ...inquiry, nowMs }),
  )
}
