/**
 * Every route times every caller. What is expected follows from configs/rbac.json and the table ROUTES; a route
 * of the app that the table lacks fails the test, so nothing can be added without saying who may use it.
 */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { sign } from 'hono/jwt'
import { beforeAll, describe, it } from 'vitest'
import { z } from 'zod'

import rbacFile from '../../configs/rbac.json' with { type: 'json' }
import { forgetControlData } from '../../src/access/timed-cache.ts'
import { createApp } from '../../src/app.ts'
import {
  createGame,
  insertGame,
  insertKey,
  READ_KEY,
  SERVER_KEY,
  userToken,
  WRITE_KEY,
} from './support.ts'

const GAME = 'roles-test'
/** The game of the paths: calls that are allowed may archive it. */
const PATH_GAME = 'roles-path'
const OTHER_GAME = 'roles-other'
const PARAMS: Readonly<Record<string, string>> = {
  game_id: PATH_GAME,
  key_id: 'k_0000000000000000',
  user_id: 'nobody',
  id: 'nothing',
}

/**
 * Who may use a route: `open` everybody, `known` every caller whom we know, `signed` those who sign requests,
 * otherwise who has the permission, for `path_game` also the game of the path, for `all_games` no limit of games.
 */
type Route =
  | readonly [line: string, access: 'open' | 'known' | 'signed']
  | readonly [line: string, access: string, scope: 'game' | 'path_game' | 'all_games' | 'none']

const ROUTES: readonly Route[] = [
  ['GET /healthz', 'open'],

  ['POST /api/events/track', 'events:write', 'game'],
  ['POST /api/payments/track', 'events:write', 'game'],
  ['POST /api/analytics/ingest', 'events:write', 'game'],
  ['POST /api/analytics/payments/ingest', 'events:write', 'game'],
  ['POST /api/ingest/events', 'signed'],
  ['POST /api/ingest/payments', 'signed'],
  // Any other method: 405, for everybody.
  ['ALL /api/events/track', 'open'],
  ['ALL /api/payments/track', 'open'],
  ['ALL /api/analytics/ingest', 'open'],
  ['ALL /api/analytics/payments/ingest', 'open'],
  ['ALL /api/ingest/events', 'open'],
  ['ALL /api/ingest/payments', 'open'],

  ['GET /api/events/live', 'analytics:read', 'game'],
  ['ALL /api/events/live', 'open'],
  ['GET /api/events/rejected', 'analytics:read', 'game'],
  ['GET /api/events/rejected/summary', 'analytics:read', 'game'],
  ['POST /api/events/rejected/replay', 'analytics:manage', 'game'],

  ['GET /api/analytics/filters', 'analytics:read', 'game'],
  ['POST /api/analytics/filters', 'analytics:manage', 'game'],
  ['ALL /api/analytics/filters', 'open'],
  ['GET /api/analytics/overview', 'analytics:read', 'game'],
  ['GET /api/analytics/retention', 'analytics:read', 'game'],
  ['GET /api/analytics/realtime', 'analytics:read', 'game'],
  ['GET /api/analytics/realtime/series', 'analytics:read', 'game'],
  ['GET /api/analytics/realtime/breakdown', 'analytics:read', 'game'],
  ['GET /api/analytics/realtime/retention', 'analytics:read', 'game'],
  ['GET /api/analytics/realtime/days', 'analytics:read', 'game'],
  ['GET /api/analytics/realtime/stream', 'analytics:read', 'game'],
  ['GET /api/analytics/reconciliation', 'analytics:read', 'game'],

  ['GET /openapi.json', 'open'],
  ['GET /docs', 'open'],
  ['GET /api/catalog', 'open'],
  ['GET /api/catalog/events', 'open'],
  ['GET /api/catalog/events/:id', 'open'],
  ['GET /api/catalog/attributes', 'open'],
  ['GET /api/catalog/enums', 'open'],
  ['GET /api/catalog/metrics', 'open'],
  ['GET /api/catalog/metrics/:id', 'open'],
  ['GET /api/catalog/game-types', 'open'],
  ['GET /api/catalog/game-types/:id', 'open'],
  ['GET /api/catalog/taxonomy', 'open'],

  ['GET /api/admin/me', 'known'],
  ['GET /api/admin/audit', 'audit:read', 'game'],
  ['GET /api/admin/games', 'games:read', 'none'],
  ['POST /api/admin/games', 'games:manage', 'all_games'],
  ['GET /api/admin/games/:game_id', 'games:read', 'path_game'],
  ['PATCH /api/admin/games/:game_id', 'games:manage', 'path_game'],
  ['POST /api/admin/games/:game_id/archive', 'games:manage', 'path_game'],
  ['POST /api/admin/games/:game_id/restore', 'games:manage', 'path_game'],
  ['GET /api/admin/games/:game_id/environments', 'games:read', 'path_game'],
  ['POST /api/admin/games/:game_id/environments', 'games:manage', 'path_game'],
  ['GET /api/admin/games/:game_id/keys', 'keys:manage', 'path_game'],
  ['POST /api/admin/games/:game_id/keys', 'keys:manage', 'path_game'],
  ['POST /api/admin/games/:game_id/keys/:key_id/rotate', 'keys:manage', 'path_game'],
  ['POST /api/admin/games/:game_id/keys/:key_id/revoke', 'keys:manage', 'path_game'],
  ['GET /api/admin/users', 'users:manage', 'all_games'],
  ['POST /api/admin/users', 'users:manage', 'all_games'],
  ['PATCH /api/admin/users/:user_id', 'users:manage', 'all_games'],
  ['POST /api/admin/users/:user_id/tokens', 'users:manage', 'all_games'],
]

