/** Which closed days have no exact count, and why that may be. Pure. */
import { formatDay } from '../../event/calendar.ts'
import type { MissingPart } from '../partial.ts'
import { missing } from './missing.ts'

/** Days that lie further back are not counted any more: what the reconciliation looks at, as a test says. */
export const COUNTED_DAYS = 37

/** What is known of a day, days since 1970-01-01. */
interface CountedDay {
  readonly day: number
  readonly users: unknown
  readonly peak: unknown
  readonly exact: unknown
}

/**
 * One entry for the days before the first that has any figure, and one for every run of days without an exact count.
 * `days` ascend and are over; `today` tells which of them may still be counted.
 */
export function missingCounts(days: readonly CountedDay[], today: number): MissingPart[] {
  const begun = days.findIndex((day) => !hasNothing(day))
  const before = begun === -1 ? days : days.slice(0, begun)
  const lacking = days
    .slice(before.length)
    .filter(({ exact }) => exact === undefined)
    .map(({ day }) => day)
  const oldest = today - COUNTED_DAYS
  return [
    ...withoutFigures(before),
    ...runsOf(lacking.filter((day) => day < oldest)).flatMap((run) =>
      withoutCount(run, 'no such event, or too old to be counted'),
    ),
    ...runsOf(lacking.filter((day) => day >= oldest)).flatMap((run) =>
      withoutCount(run, 'no such event, or not counted yet'),
    ),
  ]
}

function hasNothing({ users, peak, exact }: CountedDay): boolean {
  return users === undefined && peak === undefined && exact === undefined
}

function withoutFigures(days: readonly CountedDay[]): MissingPart[] {
  const [first] = days
  const last = days.at(-1)
  if (first === undefined || last === undefined) return []
  const reason = `${nameOf([first.day, last.day])}: no figure of any kind; nobody was there, or nobody was counted here yet`
  return missing(['days'], reason)
}

function withoutCount(run: Run, why: string): MissingPart[] {
  return missing(['days.exact'], `${nameOf(run)}: no exact count; ${why}`)
}

/** First and last day. */
type Run = readonly [number, number]

/** Days that follow each other, together. */
function runsOf(days: readonly number[]): Run[] {
  const runs: [number, number][] = []
  for (const day of days) {
    const run = runs.at(-1)
    if (run?.[1] === day - 1) run[1] = day
    else runs.push([day, day])
  }
  return runs
}

function nameOf([first, last]: Run): string {
  return first === last ? formatDay(first) : `${formatDay(first)} to ${formatDay(last)}`
}
