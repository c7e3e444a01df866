/** The answer of GET /reconciliation: what the sketches said of closed days, beside what the rows say. */
import type {
  DailyExactRow,
  DailyOnlinePeakRow,
  DailyUsersRow,
} from '../../clickhouse/queries/daily-figures.ts'
import { dailyExact, dailyOnlinePeaks, dailyUsers } from '../../clickhouse/queries/daily-figures.ts'
import { formatDay, formatInstant, gameDays, offsetsAround } from '../../event/calendar.ts'
import { gameDay } from '../../event/game-day.ts'
import { RECONCILIATION_DEFINITIONS } from '../definitions.ts'
import type { MissingPart } from '../partial.ts'
import type { Asker } from '../question.ts'
import { missingCounts } from './missing-counts.ts'
import { missing } from './missing.ts'
import type { DayRange } from './parameters.ts'
import type { ReconciledDay, ReconciliationAnswer } from './schemas.ts'

/** What the tables have of one day. */
export interface StoredDay {
  readonly day: number
  readonly users: DailyUsersRow | undefined
  readonly peak: DailyOnlinePeakRow | undefined
  readonly exact: DailyExactRow | undefined
}

/** Every day of the range that is over. Throws DatabaseError. */
export async function answerReconciliation(
  range: DayRange,
  asker: Asker,
): Promise<ReconciliationAnswer> {
  const { connection, timeZone, nowMs } = asker
  const { firstDay, lastDay } = range
  const asked = { ...asker, firstDay, lastDay }
  const [users, peaks, exact] = await Promise.all([
    dailyUsers(connection, asked).then(byDay),
    dailyOnlinePeaks(connection, asked).then(byDay),
    dailyExact(connection, asked).then(byDay),
  ])
  const days = gameDays(firstDay, lastDay, offsetsAround(firstDay, lastDay, timeZone))
  const compared = days
    .filter(({ endMs }) => endMs <= nowMs)
    .map(({ day }) => ({
      day,
      users: users.get(day),
      peak: peaks.get(day),
      exact: exact.get(day),
    }))
  const reconciled = compared.map((stored) => reconcileDay(stored, timeZone))
  const verdicts = reconciled.flatMap((day) =>
    Object.values(day.within_error ?? {}).filter((within) => within !== null),
  )
  return {
    days: reconciled,
    summary: {
      compared: verdicts.length,
      within_error: verdicts.filter(Boolean).length,
      without_exact: reconciled
        .filter((day) => day.sketch !== null && day.exact === null)
        .map(({ day }) => day),
    },
    time_zone: timeZone,
    as_of: formatInstant(nowMs, timeZone),
    partial: [
      ...openDays(days.find(({ endMs }) => endMs > nowMs)?.day),
      ...missingCounts(compared, gameDay(nowMs, timeZone)),
    ],
    definitions: RECONCILIATION_DEFINITIONS,
  }
}

function byDay<Row extends { readonly day: number }>(rows: readonly Row[]): Map<number, Row> {
  return new Map(rows.map((row) => [row.day, row]))
}

/** Both figures of a day, and their difference where there are both. */
export function reconcileDay(stored: StoredDay, timeZone: string): ReconciledDay {
  const sketch = sketchOf(stored, timeZone)
  const exact = exactOf(stored.exact, timeZone)
  const day = formatDay(stored.day)
  if (sketch === null || exact === null) {
    return { day, sketch, exact, difference: null, within_error: null }
  }
  const difference = {
    dau: differenceOf(sketch.dau, exact.dau),
    new_users: differenceOf(sketch.new_users, exact.new_users),
    online_peak: differenceOf(sketch.online_peak, exact.online_peak),
  }
  const within = {
    dau: isWithin(difference.dau, sketch.dau),
    new_users: isWithin(difference.new_users, sketch.new_users),
    online_peak: isWithin(difference.online_peak, sketch.online_peak),
  }
  return { day, sketch, exact, difference, within_error: within }
}

function sketchOf({ users, peak }: StoredDay, timeZone: string): ReconciledDay['sketch'] {
  const version = Math.max(users?.version ?? 0, peak?.version ?? 0)
  if (version === 0) return null
  return {
    dau: users === undefined ? null : toFigure(users.dau, users.dau_error),
    new_users: users === undefined ? null : toFigure(users.new_users, users.new_users_error),
    online_peak:
      peak === undefined
        ? null
        : {
            ...toFigure(peak.peak, peak.peak_error),
            time: minuteTime(peak.minute_second, timeZone),
          },
    as_of: formatInstant(version, timeZone),
  }
}

/** An error of 0 says exact. */
function toFigure(value: number, error: number) {
  return { value, error, exact: error === 0 }
}

function exactOf(row: DailyExactRow | undefined, timeZone: string): ReconciledDay['exact'] {
  if (row === undefined) return null
  return {
    dau: row.dau,
    new_users: row.new_users,
    online_peak: row.online_peak,
    online_peak_time: minuteTime(row.minute_second, timeZone),
    as_of: formatInstant(row.version, timeZone),
  }
}

function minuteTime(second: number, timeZone: string): string | null {
  return second === 0 ? null : formatInstant(second * 1_000, timeZone)
}

interface Stated {
  readonly value: number
  readonly error: number
}

function differenceOf(sketch: Stated | null, exact: number): number | null {
  return sketch === null ? null : sketch.value - exact
}

function isWithin(difference: number | null, sketch: Stated | null): boolean | null {
  return difference === null || sketch === null ? null : Math.abs(difference) <= sketch.error
}

function openDays(day: number | undefined): MissingPart[] {
  if (day === undefined) return []
  return missing(['days'], `${formatDay(day)} is not over; days are compared once they are`)
}
