/**
 * Closed days, counted exactly from the raw rows into daily_exact: the same events as the sketches count, each row
 * once, in days of the game's zone. A newer count replaces an older one.
 */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import { insertSelect } from '../insert-select.ts'
import type { Parameter } from '../reader.ts'
import { ask } from '../reader.ts'
import {
  ACTIVE_EVENTS,
  COHORT_EVENTS,
  daySql,
  instantSql,
  ONLINE_EVENTS,
  SCOPE_SQL,
} from './question.ts'

interface Scope {
  readonly gameId: string
  readonly env: string
}

/** Instants in milliseconds since the epoch: [startMs, endMs). */
export interface Span {
  readonly startMs: number
  readonly endMs: number
}

/** A day: its number (days since 1970-01-01) and where it lies. */
export interface Day extends Span {
  readonly day: number
}

/** A day to be counted, and the version of the figure: milliseconds since the epoch, before the count. */
export interface VersionedDay extends Day {
  readonly versionMs: number
}

/** Days of one game: whose they are, where they lie (ascending, apart or adjoining), and the zone's offsets in them. */
export interface DaysQuestion<AskedDay extends Day = Day> extends Scope {
  readonly days: readonly AskedDay[]
  /** The zone's offset from UTC as a step function: `offsetMs[i]` holds from `sinceMs[i]` on */
  readonly offsets: { readonly sinceMs: readonly number[]; readonly offsetMs: readonly number[] }
}

/** The server may take this long for a statement; a large game fills a day with 10^8 events. */
const MAX_COUNT_SECONDS = 120

const EVENTS = {
  active_events: ACTIVE_EVENTS,
  new_events: COHORT_EVENTS.new,
  online_events: ONLINE_EVENTS,
}
const ALL_EVENTS = [...new Set(Object.values(EVENTS).flat())]

const versionSchema = z.object({
  game_id: z.string(),
  env: z.string(),
  day: z.int(),
  version: z.int(),
})
export type DayVersionRow = z.infer<typeof versionSchema>

/**
 * When the figures of days were taken, for days from `firstDay` (days since 1970-01-01) of all the games: for
 * daily_exact one row per game and day that has one; for daily_revenue the oldest of the day's currencies. Throws
 * DatabaseError.
 */
export function dayVersions(
  connection: ClickHouseConnection,
  table: 'daily_exact' | 'daily_revenue',
  scopes: readonly Scope[],
  firstDay: number,
): Promise<DayVersionRow[]> {
  return ask(connection, {
    sql: `
SELECT game_id, env, toInt32(toUInt16(d)) AS day, min(version) AS version
FROM ${table} FINAL
WHERE (game_id, env) IN arrayZip({game_ids:Array(String)}, {envs:Array(String)})
    AND d >= toDate({first_day:UInt16})
GROUP BY game_id, env, day`,
    params: {
      game_ids: scopes.map(({ gameId }) => gameId),
      envs: scopes.map(({ env }) => env),
      first_day: firstDay,
    },
    row: versionSchema,
  })
}

const countSchema = z.object({ day: z.int(), events: z.int() })
export type DayEventsRow = z.infer<typeof countSchema>

/**
 * How many rows there are to count on each of the days, repeated ones included: one row per day (days since 1970-01-01)
 * that has any, or of which the sketches have told a figure: then there may be 0. Throws DatabaseError.
 */
export function countableEvents(
  connection: ClickHouseConnection,
  question: DaysQuestion,
): Promise<DayEventsRow[]> {
  return ask(connection, {
    sql: `
SELECT day, sum(counted) AS events
FROM
(
    SELECT ${daySql('event_time')} AS day, count() AS counted
    FROM events
    WHERE ${SCOPE_SQL} AND event IN {all_events:Array(String)} AND ${spansSql(question.days)}
    GROUP BY day
    UNION ALL
    ${sketchedDaysSql('daily_users')}
    UNION ALL
    ${sketchedDaysSql('daily_online_peak')}
)
GROUP BY day`,
    params: { ...daysParams(question), all_events: ALL_EVENTS },
    row: countSchema,
  })
}

