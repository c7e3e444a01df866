/** Calls to the settings object whose failure the caller must be told; ingest goes by current-settings.ts. */
import { gameSettingsName } from '../../durable/names.ts'
import { ApiError } from '../api-error.ts'
import type { Scope } from '../app-env.ts'
import { within } from '../deadline.ts'
import type { GameSettings, SettingsChange, SettingsPatch } from '../event/game-settings.ts'
import { completeSettings } from '../event/game-settings.ts'

/** How long an answer waits for the object, in milliseconds. */
const OBJECT_DEADLINE_MS = 5_000

type GameScope = Pick<Scope, 'gameId' | 'env'>

export interface AskedChange {
  readonly patch: SettingsPatch
  /** Id of who changes */
  readonly by: string
  /** Milliseconds since the epoch */
  readonly nowMs: number
  /** The version that the change was made for; undefined for any */
  readonly version: number | undefined
}

/** The settings as they are stored, past every cache. Throws control_unavailable. */
export async function readStoredSettings(env: Env, scope: GameScope): Promise<GameSettings> {
  return completeSettings(await reached(objectOf(env, scope).read()))
}

/** Changes the settings, or says that they have another version. Throws control_unavailable. */
export async function changeStoredSettings(
  env: Env,
  scope: GameScope,
  { patch, by, nowMs, version }: AskedChange,
): Promise<SettingsChange> {
  const { kind, settings } = await reached(objectOf(env, scope).change(patch, by, nowMs, version))
  return { kind, settings: completeSettings(settings) }
}

/** Says that the live feed is watched until then (milliseconds since the epoch). Throws control_unavailable. */
export async function watchLiveFeed(env: Env, scope: GameScope, untilMs: number): Promise<void> {
  await reached(objectOf(env, scope).watch(untilMs))
}

function objectOf(env: Env, scope: GameScope) {
  return env.GAME_SETTINGS.getByName(gameSettingsName(scope))
}

async function reached<Value>(call: Promise<Value>): Promise<Value> {
  try {
    return await within(OBJECT_DEADLINE_MS, call)
  } catch (cause) {
    const detail = 'The settings of the game could not be reached; send again.'
    throw new ApiError('control_unavailable', detail, { cause })
  }
}
