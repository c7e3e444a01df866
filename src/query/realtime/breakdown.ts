/** The answer of GET /realtime/breakdown: unique users of a day by platform, channel, country or version. */
import type { Figure } from '../../../durable/figures.ts'
import { formatDay, formatInstant } from '../../event/calendar.ts'
import { BREAKDOWN_DEFINITIONS } from '../definitions.ts'
import type { Present } from '../parameters.ts'
import type { LiveSketches } from './live-sketches.ts'
import type { BreakdownQuery } from './parameters.ts'
import type { BreakdownAnswer } from './schemas.ts'

/** Throws control_unavailable. */
export async function answerBreakdown(
  query: BreakdownQuery,
  { timeZone, nowMs }: Present,
  sketches: Pick<LiveSketches, 'breakdown'>,
): Promise<BreakdownAnswer> {
  const { values, other } = await sketches.breakdown(query)
  return {
    metric: query.metric,
    by: query.column,
    date: formatDay(query.day),
    values: values.map(({ name, users: { value, error, exact } }) => ({
      value: name,
      users: value,
      error,
      exact,
    })),
    other: other && toUsers(other),
    time_zone: timeZone,
    as_of: formatInstant(nowMs, timeZone),
    partial: [],
    definitions: BREAKDOWN_DEFINITIONS,
  }
}

/** A figure whose unit is in its name. */
export function toUsers({ value, error, exact }: Figure): {
  users: number
  error: number
  exact: boolean
} {
  return { users: value, error, exact }
}
