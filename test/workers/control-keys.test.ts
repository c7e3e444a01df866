/** /api/admin: keys and users, and what they open. */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, it } from 'vitest'
import { z } from 'zod'

import { sha256Hex } from '../../src/event/bytes.ts'
import { appAt, call, keySchema, makeKey, NOW_MS } from './control-support.ts'
import { createGame, insertGame, insertKey, READ_KEY, signedHeaders, userToken } from './support.ts'

const GAME = 'control-keys'
const OTHER_GAME = 'control-other'
const DAY_MS = 86_400_000

beforeAll(async () => {
  await createGame(GAME)
  await insertGame(OTHER_GAME)
})

describe('keys', () => {
  it('are listed with the youngest first', async ({ expect }) => {
    const game = 'control-young'
    await insertGame(game)
    for (const [keyId, time] of [
      ['k_0000000000000001', '2026-01-02T00:00:00.000Z'],
      ['k_0000000000000002', '2026-01-03T00:00:00.000Z'],
      ['k_0000000000000003', '2026-01-01T00:00:00.000Z'],
    ] as const) {
      await insertKey(game, { kind: 'read', key: `cr_${keyId}`, keyId })
      await env.CONTROL_DB.prepare('UPDATE keys SET created_time = ? WHERE key_id = ?')
        .bind(time, keyId)
        .run()
    }
    const listSchema = z.object({
      keys: z.array(z.looseObject({ key_id: z.string() })),
      truncated: z.literal(false),
    })
    const { keys } = listSchema.parse((await call(`GET /games/${game}/keys`)).answer)
    expect(keys.map(({ key_id: id }) => id.slice(-1))).toEqual(['2', '1', '3'])
  })

  it('are shown once, and never again', async ({ expect }) => {
    const { status, answer } = await call(`POST /games/${GAME}/keys`, {
      env: 'prod',
      kind: 'server',
      label: 'Backend',
    })
    expect(status).toBe(201)
    expect(answer).toMatchObject({
      key_id: expect.stringMatching(/^k_[0-9a-f]{16}$/),
      key: expect.stringMatching(/^cs_[0-9a-f]{32}$/),
      signing_secret: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      kind: 'server',
      label: 'Backend',
      expires_time: null,
    })
    const { key, signing_secret: secret } = z
      .object({ key: z.string(), signing_secret: z.string() })
      .parse(answer)
    const { text } = await call(`GET /games/${GAME}/keys`)
    expect(text).toContain('Backend')
    expect(text).not.toContain(key)
    expect(text).not.toContain(secret)
    expect(text).not.toContain(await sha256Hex(key))
    expect((await call('POST /send', undefined, { as: key })).status).toBe(200)
  })

  it('of servers sign requests', async ({ expect }) => {
    const { key_id: keyId } = await makeKey(GAME, 'server')
    const headers = await signedHeaders('[]', { keyId, timeMs: NOW_MS })
    const signed = { method: 'POST', headers, body: '[]' }
    expect((await appAt(NOW_MS).request('/signed', signed, env)).status).toBe(200)
    await call(`POST /games/${GAME}/keys/${keyId}/revoke`)
    const again = await signedHeaders('[]', { keyId, timeMs: NOW_MS })
    const refused = await appAt(NOW_MS).request('/signed', { ...signed, headers: again }, env)
    expect(await refused.json()).toMatchObject({ code: 'unknown_key' })
  })

  it('are made for environments of the game only', async ({ expect }) => {
    const { code, answer } = await call(`POST /games/${GAME}/keys`, { env: 'dev', kind: 'read' })
    expect(code).toBe('invalid_field')
    expect(answer.detail).toMatch(/^env: expected an environment of the game/)
  })

  it('are rotated: both work for the overlap, then only the new one', async ({ expect }) => {
    const old = await makeKey(GAME, 'write')
    const line = `POST /games/${GAME}/keys/${old.key_id}/rotate`
    const rotated = await call(line, { overlap_seconds: 3_600 })
    expect(rotated.status).toBe(201)
    const expiresTime = new Date(NOW_MS + 3_600_000).toISOString()
    expect(rotated.answer).toMatchObject({
      kind: 'write',
      env: 'prod',
      replaces: { key_id: old.key_id, expires_time: expiresTime },
    })
    const fresh = keySchema.parse(rotated.answer)
    expect(fresh.key).not.toBe(old.key)
    const statusAt = async (key: string, nowMs: number) =>
      (await call('POST /send', undefined, { as: key, nowMs })).status
    expect(await statusAt(old.key, NOW_MS + 3_599_999)).toBe(200)
    expect(await statusAt(old.key, NOW_MS + 3_600_000)).toBe(401)
    expect(await statusAt(fresh.key, NOW_MS + 3_600_000)).toBe(200)
    expect((await call(line)).code).toBe('conflict')
  })

  it('keep working for a day unless told, for 30 days at most', async ({ expect }) => {
    const { key_id: keyId } = await makeKey(GAME, 'read')
    const line = `POST /games/${GAME}/keys/${keyId}/rotate`
    for (const seconds of [-1, 1.5, 2_592_001, '60']) {
      const { code, answer } = await call(line, { overlap_seconds: seconds })
      expect(code).toBe('invalid_field')
      expect(answer.detail).toMatch(/^overlap_seconds: expected/)
    }
    const { answer } = await call(line)
    expect(answer['replaces']).toEqual({
      key_id: keyId,
      expires_time: new Date(NOW_MS + DAY_MS).toISOString(),
    })
  })

  it('are rotated once when two people do it at the same time', async ({ expect }) => {
    const { key_id: keyId } = await makeKey(OTHER_GAME, 'read')
    const line = `POST /games/${OTHER_GAME}/keys/${keyId}/rotate`
    const outcomes = await Promise.all([call(line), call(line), call(line)])
    expect(outcomes.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(outcomes.filter(({ code }) => code === 'conflict')).toHaveLength(2)
    const { text } = await call(`GET /games/${OTHER_GAME}/keys`)
    expect(text.match(/"kind":"read"/g)).toHaveLength(2)
  })

  it('are revoked at once where they were revoked', async ({ expect }) => {
    const { key, key_id: keyId } = await makeKey(GAME, 'write')
    expect((await call('POST /send', undefined, { as: key })).status).toBe(200)
    const revoked = await call(`POST /games/${GAME}/keys/${keyId}/revoke`)
    expect(revoked.answer['revoked_time']).toBe(new Date(NOW_MS).toISOString())
    expect((await call('POST /send', undefined, { as: key })).code).toBe('unknown_key')
    expect((await call(`POST /games/${GAME}/keys/${keyId}/revoke`)).code).toBe('conflict')
    expect((await call(`POST /games/${GAME}/keys/${keyId}/rotate`)).code).toBe('conflict')
  })

  it('are found under their own game only', async ({ expect }) => {
    const { key_id: keyId } = await makeKey(GAME, 'write')
    const { status } = await call(`POST /games/${OTHER_GAME}/keys/${keyId}/revoke`)
    expect(status).toBe(404)
  })
})

describe('users', () => {
  const tokenOf = async (userId: string, nowMs = NOW_MS) => {
    const { answer } = await call(`POST /users/${userId}/tokens`, undefined, { nowMs })
    return z.object({ token: z.string() }).parse(answer).token
  }

  it('get tokens, and do what their role allows at the moment', async ({ expect }) => {
    const created = await call('POST /users', {
      user_id: 'ann@x.test',
      role: 'viewer',
      games: [GAME],
    })
    expect(created.status).toBe(201)
    const as = await tokenOf('ann@x.test')
    expect((await call('GET /me', undefined, { as })).answer).toEqual({
      kind: 'user',
      id: 'ann@x.test',
      role: 'viewer',
      games: [GAME],
      permissions: ['analytics:read'],
    })
    expect((await call('GET /games', undefined, { as })).code).toBe('forbidden')
    await call('PATCH /users/ann@x.test', { role: 'developer' })
    const { answer } = await call('GET /games', undefined, { as })
    expect(answer['games']).toMatchObject([{ game_id: GAME }])
    expect((await call(`GET /games/${OTHER_GAME}`, undefined, { as })).code).toBe('forbidden')
    expect((await call(`GET /games/${GAME}/keys`, undefined, { as })).status).toBe(200)
  })

  it('lose their tokens when they are disabled, and do not get them back', async ({ expect }) => {
    await call('POST /users', { user_id: 'bob', role: 'analyst', games: '*' })
    const as = await tokenOf('bob')
    expect((await call('GET /me', undefined, { as })).status).toBe(200)
    const disabled = await call('PATCH /users/bob', { disabled: true })
    expect(disabled.answer['disabled_time']).toBe(new Date(NOW_MS).toISOString())
    expect((await call('GET /me', undefined, { as })).code).toBe('unknown_key')
    expect((await call('POST /users/bob/tokens')).code).toBe('conflict')
    expect((await call('PATCH /users/bob', { disabled: false })).answer['disabled_time']).toBeNull()
    expect((await call('GET /me', undefined, { as })).code).toBe('unknown_key')
    const fresh = await tokenOf('bob')
    expect((await call('GET /me', undefined, { as: fresh })).status).toBe(200)
    await call('PATCH /users/bob', { withdraw_tokens: true })
    expect((await call('GET /me', undefined, { as: fresh })).code).toBe('unknown_key')
  })

  it('get tokens for a day unless told, for 30 days at most', async ({ expect }) => {
    await call('POST /users', { user_id: 'eve', role: 'viewer', games: '*' })
    for (const seconds of [0, 59, 2_592_001]) {
      const { code } = await call('POST /users/eve/tokens', { ttl_seconds: seconds })
      expect(code).toBe('invalid_field')
    }
    const { answer } = await call('POST /users/eve/tokens')
    const dayLater = (Math.floor(NOW_MS / 1_000) + 86_400) * 1_000
    expect(answer['expires_time']).toBe(new Date(dayLater).toISOString())
  })

  it.for([
    [{ user_id: 'x', role: 'god', games: '*' }, 'role: expected one of admin, operator, developer'],
    [{ user_id: 'a b', role: 'viewer', games: '*' }, 'user_id: expected A-Z'],
    [{ user_id: 'x', role: 'viewer', games: 'all' }, 'games: expected "*" for all games'],
    [{ user_id: 'x', role: 'viewer', games: ['gone'] }, 'games: there is no game gone'],
    [{ user_id: 'x', role: 'viewer' }, 'games: expected "*" for all games'],
  ] as const)('are refused: %j', async ([body, fault], { expect }) => {
    const { code, answer } = await call('POST /users', body)
    expect(code).toBe('invalid_field')
    expect(answer.detail).toContain(fault)
  })

  it('exist once, and are listed without what their tokens are checked by', async ({ expect }) => {
    await call('POST /users', { user_id: 'dan', role: 'viewer', games: '*' })
    expect((await call('POST /users', { user_id: 'dan', role: 'admin', games: '*' })).code).toBe(
      'conflict',
    )
    const { answer, text } = await call('GET /users')
    expect(answer['users']).toContainEqual({
      user_id: 'dan',
      role: 'viewer',
      games: '*',
      created_time: new Date(NOW_MS).toISOString(),
      disabled_time: null,
    })
    expect(text).not.toContain('token')
  })

  it('who were disabled elsewhere change nothing from that moment on', async ({ expect }) => {
    const as = await userToken('admin')
    const me = z.object({ id: z.string() }).parse((await call('GET /me', undefined, { as })).answer)
    // As in another isolate: the database knows, and what this one remembers stays.
    await env.CONTROL_DB.prepare(
      `UPDATE users SET disabled_time = '2026-01-01T00:00:00.000Z', token_version = 2 WHERE user_id = ?`,
    )
      .bind(me.id)
      .run()
    const body = { user_id: 'backdoor', role: 'admin', games: '*' }
    for (const [line, sent] of [['POST /users', body], ['GET /users'], ['GET /audit']] as const) {
      const { status, code } = await call(line, sent, { as })
      expect({ line, status, code }).toEqual({ line, status: 401, code: 'unknown_key' })
    }
  })

  it('who are limited to games make neither games nor users', async ({ expect }) => {
    const as = await userToken('admin', [GAME])
    expect((await call('POST /users', { user_id: 'sock' }, { as })).code).toBe('forbidden')
    expect((await call('GET /users', undefined, { as })).code).toBe('forbidden')
    expect((await call('POST /games', { game_id: 'own' }, { as })).code).toBe('forbidden')
    expect((await call(`PATCH /games/${OTHER_GAME}`, { name: 'x' }, { as })).code).toBe('forbidden')
    expect((await call(`PATCH /games/${GAME}`, { name: GAME }, { as })).status).toBe(200)
  })
})

describe('who am I', () => {
  it('is answered to keys too', async ({ expect }) => {
    expect((await call('GET /me', undefined, { as: READ_KEY })).answer).toEqual({
      kind: 'key',
      id: expect.stringMatching(/^k_/),
      key_kind: 'read',
      game_id: GAME,
      env: 'prod',
      games: [GAME],
      permissions: ['analytics:read'],
    })
    expect((await call('GET /me')).answer).toMatchObject({ kind: 'admin_key', games: '*' })
  })
})
