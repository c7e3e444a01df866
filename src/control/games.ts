/** Games and their environments. */
import { z } from 'zod'

import { authenticate } from '../access/authenticate.ts'
import { fromControl } from '../access/control-database.ts'
import { jsonColumn } from '../access/game-row.ts'
import { ApiError } from '../api-error.ts'
import { customEventsSchema } from '../event/game-profile.ts'
import { commit } from './audit.ts'
import type { ControlContext } from './call.ts'
import { callOf, readFields } from './call.ts'
import { storedCustomEvents } from './custom-events.ts'
import type { GamePatch } from './schemas.ts'
import { createEnvironmentSchema, createGameSchema, patchGameSchema } from './schemas.ts'

/** Games, environments, keys and users that one list holds; one more is asked for, to tell whether there are more. */
export const MAX_LISTED = 1_000

/** The first MAX_LISTED rows, and whether there were more. */
export function listed<Schema extends z.ZodType>(rowSchema: Schema, results: readonly unknown[]) {
  const rows = z.array(rowSchema).parse(results.slice(0, MAX_LISTED))
  return { rows, truncated: results.length > MAX_LISTED }
}

/** A game as it is shown; the secret of its pseudonyms never is. */
const gameRowSchema = z.object({
  game_id: z.string(),
  name: z.string(),
  time_zone: z.string(),
  game_type: z.string(),
  event_mode: z.string(),
  custom_events: jsonColumn(customEventsSchema),
  allowed_origins: jsonColumn(z.array(z.string())),
  pseudonymize: z.literal([0, 1]).transform((flag) => flag === 1),
  masked_properties: jsonColumn(z.array(z.string())),
  created_time: z.string(),
  archived_time: z.string().nullable(),
})
type Game = z.output<typeof gameRowSchema>

const GAME_COLUMNS = Object.keys(gameRowSchema.shape).join(', ')

/** Without the custom events, which may be large: a list holds many games. */
const listedGameSchema = gameRowSchema.omit({ custom_events: true })
const LISTED_COLUMNS = Object.keys(listedGameSchema.shape).join(', ')

const environmentRowSchema = z.object({ env: z.string(), created_time: z.string() })

/** GET /games: those that the caller may work with. */
export async function listGames(c: ControlContext): Promise<Response> {
  const { games } = await authenticate(c, { keyInUrl: false })
  const { results } = await fromControl(
    c.env.CONTROL_DB.prepare(
      `SELECT ${LISTED_COLUMNS} FROM games
       WHERE ?1 OR game_id IN (SELECT value FROM json_each(?2)) ORDER BY game_id LIMIT ?3`,
    )
      .bind(games === '*' ? 1 : 0, JSON.stringify(games === '*' ? [] : games), MAX_LISTED + 1)
      .all(),
  )
  const { rows, truncated } = listed(listedGameSchema, results)
  return c.json({ games: rows, truncated })
}

