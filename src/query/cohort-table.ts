/**
 * Retention from counted cohorts. Pure. Classic retention: the share of the users who began on day D that
 * was active on day D+N itself. A cell is null until day D+N is over; a share of nobody is null.
 */
import type { CohortRow, RetentionDay } from '../clickhouse/queries/cohorts.ts'
import type { GameDay, ZoneOffsets } from '../event/calendar.ts'
import { dayStartMs, formatDay } from '../event/calendar.ts'
import { percent, wilsonInterval } from './ratio.ts'

/** One cohort. `dN` is a percentage, not rounded. */
interface Cohort {
  readonly day: string
  readonly size: number
  readonly d1: number | null
  readonly d7: number | null
  readonly d30: number | null
  readonly retained_d1: number | null
  readonly retained_d7: number | null
  readonly retained_d30: number | null
}

/** Over the cohorts that are mature for each N: `size_dN` users, `dN` percent with its 95 % interval. */
export interface RetentionTotals {
  /** Users of all cohorts, mature or not */
  readonly size: number
  readonly size_d1: number
  readonly retained_d1: number
  readonly d1: number | null
  readonly d1_interval: [number, number] | null
  readonly size_d7: number
  readonly retained_d7: number
  readonly d7: number | null
  readonly d7_interval: [number, number] | null
  readonly size_d30: number
  readonly retained_d30: number
  readonly d30: number | null
  readonly d30_interval: [number, number] | null
}

export interface CohortTable {
  readonly cohorts: readonly Cohort[]
  readonly totals: RetentionTotals
}

/** Cohort days, and what decides their maturity. `offsets` reach 31 days beyond the last day. */
export interface CohortCalendar {
  readonly days: readonly GameDay[]
  readonly offsets: ZoneOffsets
  readonly nowMs: number
}

/** One cohort for every day, whether anyone began on it or not; rows of other groups are not given. */
export function toCohortTable(rows: readonly CohortRow[], calendar: CohortCalendar): CohortTable {
  const rowsByDay = new Map(rows.map((row) => [row.day, row]))
  const cohorts = calendar.days.map(({ day }) => toCohort(day, rowsByDay.get(day), calendar))
  return { cohorts, totals: toTotals(cohorts) }
}

function toCohort(day: number, row: CohortRow | undefined, calendar: CohortCalendar): Cohort {
  const size = row?.size ?? 0
  const retained = (afterDays: RetentionDay) =>
    dayStartMs(day + afterDays + 1, calendar.offsets) <= calendar.nowMs
      ? (row?.[`retained_d${afterDays}`] ?? 0)
      : null
  const [retainedD1, retainedD7, retainedD30] = [retained(1), retained(7), retained(30)]
  return {
    day: formatDay(day),
    size,
    d1: share(retainedD1, size),
    d7: share(retainedD7, size),
    d30: share(retainedD30, size),
    retained_d1: retainedD1,
    retained_d7: retainedD7,
    retained_d30: retainedD30,
  }
}

function share(retained: number | null, size: number): number | null {
  return retained === null ? null : percent(retained, size)
}

function toTotals(cohorts: readonly Cohort[]): RetentionTotals {
  const d1 = sumMature(cohorts, 1)
  const d7 = sumMature(cohorts, 7)
  const d30 = sumMature(cohorts, 30)
  return {
    size: cohorts.reduce((sum, cohort) => sum + cohort.size, 0),
    size_d1: d1.size,
    retained_d1: d1.retained,
    d1: percent(d1.retained, d1.size),
    d1_interval: wilsonInterval(d1.retained, d1.size),
    size_d7: d7.size,
    retained_d7: d7.retained,
    d7: percent(d7.retained, d7.size),
    d7_interval: wilsonInterval(d7.retained, d7.size),
    size_d30: d30.size,
    retained_d30: d30.retained,
    d30: percent(d30.retained, d30.size),
    d30_interval: wilsonInterval(d30.retained, d30.size),
  }
}

function sumMature(cohorts: readonly Cohort[], afterDays: RetentionDay) {
  let size = 0
  let retained = 0
  for (const cohort of cohorts) {
    const count = cohort[`retained_d${afterDays}`]
    if (count === null) continue
    size += cohort.size
    retained += count
  }
  return { size, retained }
}
