/** The money of this moment: read once per game and 15 s in an isolate, whoever asks. */
import { gameSketchesName } from '../../../durable/names.ts'
import type { RealtimeRevenueRow } from '../../clickhouse/queries/realtime-revenue.ts'
import { REVENUE_DEADLINE_MS, realtimeRevenue } from '../../clickhouse/queries/realtime-revenue.ts'
import { zoneDayStartMs } from '../../event/calendar.ts'
import { gameDay } from '../../event/game-day.ts'
import type { Asker } from '../question.ts'
import { askedFor } from './missing.ts'
import type { Clock, Reading } from './shared-rounds.ts'
import { SharedRounds } from './shared-rounds.ts'

const ROUND_MS = 15_000
const RECENT_MS = 5 * 60_000

/** How long a round of a stream waits for the money; it goes on with what was read before, in milliseconds. */
const STREAM_PATIENCE_MS = 200

export type RevenueReading = Reading<readonly RealtimeRevenueRow[]>

const rounds = new SharedRounds<readonly RealtimeRevenueRow[]>({
  label: 'revenue',
  periodMs: ROUND_MS,
  overdueMs: REVENUE_DEADLINE_MS + 500,
})

/** The money of today and of the last five minutes before the reading, at most 15 s old. Throws what `wait` does. */
export function readRevenue(asker: Asker, clock: Clock): Promise<RevenueReading> {
  const { connection, timeZone } = asker
  // What was read yesterday is no revenue of today.
  const name = `${gameSketchesName(asker)} ${gameDay(clock.now(), timeZone)}`
  const read = (nowMs: number) => {
    const dayStartMs = zoneDayStartMs(gameDay(nowMs, timeZone), timeZone)
    const present = { dayStartMs, recentStartMs: nowMs - RECENT_MS, nowMs }
    return realtimeRevenue(connection, asker, present)
  }
  return rounds.read(name, clock, read, askedFor(asker))
}

/**
 * A reader that never keeps its caller waiting for long: when `read` has not answered after 200 ms, what it answered
 * before; null when it never has. One read at a time; its answer is told with the next call.
 */
export function impatient<Value>(
  read: () => Promise<Value>,
  clock: Clock,
): () => Promise<Value | null> {
  let latest: Value | null = null
  let underWay: Promise<void> | null = null
  const next = async () => {
    try {
      latest = await read()
    } finally {
      underWay = null
    }
  }
  return async () => {
    underWay ??= next()
    await Promise.race([underWay, clock.wait(STREAM_PATIENCE_MS)])
    return latest
  }
}
