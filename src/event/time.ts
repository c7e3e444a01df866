/**
 * The times of an event: reading what the client sent, correcting its clock, bounding it.
 * Nothing is made up: a time that cannot be read is a rejection, never "now".
 */
import { z } from 'zod'

import {
  FUTURE_TOLERANCE_MS,
  MAX_EVENT_AGE_MS,
  MAX_FUTURE_MS,
  SKEW_TOLERANCE_MS,
} from '../../configs/limits.ts'
import type { Fault } from './rejection.ts'

const HOUR_MS = 3_600_000

/** RFC 3339 with an offset; a local time without one names no instant. */
const RFC_3339 = z.regexes.datetime({ offset: true })

/**
 * Numbers between the two are seconds (September 2001 to the year 5138). Larger ones are milliseconds; so are smaller
 * ones, which come from clocks that were never set: read as seconds they would multiply the age of an event.
 */
const FIRST_EPOCH_S = 1_000_000_000
const FIRST_EPOCH_MS = 100_000_000_000

/** Times whose day the tables can hold: 1970 to 2148. Anything else is no time of a game. */
const FIRST_STORABLE_MS = 0
const FIRST_UNSTORABLE_MS = Date.UTC(2149, 0)

/** A clock that shows 1970 counts from its start; no game has events from then. */
const FIRST_SET_CLOCK_MS = Date.UTC(1971, 0)

/**
 * How event_time was found: `client` as the client said; `sent_at` corrected by the difference between the
 * receive time and the client's send time; `uptime` the receive time less what the client's monotonic clock
 * counted since the event; `clamped` set to the receive time.
 */
export type TimeMethod = 'client' | 'sent_at' | 'uptime' | 'clamped'

export interface EventTime {
  /** What the client said, in milliseconds since the epoch; part of the row identity */
  readonly clientTimeMs: number
  /** What the metrics use, in milliseconds since the epoch */
  readonly eventTimeMs: number
  readonly method: TimeMethod
}

/** The clocks of a batch. */
export interface BatchClocks {
  /** In milliseconds since the epoch */
  readonly receivedTimeMs: number
  /** By the client's clock, in milliseconds since the epoch; null when it did not say */
  readonly sentTimeMs: number | null
  /** The client's monotonic clock when it sent the batch, in milliseconds; null when it did not say */
  readonly sentUptimeMs: number | null
}

/**
 * A client's time as milliseconds since the epoch: an RFC 3339 string with an offset, or a number of
 * seconds or milliseconds since the epoch. Null when it is neither.
 */
export function parseTime(value: unknown): number | null {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return null
    const isSeconds = value >= FIRST_EPOCH_S && value < FIRST_EPOCH_MS
    return Math.floor(isSeconds ? value * 1000 : value)
  }
  if (typeof value !== 'string' || !RFC_3339.test(value)) return null
  const timeMs = Date.parse(value)
  return Number.isNaN(timeMs) ? null : timeMs
}

/** Whether the tables can hold a time in milliseconds since the epoch: 1970 to 2148. */
export function isStorableTime(timeMs: number): boolean {
  return timeMs >= FIRST_STORABLE_MS && timeMs < FIRST_UNSTORABLE_MS
}

/** Ten years: no device runs that long. */
const MAX_UPTIME_MS = 10 * 366 * 86_400_000

/** A reading of a monotonic clock, in milliseconds; null for anything else. */
export function parseUptime(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value <= MAX_UPTIME_MS
    ? Math.floor(value)
    : null
}

/**
 * The time of an event, bounded. The best clock that the client gave decides: its monotonic clock, which no
 * change of the date moves (`uptimeMs` when the event happened, sentUptimeMs when it was sent); else sent_at, by
 * which the client's time is shifted when its clock is off by more than SKEW_TOLERANCE_MS; else the client's time.
 * Slightly ahead is taken as it is, up to a day ahead becomes the receive time; further ahead or further back than
 * MAX_EVENT_AGE_MS is a rejection.
 */
