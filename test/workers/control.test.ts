/** /api/admin: games and their environments, and what the migration made of the older ones. */
import { applyD1Migrations, createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, inject, it } from 'vitest'
import { z } from 'zod'

import { sha256Hex } from '../../src/event/bytes.ts'
import { appAt, call, makeKey, NOW_MS } from './control-support.ts'
import { createGame } from './support.ts'

const GAME = 'control-test'
/** Stored before there were environments and key ids. */
const OLD_GAME = 'control-old'
const OLD_KEY = 'cw_old_key'

beforeAll(async () => {
  await applyD1Migrations(env.CONTROL_DB, inject('d1Migrations').slice(0, 1))
  await env.CONTROL_DB.batch([
    env.CONTROL_DB.prepare(
      `INSERT INTO games (game_id, name, time_zone, created_time)
       VALUES (?, 'Old', 'Asia/Tokyo', '2026-01-01T00:00:00.000Z')`,
    ).bind(OLD_GAME),
    ...(['prod', 'dev'] as const).map((name) =>
      env.CONTROL_DB.prepare(
        `INSERT INTO keys (key_hash, game_id, env, kind, label, revoked_time)
         VALUES (?, ?, ?, 'write', 'old label', ?)`,
      ).bind(name, OLD_GAME, name, name === 'dev' ? '2026-02-01T00:00:00.000Z' : null),
    ),
    env.CONTROL_DB.prepare(
      `INSERT INTO keys (key_hash, game_id, env, kind) VALUES (?, ?, 'prod', 'write')`,
    ).bind(await sha256Hex(OLD_KEY), OLD_GAME),
  ])
  await createGame(GAME)
})

describe('the migration', () => {
  it('keeps games and keys, and gives them environments and ids', async ({ expect }) => {
    const game = await call(`GET /games/${OLD_GAME}`)
    expect(game.answer).toMatchObject({
      name: 'Old',
      time_zone: 'Asia/Tokyo',
      created_time: '2026-01-01T00:00:00.000Z',
      environments: ['dev', 'prod'],
      event_mode: 'strict',
      allowed_origins: [],
    })
    const { answer } = await call(`GET /games/${OLD_GAME}/keys`)
    const { keys } = z
      .object({ keys: z.array(z.looseObject({ key_id: z.string() })) })
      .parse(answer)
    expect(new Set(keys.map(({ key_id: id }) => id)).size).toBe(3)
    expect(keys).toContainEqual({
      key_id: expect.stringMatching(/^k_[0-9a-f]{16}$/),
      env: 'dev',
      kind: 'write',
      label: 'old label',
      created_time: expect.any(String),
      expires_time: null,
      revoked_time: '2026-02-01T00:00:00.000Z',
    })
    expect((await call('POST /send', undefined, { as: OLD_KEY })).status).toBe(200)
    expect((await env.CONTROL_DB.prepare('PRAGMA foreign_key_check').all()).results).toEqual([])
  })
})

