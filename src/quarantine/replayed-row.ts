/**
 * A rejected event that passed a replay, as the row that replaces it: same key, same received_time, so that of the
 * two the one that was inserted last is kept.
 */
import type { RejectedEventRow, RowScope } from '../clickhouse/queries/rejected-events.ts'
import { toDateTime64 } from '../event/rows.ts'

/** A line of `events_rejected`, ending with a newline. `replayedTimeMs`: milliseconds since the epoch. */
export function toReplayedRow(
  stored: RejectedEventRow,
  { gameId, env }: RowScope,
  replayedTimeMs: number,
): string {
  const { received_ms: receivedMs, sent_ms: sentMs, replayed_ms: _, ...columns } = stored
  const row = {
    game_id: gameId,
    env,
    received_time: toDateTime64(receivedMs),
    ...columns,
    sent_time: sentMs === 0 ? undefined : toDateTime64(sentMs),
    replayed_time: toDateTime64(replayedTimeMs),
  }
  return `${JSON.stringify(row)}\n`
}
