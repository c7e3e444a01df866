/**
 * The settings that a request goes by: asked for once per game, isolate and SETTINGS_CACHE_MS, so that a change
 * reaches every request within that time. An object that fails must never stop ingest: then the last known settings
 * hold, or the defaults, which take everything.
 */
import { SETTINGS_CACHE_MS } from '../../configs/limits.ts'
import { gameSettingsName } from '../../durable/names.ts'
import type { Scope } from '../app-env.ts'
import { within } from '../deadline.ts'
import type { GameSettings } from '../event/game-settings.ts'
import { completeSettings, DEFAULT_SETTINGS } from '../event/game-settings.ts'
import { log } from '../log.ts'

/** How long a request waits for the settings, in milliseconds. */
const SETTINGS_DEADLINE_MS = 1_000

/** How long a failed call is not repeated, in milliseconds: requests must not wait for it one after the other. */
const FAILURE_PAUSE_MS = 2_000

/** Games remembered per isolate. */
const MAX_CACHED_GAMES = 1_000

type GameScope = Pick<Scope, 'gameId' | 'env'>

interface Known {
  readonly settings: GameSettings
  readonly untilMs: number
}

interface Flight {
  readonly promise: Promise<GameSettings>
  readonly startMs: number
}

const known = new Map<string, Known>()
const flights = new Map<string, Flight>()

/** The settings of a game at `nowMs` (milliseconds since the epoch), at most SETTINGS_CACHE_MS old. Never throws. */
export async function currentSettings(
  env: Env,
  scope: GameScope,
  nowMs: number,
): Promise<GameSettings> {
  const name = gameSettingsName(scope)
  const cached = known.get(name)
  if (cached !== undefined && cached.untilMs > nowMs) return cached.settings
  const flight = joinFlight(env, name, nowMs)
  try {
    const settings = await within(SETTINGS_DEADLINE_MS, flight.promise)
    // Counted from before the call: what was read may have been changed right after it was read.
    if (flights.get(name) === flight) remember(name, settings, flight.startMs + SETTINGS_CACHE_MS)
    return settings
  } catch (error) {
    const settings = cached?.settings ?? DEFAULT_SETTINGS
    log('warn', 'settings not reachable', {
      game_id: scope.gameId,
      env: scope.env,
      used_version: settings.version,
      error,
    })
    if (flights.get(name) === flight) remember(name, settings, nowMs + FAILURE_PAUSE_MS)
    return settings
  } finally {
    if (flights.get(name) === flight) flights.delete(name)
  }
}

/** The next request of this isolate asks for the settings again; a call under way is not believed any more. */
export function forgetSettings(scope: GameScope): void {
  const name = gameSettingsName(scope)
  flights.delete(name)
  const cached = known.get(name)
  if (cached !== undefined) known.set(name, { ...cached, untilMs: 0 })
}

/**
 * The call that is under way for a game, or a new one. One that is older than the deadline is not waited for: the
 * request that made it may be gone, and its promise with it.
 */
function joinFlight(env: Env, name: string, nowMs: number): Flight {
  const present = flights.get(name)
  if (present !== undefined && nowMs - present.startMs < SETTINGS_DEADLINE_MS) return present
  const flight = { promise: readSettings(env, name), startMs: nowMs }
  flights.set(name, flight)
  return flight
}

async function readSettings(env: Env, name: string): Promise<GameSettings> {
  return completeSettings(await env.GAME_SETTINGS.getByName(name).read())
}

function remember(name: string, settings: GameSettings, untilMs: number): void {
  known.delete(name)
  known.set(name, { settings, untilMs })
  const [oldest] = known.keys()
  if (known.size > MAX_CACHED_GAMES && oldest !== undefined) known.delete(oldest)
}