describe('games', () => {
  it('are created with what they agree on, shown, changed', async ({ expect }) => {
    const created = await call('POST /games', {
      game_id: 'made',
      name: ' Made ',
      time_zone: 'europe/berlin',
      allowed_origins: ['https://play.example.com'],
      environments: ['prod', 'dev'],
      custom_events: [{ id: 'boss.defeated', attributes: { boss: { type: 'string' } } }],
    })
    expect(created.status).toBe(201)
    expect(created.answer).toMatchObject({
      game_id: 'made',
      name: 'Made',
      time_zone: 'Europe/Berlin',
      event_mode: 'strict',
      pseudonymize: false,
      environments: ['dev', 'prod'],
      custom_events: [{ id: 'boss.defeated', description: '' }],
      archived_time: null,
    })
    const patched = await call('PATCH /games/made', {
      event_mode: 'open',
      pseudonymize: true,
      masked_properties: ['email'],
      time_zone: 'Europe/Berlin',
    })
    expect(patched.status).toBe(200)
    expect(patched.answer).toEqual({
      ...created.answer,
      event_mode: 'open',
      pseudonymize: true,
      masked_properties: ['email'],
    })
    expect((await call('GET /games/made')).answer).toEqual(patched.answer)
    expect((await call('GET /games/made')).text).not.toContain('secret')
  })

  it('have pseudonyms under a secret of their own, and use a change at once', async ({
    expect,
  }) => {
    const { key } = await makeKey(GAME, 'write')
    expect((await call('POST /send', undefined, { as: key })).answer['pseudonymKey']).toBeNull()
    await call(`PATCH /games/${GAME}`, { pseudonymize: true })
    const { answer } = await call('POST /send', undefined, { as: key })
    expect(Object.keys(z.looseObject({}).parse(answer['pseudonymKey']))).toHaveLength(32)
    await call(`PATCH /games/${GAME}`, { pseudonymize: false })
    const secrets = await env.CONTROL_DB.prepare(
      'SELECT DISTINCT pseudonym_secret FROM games',
    ).all()
    const games = await env.CONTROL_DB.prepare('SELECT game_id FROM games').all()
    expect(secrets.results).toHaveLength(games.results.length)
  })

  it('keep their time zone', async ({ expect }) => {
    const { status, code, answer } = await call(`PATCH /games/${GAME}`, {
      time_zone: 'Europe/Berlin',
      name: 'New',
    })
    expect({ status, code }).toEqual({ status: 409, code: 'conflict' })
    expect(answer.detail).toContain('UTC')
    expect((await call(`GET /games/${GAME}`)).answer['name']).toBe(GAME)
  })

  it('exist once', async ({ expect }) => {
    const { status, code } = await call('POST /games', {
      game_id: GAME,
      name: 'Again',
      environments: ['other'],
    })
    expect({ status, code }).toEqual({ status: 409, code: 'conflict' })
    const { answer } = await call(`GET /games/${GAME}`)
    expect(answer).toMatchObject({ name: GAME, environments: ['prod'] })
  })

  it('take and answer nothing while they are archived', async ({ expect }) => {
    await call('POST /games', { game_id: 'shelved', name: 'Shelved' })
    const { key } = await makeKey('shelved', 'write')
    expect((await call('POST /send', undefined, { as: key })).status).toBe(200)
    const archived = await call('POST /games/shelved/archive')
    expect(archived.answer['archived_time']).toBe(new Date(NOW_MS).toISOString())
    expect((await call('POST /games/shelved/archive')).code).toBe('conflict')
    expect((await call('POST /send', undefined, { as: key })).code).toBe('forbidden')
    expect((await call('POST /games/shelved/restore')).answer['archived_time']).toBeNull()
    expect((await call('POST /games/shelved/restore')).code).toBe('conflict')
    expect((await call('POST /send', undefined, { as: key })).status).toBe(200)
  })

  it.for([
    [
      { game_id: '-x', nmae: 'x', time_zone: '+02:00', event_mode: 'lax' },
      [
        'game_id: expected A-Z a-z 0-9',
        'name: is missing',
        'time_zone: expected a time zone of the IANA database',
        'event_mode: expected one of strict, open',
        'nmae: is no field of this address',
      ],
    ],
    [
      { game_id: 'x', name: 'x', allowed_origins: ['https://x.test/path', 'x.test', 7] },
      [
        'allowed_origins.0: expected an origin',
        'allowed_origins.1: expected an origin',
        'allowed_origins.2: expected a string',
      ],
    ],
    [
      { game_id: 'x', name: 'x', environments: ['a', 'a'] },
      ['environments: expected each environment once'],
    ],
    [
      {
        game_id: 'x',
        name: 'x',
        custom_events: [
          { id: 'session.start' },
          { id: 'session_start' },
          {
            id: 'own',
            attributes: { duration_ms: { type: 'string' }, own: { type: 'boolean' } },
          },
          { id: 'own', attributes: { platform: { type: 'enum', values: ['ios', 'fridge'] } } },
        ],
      },
      [
        'custom_events.0.id: expected an id of its own; the catalog has it as an event',
        'custom_events.1.id: expected an id of its own; the catalog has it as an alias of session.start',
        'custom_events.2.attributes.duration_ms: expected the type that the catalog gives it: a number',
        'custom_events.3.id: expected an id of its own; it stands twice',
        'custom_events.3.attributes.platform: expected the type that the catalog gives it: one of ios',
      ],
    ],
    [[], ['body: expected an object']],
  ] as const)('are refused with every field at fault: %j', async ([body, faults], { expect }) => {
    const { status, code, answer } = await call('POST /games', body)
    expect({ status, code }).toEqual({ status: 400, code: 'invalid_field' })
    for (const fault of faults) expect(answer.detail).toContain(fault)
    expect(answer.detail?.split('; ').filter((part) => /^\S+: /.test(part))).toHaveLength(
      faults.length,
    )
  })

  it('are refused when the body is no JSON, changes nothing, or is too large', async ({
    expect,
  }) => {
    const headers = { Authorization: `Bearer ${env.ADMIN_KEY}` }
    const send = (body: BodyInit) => {
      const init = { method: 'POST', headers, body }
      return appAt(NOW_MS).request('/api/admin/games', init, env, createExecutionContext())
    }
    expect(await (await send('{')).json()).toMatchObject({ code: 'invalid_json' })
    expect(await (await send(new Uint8Array([0xff]))).json()).toMatchObject({
      code: 'invalid_json',
    })
    const large = JSON.stringify({ name: 'x'.repeat(1_000_000) })
    expect(await (await send(large)).json()).toMatchObject({ code: 'body_too_large', status: 413 })
    const { answer } = await call(`PATCH /games/${GAME}`, {})
    expect(answer.detail).toBe('body: expected at least one field')
  })

  it('are listed up to a bound, which is told when there are more', async ({ expect }) => {
    const listSchema = z.object({
      games: z.array(z.looseObject({ game_id: z.string() })),
      truncated: z.boolean(),
    })
    const list = async () => listSchema.parse((await call('GET /games')).answer)
    const few = await list()
    expect(few.truncated).toBe(false)
    expect(few.games[0]).not.toHaveProperty('custom_events')
    await env.CONTROL_DB.prepare(
      `INSERT INTO games (game_id, name) SELECT 'z-' || value, 'Many' FROM json_each(?)`,
    )
      .bind(JSON.stringify(Array.from({ length: 1_001 - few.games.length }, (_, index) => index)))
      .run()
    const many = await list()
    expect({ games: many.games.length, truncated: many.truncated }).toEqual({
      games: 1_000,
      truncated: true,
    })
    await env.CONTROL_DB.prepare(`DELETE FROM games WHERE name = 'Many'`).run()
  })

  it('store at most so many bytes of custom events, and none that go without saying', async ({
    expect,
  }) => {
    const attributes = Object.fromEntries(
      Array.from({ length: 64 }, (_, index) => [`attribute_${index}`, { type: 'string' }]),
    )
    const events = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ id: `boss_${index}`, attributes }))
    const refused = await call(`PATCH /games/${GAME}`, { custom_events: events(200) })
    expect({ status: refused.status, code: refused.code }).toEqual({
      status: 400,
      code: 'invalid_field',
    })
    expect(refused.answer.detail).toMatch(/^custom_events: expected at most 256000 bytes of JSON/)
    const taken = await call(`PATCH /games/${GAME}`, { custom_events: events(100) })
    expect(taken.status).toBe(200)
    expect(taken.text).toContain('"max_length":128')
    const row = await env.CONTROL_DB.prepare('SELECT custom_events FROM games WHERE game_id = ?')
      .bind(GAME)
      .first('custom_events')
    expect(JSON.parse(z.string().parse(row))).toEqual(events(100))
    await call(`PATCH /games/${GAME}`, { custom_events: [] })
  })

  it('that do not exist are not found', async ({ expect }) => {
    for (const [line, body] of [
      ['GET /games/nowhere'],
      ['PATCH /games/nowhere', { name: 'x' }],
      ['POST /games/nowhere/archive'],
      ['GET /games/nowhere/environments'],
      ['POST /games/nowhere/environments', { env: 'x' }],
      ['GET /games/nowhere/keys'],
      ['POST /games/nowhere/keys', { env: 'x', kind: 'read' }],
      ['POST /games/nowhere/keys/k_1/revoke'],
    ] as const) {
      const { status } = await call(line, body)
      expect({ line, status }).toEqual({ line, status: 404 })
    }
  })
})

describe('environments', () => {
  it('are added and listed', async ({ expect }) => {
    await call('POST /games', { game_id: 'envs', name: 'Envs' })
    expect((await call('POST /games/envs/environments', { env: 'dev' })).status).toBe(201)
    expect((await call('POST /games/envs/environments', { env: 'dev' })).code).toBe('conflict')
    expect((await call('POST /games/envs/environments', { env: 'a b' })).code).toBe('invalid_field')
    expect((await call('GET /games/envs/environments')).answer['environments']).toMatchObject([
      { env: 'dev' },
      { env: 'prod' },
    ])
  })
})
