/** The parameters of the live figures and of the reconciliation, from text to checked values. Pure. */
import { oldestBucket } from '../../../durable/series.ts'
import { formatDay } from '../../event/calendar.ts'
import type { BreakdownColumn } from '../../event/envelope.ts'
import { gameDay } from '../../event/game-day.ts'
import type { Present, QueryRange } from '../parameters.ts'
import { ParameterError, parseSearch, toRange } from '../parameters.ts'
import {
  breakdownSearchSchema,
  daysSearchSchema,
  realtimeSearchSchema,
  seriesSearchSchema,
} from './search-schemas.ts'

const MINUTE_MS = 60_000
/** Points of a curve; seven days that have an hour more are let through. */
const MAX_SERIES_POINTS = 10_080
const MAX_SERIES_DAYS = 7
/** Days that the sketches tell at once: all that they keep. */
const MAX_SKETCH_DAYS = 62
const MAX_RECONCILED_DAYS = 400
const DEFAULT_DAYS = 14

/** Days since 1970-01-01, both included. */
export interface DayRange {
  readonly firstDay: number
  readonly lastDay: number
}

/** Minutes since the epoch, both included; `last` is before `first` when no minute is over yet. */
export interface SeriesQuery {
  readonly first: number
  readonly last: number
  readonly range: QueryRange
  readonly currency: string
}

export interface BreakdownQuery {
  readonly metric: 'dau' | 'new_users'
  readonly column: BreakdownColumn
  readonly day: number
}

/** The parameters of GET /realtime and GET /realtime/stream. Throws ParameterError. */
export function parseRealtimeQuery(search: URLSearchParams): { readonly currency: string } {
  const { currency } = parseSearch(realtimeSearchSchema, search)
  return { currency }
}

/**
 * The parameters of GET /realtime/series: of the minutes that begin in the range, those that are over. Throws
 * ParameterError.
 */
export function parseSeriesQuery(search: URLSearchParams, present: Present): SeriesQuery {
  const { start, end, currency } = parseSearch(seriesSearchSchema, search)
  const range = toRange(start, end, present, MAX_SERIES_DAYS)
  const first = Math.ceil(range.startMs / MINUTE_MS)
  const endMinute = Math.ceil(range.endMs / MINUTE_MS)
  if (endMinute - first > MAX_SERIES_POINTS && range.lastDay - range.firstDay >= MAX_SERIES_DAYS) {
    const reason = `expected a range of at most ${MAX_SERIES_DAYS} days (${MAX_SERIES_POINTS} minutes), got ${endMinute - first} minutes`
    throw new ParameterError([{ parameter: 'end', reason }])
  }
  const last = Math.min(endMinute, Math.floor(present.nowMs / MINUTE_MS)) - 1
  return { first, last, range, currency }
}

/** The parameters of GET /realtime/breakdown; the day is today unless told. Throws ParameterError. */
export function parseBreakdownQuery(search: URLSearchParams, present: Present): BreakdownQuery {
  const { metric, by, date } = parseSearch(breakdownSearchSchema, search)
  const day = date ?? gameDay(present.nowMs, present.timeZone)
  requireKept('date', day, present)
  requireBegun('date', day, present)
  return { metric, column: by, day }
}

/** Days that the sketches keep, up to today; the last 14 unless told. Throws ParameterError. */
export function parseSketchDays(search: URLSearchParams, present: Present): DayRange {
  const today = gameDay(present.nowMs, present.timeZone)
  const { start, end } = parseSearch(daysSearchSchema, search)
  if (start !== undefined) requireBegun('start', start, present)
  // What lies ahead has no figures; it neither moves the default nor counts against the bound.
  const range = toDays({ start, end: Math.min(end ?? Infinity, today + 1) }, MAX_SKETCH_DAYS)
  requireKept('start', range.firstDay, present)
  return range
}

/** The parameters of GET /reconciliation; the last 14 days that are over unless told. Throws ParameterError. */
export function parseReconciliationQuery(search: URLSearchParams, present: Present): DayRange {
  const { start, end } = parseSearch(daysSearchSchema, search)
  const today = gameDay(present.nowMs, present.timeZone)
  return toDays({ start, end: end ?? today }, MAX_RECONCILED_DAYS)
}

/** The days from `start`, or of the last 14 before `end`, to the day before `end`. Throws ParameterError. */
function toDays(
  { start, end }: { readonly start: number | undefined; readonly end: number },
  maxDays: number,
): DayRange {
  const lastDay = end - 1
  const firstDay = start ?? lastDay - DEFAULT_DAYS + 1
  if (firstDay > lastDay) {
    const reason = `expected a date before end, ${formatDay(lastDay + 1)}`
    throw new ParameterError([{ parameter: 'start', reason }])
  }
  if (lastDay - firstDay + 1 > maxDays) {
    const reason = `expected a range of at most ${maxDays} days, got ${lastDay - firstDay + 1}`
    throw new ParameterError([{ parameter: 'end', reason }])
  }
  return { firstDay, lastDay }
}

/** The sketches of older days are deleted: nothing is known of them, which is not the same as nobody. */
function requireKept(parameter: string, day: number, { nowMs }: Present): void {
  const oldest = oldestBucket('dau', nowMs)
  if (day >= oldest) return
  const reason = `expected ${formatDay(oldest)} or later: the sketches of older days are gone`
  throw new ParameterError([{ parameter, reason }])
}

function requireBegun(parameter: string, day: number, { nowMs, timeZone }: Present): void {
  const today = gameDay(nowMs, timeZone)
  if (day <= today) return
  const reason = `expected a day that has begun, at most ${formatDay(today)}`
  throw new ParameterError([{ parameter, reason }])
}
