/** From a checked query to the question that ClickHouse is asked, with the days that its answer is told in. */
import type { ClickHouseConnection } from '../clickhouse/connection.ts'
import type { ActivityWindows } from '../clickhouse/queries/active-users.ts'
import { LAST_RETENTION_DAY } from '../clickhouse/queries/cohorts.ts'
import type { Dimension, Filter } from '../clickhouse/queries/dimension.ts'
import type { GroupValues } from '../clickhouse/queries/group-values.ts'
import type { Question } from '../clickhouse/queries/question.ts'
import type { GameDay, ZoneOffsets } from '../event/calendar.ts'
import { dayStartMs, gameDays, offsetsAround } from '../event/calendar.ts'
import { formatDimension } from './parameters.ts'
import type { QueryRange } from './parameters.ts'

const WAU_DAYS = 7
const MAU_DAYS = 30

/** Whose data, where it lies, and when the question is asked (milliseconds since the epoch). */
export interface Asker {
  readonly connection: ClickHouseConnection
  readonly gameId: string
  readonly env: string
  /** IANA name */
  readonly timeZone: string
  readonly nowMs: number
  /** Of the request, for the log */
  readonly traceId?: string
}

/** A question and its calendar; `offsets` hold from the first look-back day to the last retention day. */
export interface Inquiry {
  readonly question: Question
  readonly windows: ActivityWindows
  readonly days: readonly GameDay[]
  readonly offsets: ZoneOffsets
  /** End of the last day on which a retained user can come back, in milliseconds since the epoch */
  readonly activityEndMs: number
}

/** The ungrouped question of a query. */
export function toInquiry(
  { range, filters }: { readonly range: QueryRange; readonly filters: readonly Filter[] },
  { gameId, env, timeZone }: Asker,
): Inquiry {
  const { startMs, endMs, firstDay, lastDay } = range
  const offsets = offsetsAround(
    Math.min(firstDay, lastDay - MAU_DAYS),
    lastDay + LAST_RETENTION_DAY + 1,
    timeZone,
  )
  return {
    windows: {
      dauStartMs: dayStartMs(lastDay, offsets),
      wauStartMs: dayStartMs(lastDay - WAU_DAYS + 1, offsets),
      mauStartMs: dayStartMs(lastDay - MAU_DAYS + 1, offsets),
    },
    question: { gameId, env, startMs, endMs, offsets, filters, grouping: null },
    days: gameDays(firstDay, lastDay, offsets),
    offsets,
    activityEndMs: dayStartMs(lastDay + LAST_RETENTION_DAY + 1, offsets),
  }
}

/** What an answer is split into: the largest values, and all others together. */
export interface Groups<Figures> {
  readonly by: string
  /** Largest first; `users` are the unique users that decided the order */
  readonly values: readonly ({ readonly value: string; readonly users: number } & Figures)[]
  /** Everything outside of `values`, with how many values that is; null when `values` are all */
  readonly other: ({ readonly values: number } & Figures) | null
}

/** `figuresOf` is given the number of a group: 1 for the first value and so on, 0 for all others. */
export function toGroups<Figures>(
  by: Dimension,
  { values, more }: GroupValues,
  figuresOf: (group: number) => Figures,
): Groups<Figures> {
  return {
    by: formatDimension(by),
    values: values.map(({ value, users }, index) => ({ value, users, ...figuresOf(index + 1) })),
    other: more === 0 ? null : { values: more, ...figuresOf(0) },
  }
}
