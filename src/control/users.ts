/** Users of the control plane, their roles and games, and their tokens. */
import { z } from 'zod'

import { authenticate } from '../access/authenticate.ts'
import { fromControl } from '../access/control-database.ts'
import type { Games } from '../access/users.ts'
import { gamesColumn, signUserToken } from '../access/users.ts'
import { ApiError } from '../api-error.ts'
import { configOf } from '../config.ts'
import { commit } from './audit.ts'
import type { ControlContext } from './call.ts'
import { callOf, readFields } from './call.ts'
import { listed, MAX_LISTED } from './games.ts'
import type { UserPatch } from './schemas.ts'
import { createTokenSchema, createUserSchema, patchUserSchema } from './schemas.ts'

const userRowSchema = z.object({
  user_id: z.string(),
  role: z.string(),
  games: gamesColumn,
  token_version: z.int(),
  created_time: z.string(),
  disabled_time: z.string().nullable(),
})
type UserRow = z.output<typeof userRowSchema>

const USER_COLUMNS = Object.keys(userRowSchema.shape).join(', ')

/** GET /me: who is asking, and what they may do. */
export async function whoAmI(c: ControlContext): Promise<Response> {
  Object.assign(callOf(c), { action: 'me.read', target: '' })
  const { principal, permissions, games, key } = await authenticate(c, { keyInUrl: false })
  return c.json({
    kind: principal.kind,
    id: principal.id,
    ...(principal.kind === 'user' && { role: principal.role }),
    ...(key !== null && {
      key_kind: key.kind,
      game_id: key.scope.gameId,
      env: key.scope.env,
    }),
    games,
    permissions,
  })
}

/** GET /users */
export async function listUsers(c: ControlContext): Promise<Response> {
  const { results } = await fromControl(
    c.env.CONTROL_DB.prepare(`SELECT ${USER_COLUMNS} FROM users ORDER BY user_id LIMIT ?`)
      .bind(MAX_LISTED + 1)
      .all(),
  )
  const { rows, truncated } = listed(userRowSchema, results)
  return c.json({ users: rows.map(shown), truncated })
}

/** POST /users. Throws conflict when the id is taken, invalid_field for games that do not exist. */
export async function createUser(c: ControlContext): Promise<Response> {
  const user = await readFields(c, createUserSchema)
  callOf(c).target = user.user_id
  await refuseUnknownGames(c, user.games)
  const time = new Date(c.get('nowMs')).toISOString()
  const insert = c.env.CONTROL_DB.prepare(
    'INSERT INTO users (user_id, role, games, created_time) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  ).bind(user.user_id, user.role, textOf(user.games), time)
  await commit(c, [insert], {
    status: 201,
    conflict: `There is a user ${user.user_id} already.`,
  })
  return c.json({ ...user, created_time: time, disabled_time: null }, 201)
}

/** PATCH /users/{user_id} */
export async function patchUser(c: ControlContext): Promise<Response> {
  const patch = await readFields(c, patchUserSchema)
  const user = await readUser(c)
  await refuseUnknownGames(c, patch.games ?? '*')
  const changed = changedUser(user, patch, new Date(c.get('nowMs')).toISOString())
  const update = c.env.CONTROL_DB.prepare(
    `UPDATE users SET role = ?, games = ?, token_version = ?, disabled_time = ?
     WHERE user_id = ? AND role = ? AND games = ? AND token_version = ? AND disabled_time IS ?`,
  ).bind(
    changed.role,
    textOf(changed.games),
    changed.token_version,
    changed.disabled_time,
    user.user_id,
    user.role,
    textOf(user.games),
    user.token_version,
    user.disabled_time,
  )
  await commit(c, [update], {
    status: 200,
    conflict: 'The user was changed meanwhile; read and send again.',
  })
  return c.json(shown(changed))
}

/** POST /users/{user_id}/tokens: a token, shown once. Throws conflict for a disabled user. */
export async function createToken(c: ControlContext): Promise<Response> {
  const { ttl_seconds: ttlSeconds } = await readFields(c, createTokenSchema)
  const user = await readUser(c)
  if (user.disabled_time !== null) throw new ApiError('conflict', 'The user is disabled.')
  const nowMs = c.get('nowMs')
  // Tokens count in whole seconds.
  const expiresMs = (Math.floor(nowMs / 1_000) + ttlSeconds) * 1_000
  const claims = { userId: user.user_id, tokenVersion: user.token_version }
  const token = await signUserToken(configOf(c.env).jwtSecret, claims, nowMs, expiresMs)
  return c.json({ token, expires_time: new Date(expiresMs).toISOString() }, 201)
}

function changedUser(user: UserRow, patch: UserPatch, time: string): UserRow {
  const isDisabled = patch.disabled ?? user.disabled_time !== null
  const withdraws = patch.withdraw_tokens === true || patch.disabled === true
  return {
    ...user,
    role: patch.role ?? user.role,
    games: patch.games ?? user.games,
    token_version: user.token_version + (withdraws ? 1 : 0),
    disabled_time: isDisabled ? (user.disabled_time ?? time) : null,
  }
}

async function readUser(c: ControlContext): Promise<UserRow> {
  const row = await fromControl(
    c.env.CONTROL_DB.prepare(`SELECT ${USER_COLUMNS} FROM users WHERE user_id = ?`)
      .bind(c.req.param('user_id') ?? '')
      .first(),
  )
  if (row === null) throw new ApiError('not_found', 'There is no such user.')
  return userRowSchema.parse(row)
}

const gameIdsSchema = z.array(z.object({ game_id: z.string() }))

async function refuseUnknownGames(c: ControlContext, games: Games): Promise<void> {
  if (games === '*') return
  const { results } = await fromControl(
    c.env.CONTROL_DB.prepare(
      'SELECT game_id FROM games WHERE game_id IN (SELECT value FROM json_each(?))',
    )
      .bind(JSON.stringify(games))
      .all(),
  )
  const known = new Set(gameIdsSchema.parse(results).map(({ game_id: gameId }) => gameId))
  const unknown = games.filter((gameId) => !known.has(gameId))
  if (unknown.length > 0) {
    throw new ApiError('invalid_field', `games: there is no game ${unknown.join(', ')}`)
  }
}

function textOf(games: Games): string {
  return games === '*' ? games : JSON.stringify(games)
}

function shown({ user_id, role, games, created_time, disabled_time }: UserRow) {
  return { user_id, role, games, created_time, disabled_time }
}