interface Caller {
  readonly name: string
  /** Null for a request without a key */
  readonly secret: string | null
  /** Null for those whom we do not know */
  readonly known: {
    readonly kind: 'key' | 'user'
    readonly permissions: readonly string[]
    readonly games: readonly string[] | '*'
  } | null
}

const callers: Caller[] = []
const app = createApp()

const rbac: {
  readonly roles: Readonly<Record<string, readonly string[]>>
  readonly keys: Readonly<Record<string, readonly string[]>>
} = rbacFile
const everyPermission = [
  ...new Set([...Object.values(rbac.roles), ...Object.values(rbac.keys)].flat()),
]

beforeAll(async () => {
  await createGame(GAME)
  await insertGame(PATH_GAME)
  await insertGame(OTHER_GAME)
  const past = '2026-01-01T00:00:00.000Z'
  await insertKey(OTHER_GAME, { kind: 'write', key: 'cw_roles_other' })
  await insertKey(OTHER_GAME, { kind: 'read', key: 'cr_roles_other' })
  await insertKey(GAME, { kind: 'write', key: 'cw_roles_expired', expiresTime: past })
  await insertKey(GAME, { kind: 'write', key: 'cw_roles_revoked', revokedTime: past })

  const key = (name: string, secret: string, kind: string, gameId: string): Caller => ({
    name,
    secret,
    known: { kind: 'key', permissions: rbac.keys[kind] ?? [], games: [gameId] },
  })
  const user = async (name: string, role: string, games: readonly string[] | '*') => ({
    name,
    secret: await userToken(role, games),
    known: { kind: 'user' as const, permissions: rbac.roles[role] ?? [], games },
  })
  callers.push(
    { name: 'nobody', secret: null, known: null },
    { name: 'unknown key', secret: 'cw_nobody', known: null },
    { name: 'expired key', secret: 'cw_roles_expired', known: null },
    { name: 'revoked key', secret: 'cw_roles_revoked', known: null },
    key('write key', WRITE_KEY, 'write', GAME),
    key('server key', SERVER_KEY, 'server', GAME),
    key('read key', READ_KEY, 'read', GAME),
    key('write key of another game', 'cw_roles_other', 'write', OTHER_GAME),
    key('read key of another game', 'cr_roles_other', 'read', OTHER_GAME),
    ...(await Promise.all(Object.keys(rbac.roles).map((role) => user(role, role, '*')))),
    ...(await Promise.all(
      Object.keys(rbac.roles).flatMap((role) => [
        user(`${role} of the game`, role, [GAME, PATH_GAME]),
        user(`${role} of another game`, role, [OTHER_GAME]),
      ]),
    )),
    ...(await refusedTokens()),
    {
      name: 'admin key',
      secret: env.ADMIN_KEY,
      known: { kind: 'user', permissions: everyPermission, games: '*' },
    },
  )
})

