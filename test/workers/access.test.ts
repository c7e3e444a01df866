/** Who is let in, by what, and what a browser is told. Every route times every principal: roles.test.ts. */
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { sign } from 'hono/jwt'
import { beforeAll, beforeEach, describe, it } from 'vitest'
import { z } from 'zod'

import { ingestCors } from '../../src/access/cors.ts'
import { requirePermission } from '../../src/access/require-permission.ts'
import { forgetControlData } from '../../src/access/timed-cache.ts'
import type { AppEnv } from '../../src/app-env.ts'
import { sha256Hex } from '../../src/event/bytes.ts'
import { problemFrom } from '../../src/problem.ts'
import {
  createGame,
  insertGame,
  insertKey,
  READ_KEY,
  SERVER_KEY,
  userToken,
  WRITE_KEY,
} from './support.ts'

const GAME = 'access-test'
const ORIGIN = 'https://play.example.com'

/** The middleware in front of routes that say what it has set; the time is given. */
function appAt(nowMs: number) {
  const answer = new Hono<AppEnv>()
    .use('/ingest', ingestCors())
    .post('/ingest', requirePermission('events:write', { keyInUrl: true }), (c) =>
      c.json({ principal: c.get('principal'), scope: c.get('scope') }),
    )
    .get('/ask', requirePermission('analytics:read'), (c) =>
      c.json({ principal: c.get('principal'), scope: c.get('scope') }),
    )
  return new Hono<AppEnv>()
    .use(async (c, next) => {
      c.set('traceId', '0123456789abcdef')
      c.set('nowMs', nowMs)
      await next()
    })
    .route('/', answer)
    .onError(problemFrom)
}

const bodySchema = z.looseObject({ code: z.string().optional(), detail: z.string().optional() })

