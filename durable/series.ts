/** What GameSketches counts per metric: width of a bucket, precision, and which buckets are alive. */
import type { SketchMetric } from '../src/event/envelope.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** Days of a week and of a month, as WAU and MAU count them; minutes of the windows of active users. */
export const WEEK_DAYS = 7
export const MONTH_DAYS = 30
export const SHORT_WINDOW_MINUTES = 5
export const LONG_WINDOW_MINUTES = 15

interface Series {
  /** Width of a bucket in milliseconds */
  readonly bucketMs: number
  /** Precision p of a new sketch: 2^p bytes when dense */
  readonly precision: number
  /** Buckets older than this many are neither counted nor shown */
  readonly keptBuckets: number
  /** Buckets older than this many are deleted: those that are kept may be united with older ones */
  readonly storedBuckets: number
  /** Buckets further ahead of the clock than this many are refused */
  readonly aheadBuckets: number
}

/**
 * 62 days: an event may be 30 days old when it is sent and wait 4 days in the queue, and the month before can be
 * looked at. 16 KiB each: 2 MB for both metrics.
 *
 * Two days ahead: game days are calendar days of zones up to 14 hours ahead of UTC.
 */
const DAYS = {
  bucketMs: DAY_MS,
  precision: 14,
  keptBuckets: 62,
  storedBuckets: 62,
  aheadBuckets: 2,
} as const

/** Active users of a day are stored for as long as the MAU of a day that is kept reaches back. */
const ACTIVE_DAYS = { ...DAYS, storedBuckets: DAYS.keptBuckets + MONTH_DAYS - 1 } as const

/**
 * 5 days: longer than a message can wait in the queue. 4 KiB each: at most 30 MB, of the 10 GB that an
 * object may hold. Precision 12 (1.2 %): a minute is a point of a curve, not a figure that is paid for.
 *
 * An hour ahead: ingest lets event times run minutes ahead of the clock.
 */
const MINUTES = {
  bucketMs: MINUTE_MS,
  precision: 12,
  keptBuckets: 5 * 24 * 60,
  storedBuckets: 5 * 24 * 60 + LONG_WINDOW_MINUTES - 1,
  aheadBuckets: 60,
} as const

export const SERIES: Record<SketchMetric, Series> = {
  dau: ACTIVE_DAYS,
  new_users: DAYS,
  online: MINUTES,
}

/** The oldest bucket that counts at a time in milliseconds since the epoch. */
export function oldestBucket(metric: SketchMetric, nowMs: number): number {
  const { bucketMs, keptBuckets } = SERIES[metric]
  return Math.floor(nowMs / bucketMs) - keptBuckets
}

/** The oldest bucket that is not deleted at a time in milliseconds since the epoch. */
export function oldestStoredBucket(metric: SketchMetric, nowMs: number): number {
  const { bucketMs, storedBuckets } = SERIES[metric]
  return Math.floor(nowMs / bucketMs) - storedBuckets
}

/** The newest bucket that is accepted at a time in milliseconds since the epoch. */
export function newestBucket(metric: SketchMetric, nowMs: number): number {
  const { bucketMs, aheadBuckets } = SERIES[metric]
  return Math.floor(nowMs / bucketMs) + aheadBuckets
}
