/** /api/admin/*: games, environments, keys and users. Every call is authenticated and counted, and those of people are audited. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'

import { MAX_BODY_BYTES, RATE_RETRY_AFTER_SECONDS } from '../../configs/limits.ts'
import { requirePrincipal } from '../access/require-permission.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import { log } from '../log.ts'
import { auditCalls } from './audit.ts'
import { allow } from './call.ts'
import {
  archiveGame,
  createEnvironment,
  createGame,
  getGame,
  listEnvironments,
  listGames,
  patchGame,
  restoreGame,
} from './games.ts'
import { createKey, listKeys, revokeKey, rotateKey } from './keys.ts'
import { createToken, createUser, listUsers, patchUser, whoAmI } from './users.ts'

/** The administrative API, to be mounted at /api/admin. */
export function adminRoutes(): Hono<AppEnv> {
  const game = '/games/:game_id'
  return new Hono<AppEnv>()
    .use(requirePrincipal())
    .use(limitCalls())
    .use(refuseKeys())
    .use(auditCalls())
    .use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuseLargeBody }))
    .get('/me', whoAmI)
    .get('/games', allow('games.list', 'games:read', 'none'), listGames)
    .post('/games', allow('games.create', 'games:manage', 'all_games'), createGame)
    .get(game, allow('games.read', 'games:read', 'path_game'), getGame)
    .patch(game, allow('games.update', 'games:manage', 'path_game'), patchGame)
    .post(`${game}/archive`, allow('games.archive', 'games:manage', 'path_game'), archiveGame)
    .post(`${game}/restore`, allow('games.restore', 'games:manage', 'path_game'), restoreGame)
    .get(
      `${game}/environments`,
      allow('environments.list', 'games:read', 'path_game'),
      listEnvironments,
    )
    .post(
      `${game}/environments`,
      allow('environments.create', 'games:manage', 'path_game'),
      createEnvironment,
    )
    .get(`${game}/keys`, allow('keys.list', 'keys:manage', 'path_game'), listKeys)
    .post(`${game}/keys`, allow('keys.create', 'keys:manage', 'path_game'), createKey)
    .post(
      `${game}/keys/:key_id/rotate`,
      allow('keys.rotate', 'keys:manage', 'path_game'),
      rotateKey,
    )
    .post(
      `${game}/keys/:key_id/revoke`,
      allow('keys.revoke', 'keys:manage', 'path_game'),
      revokeKey,
    )
    .get('/users', allow('users.list', 'users:manage', 'all_games'), listUsers)
    .post('/users', allow('users.create', 'users:manage', 'all_games'), createUser)
    .patch('/users/:user_id', allow('users.update', 'users:manage', 'all_games'), patchUser)
    .post(
      '/users/:user_id/tokens',
      allow('users.create_token', 'users:manage', 'all_games'),
      createToken,
    )
}

/** Calls per actor and minute. Beyond, nothing is audited: the log must not grow with a flood. */
function limitCalls() {
  return createMiddleware<AppEnv>(async (c, next) => {
    const { kind, id } = c.get('principal')
    const { success } = await c.env.ADMIN_RATE.limit({ key: `${kind} ${id}` })
    if (!success) {
      c.header('Retry-After', String(RATE_RETRY_AFTER_SECONDS))
      throw new ApiError('rate_limited', 'Too many administrative calls; send again later.')
    }
    await next()
  })
}

/** No key opens more than /me here, and a write key may be public: refused before anything is stored. */
function refuseKeys() {
  return createMiddleware<AppEnv>(async (c, next) => {
    const principal = c.get('principal')
    if (principal.kind === 'key' && !c.req.path.endsWith('/me')) {
      log('info', 'administrative call by a key', {
        trace_id: c.get('traceId'),
        key_id: principal.id,
        path: c.req.path.slice(0, 256),
      })
      throw new ApiError(
        'wrong_key_kind',
        `This address takes the token of a user or the admin key, not a ${principal.keyKind} key.`,
      )
    }
    await next()
  })
}

function refuseLargeBody(): never {
  throw new ApiError('body_too_large', `A body may have ${MAX_BODY_BYTES} bytes.`)
}
