/** From ingest to the live feed: best effort, never in the way of an answer. */
import { LIVE_PAUSE_MS, MAX_LIVE_ENTRIES_PER_POST } from '../../configs/limits.ts'
import { liveFeedName } from '../../durable/names.ts'
import type { Scope } from '../app-env.ts'
import { within } from '../deadline.ts'
import type { GameSettings } from '../event/game-settings.ts'
import type { LiveEntry } from '../event/live-entry.ts'
import { log } from '../log.ts'

/** How long a request's background work waits for the feed, in milliseconds. */
const PUBLISH_DEADLINE_MS = 1_000

/** Feeds remembered as paused, per isolate. */
const MAX_PAUSED_FEEDS = 1_000

/** Until when nothing is sent to a feed that did not take the last entries, in milliseconds since the epoch */
const pausedUntilMs = new Map<string, number>()

/** Whether somebody watches the live feed of a game at `nowMs` (milliseconds since the epoch). */
export function isWatched(settings: GameSettings, nowMs: number): boolean {
  return settings.live_until_ms > nowMs
}

/**
 * Shows the last MAX_LIVE_ENTRIES_PER_POST of these entries to whoever watches the game. After a failure none are shown
 * for LIVE_PAUSE_MS: a feed that cannot follow must not cost every request a call. Never throws.
 */
export async function publishLive(
  env: Env,
  scope: Pick<Scope, 'gameId' | 'env'>,
  entries: readonly LiveEntry[],
): Promise<void> {
  const name = liveFeedName(scope)
  if (entries.length === 0 || isPaused(name)) return
  try {
    const feed = env.LIVE_FEED.getByName(name)
    const shown = entries.slice(-MAX_LIVE_ENTRIES_PER_POST)
    await within(PUBLISH_DEADLINE_MS, feed.publish(shown))
  } catch (error) {
    // Of calls that were under way together, the first failure tells it.
    if (isPaused(name)) return
    pause(name)
    log('warn', 'live entries lost', {
      game_id: scope.gameId,
      env: scope.env,
      entries: entries.length,
      error,
    })
  }
}

function isPaused(name: string): boolean {
  return Date.now() < (pausedUntilMs.get(name) ?? 0)
}

function pause(name: string): void {
  pausedUntilMs.delete(name)
  pausedUntilMs.set(name, Date.now() + LIVE_PAUSE_MS)
  const [oldest] = pausedUntilMs.keys()
  if (pausedUntilMs.size > MAX_PAUSED_FEEDS && oldest !== undefined) pausedUntilMs.delete(oldest)
}