/** POST /games. Throws conflict when the id is taken. */
export async function createGame(c: ControlContext): Promise<Response> {
  const game = await readFields(c, createGameSchema)
  Object.assign(callOf(c), { gameId: game.game_id, target: game.game_id })
  const db = c.env.CONTROL_DB
  const time = new Date(c.get('nowMs')).toISOString()
  const insertGame = db
    .prepare(
      `INSERT INTO games (game_id, name, time_zone, game_type, event_mode, custom_events,
         allowed_origins, pseudonymize, masked_properties, created_time)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    )
    .bind(
      game.game_id,
      game.name,
      game.time_zone,
      game.game_type,
      game.event_mode,
      storedCustomEvents(game.custom_events),
      JSON.stringify(game.allowed_origins),
      game.pseudonymize ? 1 : 0,
      JSON.stringify(game.masked_properties),
      time,
    )
  const insertEnvironments = db
    .prepare(
      `INSERT INTO environments (game_id, env, created_time)
       SELECT ?, value, ? FROM json_each(?) WHERE changes() > 0`,
    )
    .bind(game.game_id, time, JSON.stringify(game.environments))
  await commit(c, [insertGame, insertEnvironments], {
    status: 201,
    conflict: `There is a game ${game.game_id} already.`,
  })
  return c.json(await shownGame(c, game.game_id), 201)
}

/** GET /games/{game_id} */
export async function getGame(c: ControlContext): Promise<Response> {
  return c.json(await shownGame(c, gameIdOf(c)))
}

/** PATCH /games/{game_id}. Throws conflict for another time zone: days of the past would be others. */
export async function patchGame(c: ControlContext): Promise<Response> {
  const patch = await readFields(c, patchGameSchema)
  const game = await readGame(c, gameIdOf(c))
  if (patch.time_zone !== undefined && patch.time_zone !== game.time_zone) {
    throw new ApiError(
      'conflict',
      `time_zone: the game counts its days in ${game.time_zone}; in ${patch.time_zone} days of the past ` +
        'would be others, so it stays.',
    )
  }
  const columns = columnsOf(patch)
  const update = c.env.CONTROL_DB.prepare(
    `UPDATE games SET ${columns.map(([name]) => `${name} = ?`).join(', ')} WHERE game_id = ?`,
  ).bind(...columns.map(([, value]) => value), game.game_id)
  await commit(c, [update], { status: 200, conflict: 'The game is gone.' })
  return c.json(await shownGame(c, game.game_id))
}

/** POST /games/{game_id}/archive: it takes no events and answers no questions until it is restored. */
export function archiveGame(c: ControlContext): Promise<Response> {
  const time = new Date(c.get('nowMs')).toISOString()
  return setArchived(c, time, 'The game is archived already.')
}

/** POST /games/{game_id}/restore */
export function restoreGame(c: ControlContext): Promise<Response> {
  return setArchived(c, null, 'The game is not archived.')
}

/** GET /games/{game_id}/environments */
export async function listEnvironments(c: ControlContext): Promise<Response> {
  const game = await readGame(c, gameIdOf(c))
  const { rows, truncated } = await readEnvironments(c, game.game_id)
  return c.json({ environments: rows, truncated })
}

/** POST /games/{game_id}/environments. Throws conflict when there is one of this name. */
export async function createEnvironment(c: ControlContext): Promise<Response> {
  const { env } = await readFields(c, createEnvironmentSchema)
  const game = await readGame(c, gameIdOf(c))
  Object.assign(callOf(c), { env, target: env })
  const time = new Date(c.get('nowMs')).toISOString()
  const insert = c.env.CONTROL_DB.prepare(
    `INSERT INTO environments (game_id, env, created_time) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
  ).bind(game.game_id, env, time)
  await commit(c, [insert], {
    status: 201,
    conflict: `The game has an environment ${env} already.`,
  })
  return c.json({ game_id: game.game_id, env, created_time: time }, 201)
}

/** The id of the path. */
export function gameIdOf(c: ControlContext): string {
  return c.req.param('game_id') ?? ''
}

/** The game as it is stored. Throws not_found. */
export async function readGame(c: ControlContext, gameId: string): Promise<Game> {
  const row = await fromControl(
    c.env.CONTROL_DB.prepare(`SELECT ${GAME_COLUMNS} FROM games WHERE game_id = ?`)
      .bind(gameId)
      .first(),
  )
  if (row === null) throw new ApiError('not_found', 'There is no such game.')
  return gameRowSchema.parse(row)
}

async function setArchived(
  c: ControlContext,
  time: string | null,
  conflict: string,
): Promise<Response> {
  const game = await readGame(c, gameIdOf(c))
  const update = c.env.CONTROL_DB.prepare(
    'UPDATE games SET archived_time = ?1 WHERE game_id = ?2 AND (archived_time IS NULL) = (?1 IS NOT NULL)',
  ).bind(time, game.game_id)
  await commit(c, [update], { status: 200, conflict })
  return c.json(await shownGame(c, game.game_id))
}

async function shownGame(c: ControlContext, gameId: string) {
  const game = await readGame(c, gameId)
  const { rows } = await readEnvironments(c, gameId)
  return { ...game, environments: rows.map(({ env }) => env) }
}

async function readEnvironments(c: ControlContext, gameId: string) {
  const { results } = await fromControl(
    c.env.CONTROL_DB.prepare(
      'SELECT env, created_time FROM environments WHERE game_id = ? ORDER BY env LIMIT ?',
    )
      .bind(gameId, MAX_LISTED + 1)
      .all(),
  )
  return listed(environmentRowSchema, results)
}

/** Columns and their values; JSON where the column holds JSON. */
function columnsOf({
  custom_events: customEvents,
  ...patch
}: GamePatch): [string, string | number][] {
  const events: [string, string][] =
    customEvents === undefined ? [] : [['custom_events', storedCustomEvents(customEvents)]]
  const others = Object.entries(patch).map(([name, value]): [string, string | number] => {
    if (typeof value === 'boolean') return [name, value ? 1 : 0]
    return [name, typeof value === 'string' ? value : JSON.stringify(value)]
  })
  return [...events, ...others]
}
