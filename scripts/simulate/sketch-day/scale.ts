/** From a measured day to a larger game: arithmetic, not measured. */
import { MAX_SKETCH_SHARDS } from '../../../configs/limits.ts'
import { messagesPerSecond } from './consumer.ts'
import { requestsPerDay, rowsWrittenPerDay } from './cost.ts'
import type { Usage } from './cost.ts'
import { USERS_PER_PEAK } from './day.ts'
import type { DayResult } from './result.ts'

const DAYS = 30
const DAY_SECONDS = 86_400
const BILLED_GB = 0.128

/** Messages a second that the platform takes in one queue. */
const QUEUE_MESSAGES_PER_SECOND = 5_000

/** What a shard is given, so that a peak above the usual one does not wait: half of a core, and of the soft limit. */
const SHARD_LOAD = 0.5
const SHARD_CALLS_PER_SECOND = 500

/** What a game of so many users needs. */
export interface Scaled {
  /** Players online at the peak */
  readonly peak: number
  readonly queues: number
  readonly callsPerSecond: number
  /** Cores that all calls take at the peak */
  readonly cores: number
  /** Shards that keep each at half a core and 500 calls a second */
  readonly shards: number
  readonly isWithinLimit: boolean
  readonly usage: Usage
}

/**
 * A game of `dailyUsers` like the one that was measured with shards: calls, rows and CPU grow with the players, which is
 * more than they do, because a full sketch changes less often; the objects are those that calls and CPU need. The bytes do not
 * grow: sketches are full.
 */
export function scaleTo(dailyUsers: number, measured: DayResult, ownCpuMs: number): Scaled {
  const { perDay, scenario, peakCallsPerSecond } = measured
  const peak = dailyUsers / USERS_PER_PEAK
  const factor = peak / scenario.peak
  const callsPerSecond = peakCallsPerSecond * factor
  const cores = (callsPerSecond * ownCpuMs) / 1_000
  const shards = Math.max(
    scenario.shards,
    Math.ceil(cores / SHARD_LOAD),
    Math.ceil(callsPerSecond / SHARD_CALLS_PER_SECOND),
  )
  return {
    peak,
    queues: Math.ceil(messagesPerSecond(peak) / QUEUE_MESSAGES_PER_SECOND),
    callsPerSecond,
    cores,
    shards,
    isWithinLimit: shards <= MAX_SKETCH_SHARDS,
    usage: {
      requests: requestsPerDay(perDay) * factor * DAYS,
      duration: (shards + 1) * DAY_SECONDS * BILLED_GB * DAYS,
      rowsWritten: rowsWrittenPerDay(perDay) * factor * DAYS,
      rowsRead: (perDay['rowsRead'] ?? 0) * factor * DAYS,
      storage: (measured.stored['database'] ?? 0) / 1e9,
      queue: (perDay['messages'] ?? 0) * 3 * DAYS,
    },
  }
}
