/** The game as the control database holds it at this moment: a replay follows a change of it at once. */
import { fromControl } from '../access/control-database.ts'
import { GAME_COLUMNS, toScopedGame } from '../access/game-row.ts'
import { ApiError } from '../api-error.ts'
import type { Scope } from '../app-env.ts'
import type { GameProfile } from '../event/game-profile.ts'

/** The profile, past every cache. Throws control_unavailable, and not_found for a game that was removed. */
export async function presentProfile(db: D1Database, { gameId, env }: Scope): Promise<GameProfile> {
  const row = await fromControl(
    db
      .prepare(
        `SELECT environments.game_id, environments.env, ${GAME_COLUMNS}
         FROM environments JOIN games ON games.game_id = environments.game_id
         WHERE environments.game_id = ? AND environments.env = ?`,
      )
      .bind(gameId, env)
      .first(),
  )
  if (row === null)
    throw new ApiError('not_found', `There is no game ${gameId} in ${env} any more.`)
  return toScopedGame(row).profile
}
