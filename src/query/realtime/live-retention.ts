/** The answer of GET /realtime/retention: cohorts of new users and their return, from the sketches. */
import type { Cohort, Figure, Returned } from '../../../durable/figures.ts'
import {
  dayStartMs,
  formatDay,
  formatInstant,
  gameDays,
  offsetsAround,
} from '../../event/calendar.ts'
import { LIVE_RETENTION_DEFINITIONS } from '../definitions.ts'
import type { Present } from '../parameters.ts'
import type { MissingPart } from '../partial.ts'
import { toUsers } from './breakdown.ts'
import type { LiveSketches } from './live-sketches.ts'
import { missing } from './missing.ts'
import type { DayRange } from './parameters.ts'
import type { LiveRetentionAnswer } from './schemas.ts'

const LAST_RETENTION_DAY = 30

const NOBODY: Figure = { value: 0, error: 0, exact: true }
const NOBODY_RETURNED: Returned = { ...NOBODY, rate: null, rateError: null }

/** One cohort for every day of the range, whether anyone began on it or not. Throws figures_unavailable. */
export async function answerLiveRetention(
  { firstDay, lastDay }: DayRange,
  { timeZone, nowMs }: Present,
  sketches: Pick<LiveSketches, 'cohorts'>,
): Promise<LiveRetentionAnswer> {
  const cohorts = await sketches.cohorts({ from: firstDay, to: lastDay })
  const byDay = new Map(cohorts.map((cohort) => [cohort.day, cohort]))
  const offsets = offsetsAround(firstDay, lastDay + LAST_RETENTION_DAY + 1, timeZone)
  const isOver = (day: number) => dayStartMs(day + 1, offsets) <= nowMs
  const told = gameDays(firstDay, lastDay, offsets).map(({ day }) =>
    toCohort(byDay.get(day) ?? emptyCohort(day), isOver),
  )
  return {
    cohorts: told,
    time_zone: timeZone,
    as_of: formatInstant(nowMs, timeZone),
    partial: unknownReturns(told),
    definitions: LIVE_RETENTION_DEFINITIONS,
  }
}

function emptyCohort(day: number): Cohort {
  const returned = NOBODY_RETURNED
  return { day, size: NOBODY, d1: returned, d7: returned, d30: returned }
}

function toCohort(cohort: Cohort, isOver: (day: number) => boolean) {
  const { day, size } = cohort
  return {
    day: formatDay(day),
    size: toUsers(size),
    d1: isOver(day + 1) ? toReturned(cohort.d1) : null,
    d7: isOver(day + 7) ? toReturned(cohort.d7) : null,
    d30: isOver(day + 30) ? toReturned(cohort.d30) : null,
  }
}

/** Says which cohorts have users of whom nobody knows how many came back. */
function unknownReturns(cohorts: readonly LiveRetentionAnswer['cohorts'][number][]): MissingPart[] {
  const days = cohorts
    .filter(({ size, d1, d7, d30 }) =>
      [d1, d7, d30].some((returned) => size.users > 0 && returned?.rate === null),
    )
    .map(({ day }) => day)
  const reason = `not every return is known for ${days.join(', ')}: where rate is null, error is the whole cohort`
  return days.length === 0 ? [] : missing(['cohorts.rate'], reason)
}

function toReturned(returned: Returned) {
  const { rate, rateError } = returned
  return {
    ...toUsers(returned),
    rate: rate === null ? null : 100 * rate,
    rate_error: rateError === null ? null : 100 * rateError,
  }
}
