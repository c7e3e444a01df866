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

/** RFC 3339 with an offset; a local time without one names no instant. */
const rfc3339 = z.iso.datetime({ offset: true })

/** Smaller numbers are seconds (until the year 5138), larger ones milliseconds (from 1973 on). */
const FIRST_EPOCH_MS = 100_000_000_000

/** Times that the tables can hold: 1970 to 2199. Anything else is no time of a game. */
const FIRST_STORABLE_MS = 0
const FIRST_UNSTORABLE_MS = Date.UTC(2200, 0)

/**
 * How event_time was found: `client` as the client said; `sent_at` corrected by the difference between the
 * receive time and the client's send time; `clamped` set to the receive time.
 */
export type TimeMethod = 'client' | 'sent_at' | 'clamped'

export interface EventTime {
  /** What the client said, in milliseconds since the epoch; part of the row identity */
  readonly clientTimeMs: number
  /** What the metrics use, in milliseconds since the epoch */
  readonly eventTimeMs: number
  readonly method: TimeMethod
}

/** The two clocks of a batch, in milliseconds since the epoch. */
export interface BatchClocks {
  readonly receivedTimeMs: number
  /** By the client's clock; null when it did not say */
  readonly sentTimeMs: number | null
}

/**
 * A client's time as milliseconds since the epoch: an RFC 3339 string with an offset, or a number of
 * seconds or milliseconds since the epoch. Null when it is neither.
 */
export function parseTime(value: unknown): number | null {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return null
    return Math.floor(Math.abs(value) < FIRST_EPOCH_MS ? value * 1000 : value)
  }
  if (typeof value !== 'string' || !rfc3339.safeParse(value).success) return null
  const timeMs = Date.parse(value)
  return Number.isNaN(timeMs) ? null : timeMs
}

/** Whether the tables can hold a time in milliseconds since the epoch: 1970 to 2199. */
export function isStorableTime(timeMs: number): boolean {
  return timeMs >= FIRST_STORABLE_MS && timeMs < FIRST_UNSTORABLE_MS
}

/**
 * The time of an event: the client's, shifted by received - sent when the client's clock is off by more
 * than SKEW_TOLERANCE_MS, then bounded. Slightly ahead is taken as it is, up to a day ahead becomes the
 * receive time; further ahead or further back than MAX_EVENT_AGE_MS is a rejection.
 */
export function resolveTime(
  clientTimeMs: number,
  { receivedTimeMs, sentTimeMs }: BatchClocks,
): EventTime | Fault {
  if (!isStorableTime(clientTimeMs)) {
    return clientTimeMs < FIRST_STORABLE_MS ? tooOld(clientTimeMs) : inFuture(clientTimeMs)
  }
  const skewMs = sentTimeMs === null ? 0 : receivedTimeMs - sentTimeMs
  const isSkewed = Math.abs(skewMs) > SKEW_TOLERANCE_MS
  const eventTimeMs = isSkewed ? clientTimeMs + skewMs : clientTimeMs
  const aheadMs = eventTimeMs - receivedTimeMs
  if (aheadMs > MAX_FUTURE_MS) return inFuture(eventTimeMs)
  if (-aheadMs > MAX_EVENT_AGE_MS) return tooOld(eventTimeMs)
  return aheadMs > FUTURE_TOLERANCE_MS
    ? { clientTimeMs, eventTimeMs: receivedTimeMs, method: 'clamped' }
    : { clientTimeMs, eventTimeMs, method: isSkewed ? 'sent_at' : 'client' }
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
