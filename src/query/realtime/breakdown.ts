/** The answer of GET /realtime/breakdown: unique users of a day by platform, channel, country or version. */
import type { Breakdown, Figure } from '../../../durable/figures.ts'
import { formatDay, formatInstant } from '../../event/calendar.ts'
import { BREAKDOWN_DEFINITIONS } from '../definitions.ts'
import type { Present } from '../parameters.ts'
import type { MissingPart } from '../partial.ts'
import type { LiveSketches } from './live-sketches.ts'
import { missing } from './missing.ts'
import type { BreakdownQuery } from './parameters.ts'
import type { BreakdownAnswer } from './schemas.ts'

/** So many errors too few are no chance. */
const CLEAR_ERRORS = 2

const NOBODY: Figure = { value: 0, error: 0, exact: true }

/** The users of each value, beside those of the day. Throws figures_unavailable. */
export async function answerBreakdown(
  query: BreakdownQuery,
  { timeZone, nowMs }: Present,
  sketches: Pick<LiveSketches, 'breakdown' | 'days'>,
): Promise<BreakdownAnswer> {
  // The day first: users who come meanwhile must not seem to be without a value.
  const [days, told] = await Promise.all([
    sketches.days({ from: query.day, to: query.day }),
    sketches.breakdown(query),
  ])
  const { values, other } = told
  const whole = days[0]?.[query.metric === 'dau' ? 'dau' : 'newUsers'] ?? NOBODY
  return {
    metric: query.metric,
    by: query.column,
    date: formatDay(query.day),
    whole: toUsers(whole),
    values: values.map(({ name, users: { value, error, exact } }) => ({
      value: name,
      users: value,
      error,
      exact,
    })),
    other: other && toUsers(other),
    time_zone: timeZone,
    as_of: formatInstant(nowMs, timeZone),
    partial: usersWithoutValue(told, whole),
    definitions: BREAKDOWN_DEFINITIONS,
  }
}

/** Says that clearly fewer users are told apart than the day had; each user is in one value at least. */
function usersWithoutValue({ values, other }: Breakdown, whole: Figure): MissingPart[] {
  const parts = [...values.map(({ users }) => users), ...(other === null ? [] : [other])]
  const covered = parts.reduce((sum, { value }) => sum + value, 0)
  const error = parts.reduce((sum, part) => sum + part.error, whole.error)
  if (whole.value - covered <= CLEAR_ERRORS * error) return []
  const reason = `of ${whole.value} users of the day at least ${whole.value - covered - error} are in no value: they were counted before values were`
  return missing(['values'], reason)
}

/** A figure whose unit is in its name. */
export function toUsers({ value, error, exact }: Figure): {
  users: number
  error: number
  exact: boolean
} {
  return { users: value, error, exact }
}