export function resolveTime(
  clientTimeMs: number,
  clocks: BatchClocks,
  uptimeMs: number | null = null,
): EventTime | Fault {
  if (!isStorableTime(clientTimeMs)) {
    return clientTimeMs < FIRST_STORABLE_MS ? tooOld(clientTimeMs) : inFuture(clientTimeMs)
  }
  const { receivedTimeMs } = clocks
  const { eventTimeMs, method } = bestTime(clientTimeMs, clocks, uptimeMs)
  if (method !== 'uptime' && wasSetSince(clientTimeMs, clocks)) {
    return { clientTimeMs, eventTimeMs: receivedTimeMs, method: 'clamped' }
  }
  const aheadMs = eventTimeMs - receivedTimeMs
  if (aheadMs > MAX_FUTURE_MS) return inFuture(eventTimeMs)
  if (-aheadMs > MAX_EVENT_AGE_MS) return tooOld(eventTimeMs)
  return aheadMs > FUTURE_TOLERANCE_MS
    ? { clientTimeMs, eventTimeMs: receivedTimeMs, method: 'clamped' }
    : { clientTimeMs, eventTimeMs, method }
}

/**
 * A clock that could be right when it sent, and could not when the event happened, was set in between: the event is
 * not later than now, and nothing more is known. Every attempt to send the event comes to the same verdict.
 */
function wasSetSince(clientTimeMs: number, { receivedTimeMs, sentTimeMs }: BatchClocks): boolean {
  if (sentTimeMs === null) return false
  const aheadMs = sentTimeMs - receivedTimeMs
  if (aheadMs > MAX_FUTURE_MS || -aheadMs > MAX_EVENT_AGE_MS) return false
  return clientTimeMs < FIRST_SET_CLOCK_MS || clientTimeMs - sentTimeMs > MAX_FUTURE_MS
}

function bestTime(
  clientTimeMs: number,
  { receivedTimeMs, sentTimeMs, sentUptimeMs }: BatchClocks,
  uptimeMs: number | null,
): Pick<EventTime, 'eventTimeMs' | 'method'> {
  const agedMs = sentTimeMs === null ? null : sentTimeMs - clientTimeMs
  if (uptimeMs !== null && sentUptimeMs !== null && isOneStart(uptimeMs, sentUptimeMs, agedMs)) {
    const eventTimeMs = receivedTimeMs - (sentUptimeMs - uptimeMs)
    return Math.abs(eventTimeMs - clientTimeMs) > SKEW_TOLERANCE_MS
      ? { eventTimeMs, method: 'uptime' }
      : { eventTimeMs: clientTimeMs, method: 'client' }
  }
  const skewMs = sentTimeMs === null ? 0 : receivedTimeMs - sentTimeMs
  return Math.abs(skewMs) > SKEW_TOLERANCE_MS
    ? { eventTimeMs: clientTimeMs + skewMs, method: 'sent_at' }
    : { eventTimeMs: clientTimeMs, method: 'client' }
}

/**
 * Whether two readings of a monotonic clock can be from one start of the device; `agedMs` is the time between them
 * by the other clock. Less uptime than at the event is a new start. So is an event from before the start at which
 * sentUptimeMs was zero, unless the clock was moved in between: by hand and by zones it moves by whole hours.
 */
function isOneStart(uptimeMs: number, sentUptimeMs: number, agedMs: number | null): boolean {
  if (sentUptimeMs < uptimeMs) return false
  if (agedMs === null || agedMs > MAX_EVENT_AGE_MS) return true
  if (agedMs <= sentUptimeMs + SKEW_TOLERANCE_MS) return true
  const movedMs = agedMs - (sentUptimeMs - uptimeMs)
  return Math.abs(movedMs - Math.round(movedMs / HOUR_MS) * HOUR_MS) <= SKEW_TOLERANCE_MS
}

function inFuture(timeMs: number): Fault {
  return {
    code: 'event_time_in_future',
    detail: `expected a time at most 24 hours ahead of ours, got ${describe(timeMs)}`,
  }
}

function tooOld(timeMs: number): Fault {
  return {
    code: 'event_time_too_old',
    detail: `expected a time within the last 30 days, got ${describe(timeMs)}`,
  }
}

/** Dates beyond what a Date can hold have no ISO form; the number itself still says what was sent. */
function describe(timeMs: number): string {
  const date = new Date(timeMs)
  return Number.isNaN(date.getTime()) ? `${timeMs} ms` : date.toISOString()
}
