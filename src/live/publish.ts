/** From ingest to the live feed: best effort, never in the way of an answer. */
import { MAX_LIVE_ENTRIES_PER_POST } from '../../configs/limits.ts'
import { liveFeedName } from '../../durable/names.ts'
import type { Scope } from '../app-env.ts'
import { within } from '../deadline.ts'
import type { GameSettings } from '../event/game-settings.ts'
import type { LiveEntry } from '../event/live-entry.ts'
import { log } from '../log.ts'

/** How long a request's background work waits for the feed, in milliseconds. */
const PUBLISH_DEADLINE_MS = 1_000

/** Whether somebody watches the live feed of a game at `nowMs` (milliseconds since the epoch). */
export function isWatched(settings: GameSettings, nowMs: number): boolean {
  return settings.live_until_ms > nowMs
}

/** Shows the last MAX_LIVE_ENTRIES_PER_POST of these entries to whoever watches the game. Never throws. */
export async function publishLive(
  env: Env,
  scope: Pick<Scope, 'gameId' | 'env'>,
  entries: readonly LiveEntry[],
): Promise<void> {
  if (entries.length === 0) return
  try {
    const feed = env.LIVE_FEED.getByName(liveFeedName(scope))
    const shown = entries.slice(-MAX_LIVE_ENTRIES_PER_POST)
    await within(PUBLISH_DEADLINE_MS, feed.publish(shown))
  } catch (error) {
    log('warn', 'live entries lost', {
      game_id: scope.gameId,
      env: scope.env,
      entries: entries.length,
      error,
    })
  }
}