/** Tokens of an administrator that are not, or no longer, good. */
async function refusedTokens(): Promise<Caller[]> {
  const good = await userToken('admin')
  const [, payload = ''] = good.split('.')
  const { sub } = z.object({ sub: z.string() }).parse(JSON.parse(atob(payload)))
  const exp = Math.floor(Date.now() / 1_000) - 1
  const disabled = await userToken('admin')
  const [, disabledPayload = ''] = disabled.split('.')
  await env.CONTROL_DB.prepare('UPDATE users SET disabled_time = ? WHERE user_id = ?')
    .bind(
      '2026-01-01T00:00:00.000Z',
      z.object({ sub: z.string() }).parse(JSON.parse(atob(disabledPayload))).sub,
    )
    .run()
  const unsigned = btoa('{"alg":"none","typ":"JWT"}').replaceAll('=', '')
  return [
    { name: 'disabled user', secret: disabled, known: null },
    {
      name: 'expired token',
      secret: await sign({ sub, ver: 1, exp }, env.JWT_SECRET, 'HS256'),
      known: null,
    },
    { name: 'token without a signature', secret: `${unsigned}.${payload}.`, known: null },
  ]
}

/** What the answer to an allowed request is called here; its status is the business of other tests. */
const PASSED = 'passed'

function expected([, access, scope]: Route, { known, secret }: Caller): string {
  if (access === 'open') return PASSED
  if (access === 'signed') return '401 missing_signature'
  if (secret === null) return '401 missing_key'
  if (known === null) return '401 unknown_key'
  if (access === 'known') return PASSED
  const { kind, permissions, games } = known
  if (!permissions.includes(access)) {
    return kind === 'key' ? '403 wrong_key_kind' : '403 forbidden'
  }
  if (games === '*' || scope === 'none') return PASSED
  const mayUse = scope !== 'all_games' && games.includes(scope === 'path_game' ? PATH_GAME : GAME)
  if (mayUse) return PASSED
  return kind === 'key' ? '403 key_of_another_game' : '403 forbidden'
}

const problemSchema = z.object({ code: z.string() })

async function outcome([line]: Route, { secret }: Caller): Promise<string> {
  const [method = '', path = ''] = line.split(' ')
  const headers = new Headers({ 'X-Game-ID': GAME, 'X-Env': 'prod' })
  if (secret !== null) headers.set('Authorization', `Bearer ${secret}`)
  const hasBody = method === 'POST' || method === 'PATCH'
  const response = await app.request(
    path.replaceAll(/:(\w+)/g, (_, name: string) => PARAMS[name] ?? name),
    {
      method: method === 'ALL' ? 'PUT' : method,
      headers,
      ...(hasBody && { body: '{}' }),
    },
    env,
    createExecutionContext(),
  )
  const { status } = response
  if (status === 401 || status === 403) {
    return `${status} ${problemSchema.parse(await response.json()).code}`
  }
  await response.body?.cancel()
  return status >= 500 ? `failed: ${status}` : PASSED
}

describe('the table', () => {
  it('has every route of the app, and no other', ({ expect }) => {
    // What ends with * guards the routes below it.
    const routes = app.routes.filter(({ path }) => !path.endsWith('*'))
    const lines = new Set(routes.map(({ method, path }) => `${method} ${path}`))
    expect([...lines].toSorted()).toEqual(ROUTES.map(([line]) => line).toSorted())
  })

  it('names permissions that rbac.json gives', ({ expect }) => {
    const needed = ROUTES.flatMap(([, access, scope]) => (scope === undefined ? [] : [access]))
    expect(needed.filter((permission) => !everyPermission.includes(permission))).toEqual([])
  })
})

describe('every caller', () => {
  it.for(ROUTES)('may or may not %s', async (route, { expect }) => {
    forgetControlData()
    const outcomes: Record<string, string> = {}
    for (const caller of callers) outcomes[caller.name] = await outcome(route, caller)
    const wanted = Object.fromEntries(
      callers.map((caller) => [caller.name, expected(route, caller)]),
    )
    expect(outcomes).toEqual(wanted)
    expect(callers.length).toBeGreaterThan(25)
  })
})