async function call(path: string, headers: Record<string, string>, nowMs = Date.now()) {
  const method = path.startsWith('/ingest') ? 'POST' : 'GET'
  const response = await appAt(nowMs).request(path, { method, headers }, env)
  return { response, status: response.status, body: bodySchema.parse(await response.json()) }
}

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` })
const named = { 'X-Game-ID': GAME, 'X-Env': 'prod' }

async function setGame(column: string, value: string | null): Promise<void> {
  await env.CONTROL_DB.prepare(`UPDATE games SET ${column} = ? WHERE game_id = ?`)
    .bind(value, GAME)
    .run()
  forgetControlData()
}

beforeAll(async () => {
  await createGame(GAME, 'Europe/Berlin')
  await insertGame('access-other')
})
beforeEach(() => forgetControlData())

describe('a key', () => {
  it('sets who asks and for which game', async ({ expect }) => {
    const { status, body } = await call('/ask', bearer(READ_KEY))
    expect(status).toBe(200)
    expect(body).toEqual({
      principal: { kind: 'key', id: expect.stringMatching(/^k_[0-9a-f]{16}$/), keyKind: 'read' },
      scope: { gameId: GAME, env: 'prod', timeZone: 'Europe/Berlin' },
    })
  })

  it('that is revoked stops within 60 s, one that is new works within 5 s', async ({ expect }) => {
    const key = 'cr_comes_and_goes'
    const nowMs = Date.now()
    expect((await call('/ask', bearer(key), nowMs)).body.code).toBe('unknown_key')
    await insertKey(GAME, { kind: 'read', key })
    expect((await call('/ask', bearer(key), nowMs + 4_999)).body.code).toBe('unknown_key')
    expect((await call('/ask', bearer(key), nowMs + 5_000)).status).toBe(200)
    await env.CONTROL_DB.prepare(
      `UPDATE keys SET revoked_time = '2026-01-01T00:00:00.000Z' WHERE key_hash = ?`,
    )
      .bind(await sha256Hex(key))
      .run()
    expect((await call('/ask', bearer(key), nowMs + 64_999)).status).toBe(200)
    expect((await call('/ask', bearer(key), nowMs + 65_000)).body.code).toBe('unknown_key')
  })

  it('expires at its moment, remembered or not', async ({ expect }) => {
    const nowMs = Date.now()
    const expiresTime = new Date(nowMs + 1_000).toISOString()
    await insertKey(GAME, { kind: 'read', key: 'cr_expires', expiresTime })
    expect((await call('/ask', bearer('cr_expires'), nowMs + 999)).status).toBe(200)
    const { status, body } = await call('/ask', bearer('cr_expires'), nowMs + 1_000)
    expect({ status, code: body.code }).toEqual({ status: 401, code: 'unknown_key' })
    expect(body.detail).toContain(expiresTime)
  })

  it('of an archived game is refused', async ({ expect }) => {
    await setGame('archived_time', '2026-01-01T00:00:00.000Z')
    for (const [path, key] of [
      ['/ask', READ_KEY],
      ['/ingest', WRITE_KEY],
      ['/ingest', SERVER_KEY],
    ] as const) {
      const { status, body } = await call(path, bearer(key))
      expect({ status, code: body.code }).toEqual({ status: 403, code: 'forbidden' })
    }
    await setGame('archived_time', null)
    expect((await call('/ask', bearer(READ_KEY))).status).toBe(200)
  })

  it('cannot be looked up without the database', async ({ expect }) => {
    const broken: D1Database = {
      prepare: () => env.CONTROL_DB.prepare('SELECT * FROM no_such_table WHERE 1 = ?'),
      batch: (statements) => env.CONTROL_DB.batch(statements),
      exec: (query) => env.CONTROL_DB.exec(query),
      withSession: (constraint) => env.CONTROL_DB.withSession(constraint),
      dump: () => Promise.reject(new Error('not here')),
    }
    const response = await appAt(Date.now()).request(
      '/ask',
      { headers: bearer(READ_KEY) },
      { ...env, CONTROL_DB: broken },
    )
    expect(response.status).toBe(503)
    expect(response.headers.get('Retry-After')).toBe('5')
    expect(await response.json()).toMatchObject({ code: 'control_unavailable' })
  })
})

describe('a key in the URL', () => {
  it('is taken for a write key that sends events', async ({ expect }) => {
    const { status, body } = await call(`/ingest?key=${WRITE_KEY}`, {})
    expect(status).toBe(200)
    expect(body['principal']).toMatchObject({ keyKind: 'write' })
  })

  it.for([
    ['a read key', `/ingest?key=${READ_KEY}`, 'key_in_url'],
    ['a server key', `/ingest?key=${SERVER_KEY}`, 'key_in_url'],
    ['a read key that asks', `/ask?key=${READ_KEY}`, 'key_in_url'],
    ['a token', '/ingest?key=a.b.c', 'key_in_url'],
    ['an unknown key', '/ingest?key=cw_nobody', 'unknown_key'],
  ] as const)('is refused for %s', async ([, path, code], { expect }) => {
    const { status, body } = await call(path, {})
    expect(body.code).toBe(code)
    expect(status).toBe(code === 'key_in_url' ? 403 : 401)
  })

  it('is refused for the admin key', async ({ expect }) => {
    expect((await call(`/ingest?key=${env.ADMIN_KEY}`, {})).body.code).toBe('key_in_url')
  })
})

describe('a user', () => {
  it('names the game by headers or in the query', async ({ expect }) => {
    const token = bearer(await userToken('viewer', [GAME]))
    const { body } = await call('/ask', { ...token, ...named })
    expect(body).toMatchObject({
      principal: { kind: 'user', role: 'viewer' },
      scope: { gameId: GAME, timeZone: 'Europe/Berlin' },
    })
    expect((await call(`/ask?game_id=${GAME}&env=prod`, token)).status).toBe(200)
  })

  it.for([
    ['no game', '/ask', 400, 'invalid_parameter'],
    ['no environment', `/ask?game_id=${GAME}`, 400, 'invalid_parameter'],
    ['two games', `/ask?game_id=${GAME}&env=prod`, 400, 'invalid_parameter', 'access-other'],
    ['a game that is not theirs', '/ask?game_id=access-other&env=prod', 403, 'forbidden'],
    ['an environment that is not there', `/ask?game_id=${GAME}&env=dev`, 404, 'not_found'],
  ] as const)('is refused with %s', async ([, path, status, code, header], { expect }) => {
    const token = bearer(await userToken('viewer', [GAME]))
    const headers = header === undefined ? token : { ...token, 'X-Game-ID': header }
    const refused = await call(path, headers)
    expect({ status: refused.status, code: refused.body.code }).toEqual({ status, code })
  })

  it('without the permission is told which one', async ({ expect }) => {
    const token = await userToken('analyst')
    const { status, body } = await call('/ingest', { ...bearer(token), ...named })
    expect({ status, code: body.code }).toEqual({ status: 403, code: 'forbidden' })
    expect(body.detail).toBe('The role analyst does not give events:write.')
  })

  it('with a role that nobody knows may do nothing', async ({ expect }) => {
    const token = await userToken('constructor')
    expect((await call('/ask', { ...bearer(token), ...named })).body.code).toBe('forbidden')
  })

  it('is refused with a changed, foreign, unsigned, endless or withdrawn token', async ({
    expect,
  }) => {
    const good = await userToken('viewer')
    const [header = '', payload = '', signature = ''] = good.split('.')
    const nowSeconds = Math.floor(Date.now() / 1_000)
    const user = z.object({ sub: z.string() }).parse(JSON.parse(atob(payload)))
    const claims = { sub: user.sub, ver: 1, exp: nowSeconds + 60 }
    const unsigned = btoa('{"alg":"none","typ":"JWT"}').replaceAll('=', '')
    const tokens = {
      changed: `${header}.${btoa(JSON.stringify({ ...claims, sub: 'admin' })).replaceAll('=', '')}.${signature}`,
      foreign: await sign(claims, 'another-secret-0123456789abcdef0123456789', 'HS256'),
      'another algorithm': await sign(claims, env.JWT_SECRET, 'HS512'),
      unsigned: `${unsigned}.${payload}.`,
      endless: await sign({ sub: user.sub, ver: 1 }, env.JWT_SECRET, 'HS256'),
      expired: await sign({ ...claims, exp: nowSeconds - 1 }, env.JWT_SECRET, 'HS256'),
      withdrawn: await sign({ ...claims, ver: 0 }, env.JWT_SECRET, 'HS256'),
      nobody: await sign({ ...claims, sub: 'nobody' }, env.JWT_SECRET, 'HS256'),
      broken: 'a.b.c',
    }
    expect((await call('/ask', { ...bearer(good), ...named })).status).toBe(200)
    for (const [name, token] of Object.entries(tokens)) {
      const { status, body } = await call('/ask', { ...bearer(token), ...named })
      expect({ name, status, code: body.code }).toEqual({ name, status: 401, code: 'unknown_key' })
      expect(body.detail).not.toContain(token)
    }
  })

  it('who is disabled is refused within the cache time', async ({ expect }) => {
    const token = await userToken('viewer')
    const nowMs = Date.now()
    const headers = { ...bearer(token), ...named }
    expect((await call('/ask', headers, nowMs)).status).toBe(200)
    await env.CONTROL_DB.prepare(
      `UPDATE users SET disabled_time = '2026-01-01T00:00:00.000Z'`,
    ).run()
    expect((await call('/ask', headers, nowMs + 59_999)).status).toBe(200)
    expect((await call('/ask', headers, nowMs + 60_000)).body.code).toBe('unknown_key')
  })
})

describe('a web page', () => {
  const from = (origin: string) => ({ ...bearer(WRITE_KEY), Origin: origin })

  it('is told by a preflight what it may send, without a key', async ({ expect }) => {
    const response = await appAt(Date.now()).request(
      '/ingest',
      { method: 'OPTIONS', headers: { Origin: ORIGIN, 'Access-Control-Request-Method': 'POST' } },
      env,
    )
    expect(response.status).toBe(204)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers':
        'authorization, content-type, content-encoding, x-game-id, x-env, x-requested-with',
      'access-control-max-age': '86400',
      vary: 'Origin',
    })
  })

  it('that the game does not list is refused, and may read why', async ({ expect }) => {
    const { response, status, body } = await call('/ingest', from(ORIGIN))
    expect({ status, code: body.code }).toEqual({ status: 403, code: 'origin_not_allowed' })
    expect(body.detail).toContain(ORIGIN)
    expect(body.detail).toContain('allowed_origins')
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN)
    expect(response.headers.get('Access-Control-Expose-Headers')).toBe('retry-after, x-trace-id')
    expect(response.headers.get('Vary')).toBe('Origin')
  })

  it.for([[[ORIGIN]], [['*']]] as const)(
    'that %j allows may send',
    async ([origins], { expect }) => {
      await setGame('allowed_origins', JSON.stringify(origins))
      const { response, status } = await call('/ingest', from(ORIGIN))
      expect(status).toBe(200)
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN)
      const beacon = await call(`/ingest?key=${WRITE_KEY}`, { Origin: ORIGIN })
      expect(beacon.status).toBe(200)
      await setGame('allowed_origins', '[]')
    },
  )

  it('is not allowed by the beginning of another origin', async ({ expect }) => {
    await setGame('allowed_origins', JSON.stringify([ORIGIN]))
    for (const origin of [`${ORIGIN}.evil.test`, 'https://play.example.co', 'null']) {
      expect((await call('/ingest', from(origin))).body.code).toBe('origin_not_allowed')
    }
    await setGame('allowed_origins', '[]')
  })

  it('cannot use a server key, whatever the game allows', async ({ expect }) => {
    await setGame('allowed_origins', '["*"]')
    const { body } = await call('/ingest', { ...bearer(SERVER_KEY), Origin: ORIGIN })
    expect(body.code).toBe('origin_not_allowed')
    expect(body.detail).toContain('Revoke it')
    await setGame('allowed_origins', '[]')
  })

  it('is not meant by a request without Origin', async ({ expect }) => {
    const { response, status } = await call('/ingest', bearer(WRITE_KEY))
    expect(status).toBe(200)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull()
    expect(response.headers.get('Vary')).toBe('Origin')
  })
})
