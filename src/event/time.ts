/**
 * The times of an event: reading what the client sent, and bounding it against the receive time.
 * Nothing is made up: a time that cannot be read is a rejection, never "now".
 */
import { z } from 'zod'

import { FUTURE_TOLERANCE_MS, MAX_EVENT_AGE_MS, MAX_FUTURE_MS } from '../../configs/limits.ts'
import type { RejectionReason } from './rejection.ts'

/** RFC 3339 with an offset; a local time without one names no instant. */
const rfc3339 = z.iso.datetime({ offset: true })

/** Smaller numbers are seconds (until the year 5138), larger ones milliseconds (from 1973 on). */
const FIRST_EPOCH_MS = 100_000_000_000

/** How event_time was found. */
export type TimeMethod = 'client' | 'clamped'

export interface EventTime {
  /** What the client said, in milliseconds since the epoch; part of the row identity */
  readonly clientTimeMs: number
  /** What the metrics use, in milliseconds since the epoch */
  readonly eventTimeMs: number
  readonly method: TimeMethod
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

/**
 * Bounds a client time against the receive time (both in milliseconds since the epoch): slightly ahead
 * is taken as it is, up to a day ahead becomes the receive time, anything further is a rejection.
 */
export function boundTime(
  clientTimeMs: number,
  receivedTimeMs: number,
): EventTime | RejectionReason {
  const aheadMs = clientTimeMs - receivedTimeMs
  if (aheadMs > MAX_FUTURE_MS) {
    return {
      code: 'event_time_in_future',
      pointer: '/event_time',
      detail: `expected a time at most 24 hours ahead of ours, got ${describe(clientTimeMs)}`,
    }
  }
  if (-aheadMs > MAX_EVENT_AGE_MS) {
    return {
      code: 'event_time_too_old',
      pointer: '/event_time',
      detail: `expected a time within the last 30 days, got ${describe(clientTimeMs)}`,
    }
  }
  return aheadMs > FUTURE_TOLERANCE_MS
    ? { clientTimeMs, eventTimeMs: receivedTimeMs, method: 'clamped' }
    : { clientTimeMs, eventTimeMs: clientTimeMs, method: 'client' }
}

/** Dates beyond what a Date can hold have no ISO form; the number itself still says what was sent. */
function describe(timeMs: number): string {
  const date = new Date(timeMs)
  return Number.isNaN(date.getTime()) ? `${timeMs} ms` : date.toISOString()
}