function sketchedDaysSql(table: 'daily_users' | 'daily_online_peak'): string {
  return `SELECT toInt64(toUInt16(d)) AS day, toUInt64(0) AS counted
    FROM ${table}
    WHERE ${SCOPE_SQL} AND toUInt16(d) IN {days:Array(Int64)}`
}

/**
 * Counts the days in one statement; each gets a row. One without such an event has zeros; one on which nobody was
 * online has a peak of 0 and no minute (1970-01-01 00:00). Of several fullest minutes the first one is named. Returns
 * how many days were stored. Throws DatabaseError.
 */
export function countExactDays(
  connection: ClickHouseConnection,
  question: DaysQuestion<VersionedDay>,
): Promise<number> {
  const rows = `FROM events FINAL
        WHERE ${SCOPE_SQL} AND ${spansSql(question.days)}`
  return insertSelect(connection, {
    sql: `
INSERT INTO daily_exact (d, game_id, env, dau, new_users, online_peak, m, version)
SELECT
    toDate(toUInt16(asked.day)), {game_id:String}, {env:String}, users.dau, users.new_users,
    peaks.online_peak, toDateTime(peaks.minute * 60, 'UTC'), asked.version
FROM
(
    SELECT pair.1 AS day, pair.2 AS version
    FROM (SELECT arrayJoin(arrayZip({days:Array(Int64)}, {versions:Array(UInt64)})) AS pair)
) AS asked
LEFT JOIN
(
    SELECT
        ${daySql('event_time')} AS day,
        uniqExactIf(user_id, event IN {active_events:Array(String)}) AS dau,
        uniqExactIf(user_id, event IN {new_events:Array(String)}) AS new_users
        ${rows} AND event IN {all_events:Array(String)}
    GROUP BY day
) AS users ON asked.day = users.day
LEFT JOIN
(
    SELECT day, max(online) AS online_peak, argMin(minute, (-toInt64(online), minute)) AS minute
    FROM
    (
        SELECT
            ${daySql('event_time')} AS day,
            intDiv(toUnixTimestamp64Milli(event_time), 60000) AS minute,
            uniqExact(user_id) AS online
        ${rows} AND event IN {online_events:Array(String)}
        GROUP BY day, minute
    )
    GROUP BY day
) AS peaks ON asked.day = peaks.day`,
    params: {
      ...daysParams(question),
      ...EVENTS,
      all_events: ALL_EVENTS,
      versions: question.days.map(({ versionMs }) => versionMs),
    },
    maxSeconds: MAX_COUNT_SECONDS,
  })
}

/** A condition on a row: it lies in one of the spans. Few of them, so that the index on event_time skips the rest. */
function spansSql(days: readonly Span[]): string {
  const spans = joined(days).map(
    (_, index) =>
      `event_time >= ${instantSql(`start_${index}`)} AND event_time < ${instantSql(`end_${index}`)}`,
  )
  return `(${spans.map((span) => `(${span})`).join(' OR ')})`
}

function daysParams({ gameId, env, days, offsets }: DaysQuestion): Record<string, Parameter> {
  const params: Record<string, Parameter> = {
    game_id: gameId,
    env,
    days: days.map(({ day }) => day),
    offset_since: offsets.sinceMs,
    offset_ms: offsets.offsetMs,
  }
  for (const [index, { startMs, endMs }] of joined(days).entries()) {
    params[`start_${index}`] = startMs
    params[`end_${index}`] = endMs
  }
  return params
}

/** Adjoining spans as one. */
function joined(days: readonly Span[]): Span[] {
  const spans: Span[] = []
  for (const { startMs, endMs } of days) {
    const last = spans.at(-1)
    if (last?.endMs === startMs) spans[spans.length - 1] = { startMs: last.startMs, endMs }
    else spans.push({ startMs, endMs })
  }
  return spans
}
