/** The door to the objects that count users. */
import { gameSketchesName } from '../durable/names.ts'
import { configOf } from './config.ts'

/**
 * The sketches of one game and environment, to be called within the request that asks. `shard`: 0 is the object that
 * is read. Whoever asks first creates the object, so everybody says where it is to be.
 */
export function gameSketches(
  env: Env,
  scope: { readonly gameId: string; readonly env: string },
  shard = 0,
) {
  const { locationHint } = configOf(env)
  return env.GAME_SKETCHES.getByName(
    gameSketchesName(scope, shard),
    locationHint === null ? {} : { locationHint },
  )
}
