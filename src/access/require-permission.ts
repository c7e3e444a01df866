/** Middleware that lets a request pass only for somebody who may do this, with this game. */
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'

import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import type { Caller } from './authenticate.ts'
import { authenticate, authenticateAfresh } from './authenticate.ts'
import { refuseOrigin } from './cors.ts'
import type { ScopedGame } from './game-row.ts'
import { findGame, refuseArchived } from './game-row.ts'
import { refuseOtherScope } from './keys.ts'
import type { Permission } from './rbac.ts'
import { includesGame } from './users.ts'

export interface PermissionOptions {
  /**
   * `game` (unless told): the request is about one game and environment: the key's, or the one that X-Game-ID and
   * X-Env, or game_id and env in the query, name. `path_game`: about the game of the parameter `game_id` of the
   * path. `all_games`: only for callers who are limited to no games. `none`: about no game.
   */
  readonly scope?: 'game' | 'path_game' | 'all_games' | 'none'
  /** With the scope `game`: whether an archived game is let through, for questions about its past */
  readonly allowArchived?: boolean
  /** Whether a write key may stand in `?key=`: for routes that browsers send events to */
  readonly keyInUrl?: boolean
}

/**
 * Sets `principal`, for the scope `game` also `scope` and `game`. Throws missing_key, unknown_key, key_in_url,
 * wrong_key_kind, forbidden, key_of_another_game, origin_not_allowed, control_unavailable; for callers who are
 * no keys also invalid_parameter (no game was named) and not_found (there is none).
 */
export function requirePermission(
  permission: Permission,
  { scope = 'game', allowArchived = false, keyInUrl = false }: PermissionOptions = {},
) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const caller = await authenticate(c, { keyInUrl })
    c.set('principal', caller.principal)
    refuseUnpermitted(caller, permission)
    if (scope === 'game') {
      const game = await gameOf(c, caller)
      if (!allowArchived) refuseArchived(game)
      if (permission === 'events:write') refuseOrigin(c, game.profile)
      setGame(c, game)
    } else if (scope === 'path_game') {
      refuseOtherGame(caller, c.req.param('game_id') ?? '')
    } else if (scope === 'all_games' && caller.games !== '*') {
      throw new ApiError('forbidden', 'This needs a user who is not limited to single games.')
    }
    await next()
  })
}

/**
 * Middleware for administrative routes: any caller whom the control database knows at the moment. Sets `principal`.
 * Throws missing_key, unknown_key, key_in_url, control_unavailable.
 */
export function requirePrincipal() {
  return createMiddleware<AppEnv>(async (c, next) => {
    const { principal } = await authenticateAfresh(c)
    c.set('principal', principal)
    await next()
  })
}

/** Makes the game that a request is about known to the routes. */
export function setGame(c: Context<AppEnv>, { scope, profile }: ScopedGame): void {
  c.set('scope', scope)
  c.set('game', profile)
}

/** Throws wrong_key_kind or forbidden when the caller lacks the permission. */
export function refuseUnpermitted(
  { principal, permissions }: Caller,
  permission: Permission,
): void {
  if (permissions.includes(permission)) return
  if (principal.kind === 'key') {
    throw new ApiError(
      'wrong_key_kind',
      `This address needs ${permission}, which a ${principal.keyKind} key does not give.`,
    )
  }
  const who = principal.kind === 'user' ? `The role ${principal.role}` : 'The admin key'
  throw new ApiError('forbidden', `${who} does not give ${permission}.`)
}

/** The ids of games and environments that the request names. */
export function namedScope(c: Context<AppEnv>): { gameIds: string[]; envs: string[] } {
  return {
    gameIds: present(c.req.header('X-Game-ID'), c.req.query('game_id')),
    envs: present(c.req.header('X-Env'), c.req.query('env')),
  }
}

function present(...values: readonly (string | undefined)[]): string[] {
  return values.filter((value) => value !== undefined)
}

async function gameOf(c: Context<AppEnv>, caller: Caller): Promise<ScopedGame> {
  const named = namedScope(c)
  if (caller.key !== null) {
    refuseOtherScope(caller.key, named)
    return caller.key
  }
  const gameId = onlyOne('game_id', 'X-Game-ID', named.gameIds)
  const env = onlyOne('env', 'X-Env', named.envs)
  refuseOtherGame(caller, gameId)
  const game = await findGame(c.env.CONTROL_DB, gameId, env, c.get('nowMs'))
  if (game === null) {
    throw new ApiError('not_found', 'There is no such game, or it has no such environment.')
  }
  return game
}

function onlyOne(field: string, header: string, values: readonly string[]): string {
  const [value, ...others] = new Set(values)
  if (value !== undefined && value !== '' && others.length === 0) return value
  throw new ApiError(
    'invalid_parameter',
    `${field}: expected one value, in ${header} or as ${field} in the query`,
  )
}

function refuseOtherGame({ principal, games }: Caller, gameId: string): void {
  if (includesGame(games, gameId)) return
  if (principal.kind === 'key') {
    throw new ApiError('key_of_another_game', 'The key does not belong to the game of the path.')
  }
  throw new ApiError('forbidden', 'The user may not work with this game.')
}
