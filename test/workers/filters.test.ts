/** GET and POST /api/analytics/filters, from the request to the object, the next request of ingest. */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, it } from 'vitest'
import { z } from 'zod'

import { gameSettingsName } from '../../durable/names.ts'
import { DEFAULT_SETTINGS } from '../../src/event/game-settings.ts'
import { currentSettings } from '../../src/settings/current-settings.ts'
import { filtersAnswerSchema, filtersChangedSchema } from '../../src/settings/schemas.ts'
import { filters, FILTERS_GAME as GAME } from './filters-support.ts'
import { createGame, insertGame, READ_KEY, userToken, WRITE_KEY } from './support.ts'

let operator: string

beforeAll(async () => {
  await createGame(GAME)
  operator = await userToken('operator')
})

/** A change by an operator of a game that no other test changes. */
async function change(game: string, body: unknown) {
  const response = await filters({ game, token: operator, body })
  const traceId = response.headers.get('X-Trace-Id')
  return { status: response.status, traceId, body: await response.json() }
}

async function problemOf(response: Response) {
  const { code, detail } = z
    .object({ code: z.string(), detail: z.string() })
    .parse(await response.json())
  return { status: response.status, code, detail }
}

describe('GET /filters', () => {
  it('answers the fields of the original and the rest', async ({ expect }) => {
    const response = await filters()
    expect(response.status).toBe(200)
    expect(filtersAnswerSchema.parse(await response.json())).toEqual({
      ...DEFAULT_SETTINGS,
      reaches_ingest_within_seconds: 10,
    })
  })

  it.for([
    ['no key', '', 401, 'missing_key'],
    ['a write key', WRITE_KEY, 403, 'wrong_key_kind'],
  ] as const)('refuses %s', async ([, token, status, code], { expect }) => {
    expect(await problemOf(await filters({ token }))).toMatchObject({ status, code })
  })

  it('says so when the object cannot be reached', async ({ expect }) => {
    const broken: Env = {
      ...env,
      GAME_SETTINGS: new Proxy(env.GAME_SETTINGS, {
        get: () => () => ({ read: () => Promise.reject(new Error('gone')) }),
      }),
    }
    expect(await problemOf(await filters({ bindings: broken }))).toMatchObject({
      status: 503,
      code: 'control_unavailable',
    })
  })
})

describe('POST /filters', () => {
  it('takes the body of the original, and 0 means 0', async ({ expect }) => {
    await insertGame('filters-original')
    const { status, body } = await change('filters-original', {
      game_id: 'filters-original',
      env: 'prod',
      events: ['session_start', 'progression.start'],
      payments_enabled: false,
      sample_global: 0,
    })
    expect(status).toBe(200)
    expect(filtersChangedSchema.parse(body)).toMatchObject({
      ok: true,
      version: 1,
      events: ['session.start', 'progression.start'],
      payments_enabled: false,
      sample_global: 0,
      reaches_ingest_within_seconds: 10,
    })
    const asked = await filters({ game: 'filters-original', token: operator })
    expect(await asked.json()).toMatchObject({ sample_global: 0, payments_enabled: false })
  })

  it('reaches ingest in the same isolate with the next request', async ({ expect }) => {
    const scope = { gameId: 'filters-reach', env: 'prod' }
    await insertGame(scope.gameId)
    expect((await currentSettings(env, scope, Date.now())).ingest_enabled).toBe(true)
    await change(scope.gameId, { ingest_enabled: false, ingest_disabled_reason: 'flood' })
    expect(await currentSettings(env, scope, Date.now())).toMatchObject({
      ingest_enabled: false,
      ingest_disabled_reason: 'flood',
    })
  })

  it('changes only what the body names', async ({ expect }) => {
    await insertGame('filters-partial')
    const window = { id: 'w', start: '2026-11-20T10:00:00Z', end: '2026-11-20T11:00:00Z' }
    await change('filters-partial', { sample_global: 50, sampling: { ui_click: 1 } })
    await change('filters-partial', { maintenance: [window] })
    const { body } = await change('filters-partial', { events: null })
    expect(body).toMatchObject({
      version: 3,
      events: null,
      sample_global: 50,
      sampling: { 'ui.click': 1 },
      maintenance: [{ ...window, message: '', block_writes: true }],
    })
  })

  it('says how many objects share the counting of users', async ({ expect }) => {
    const game = 'filters-shards'
    await insertGame(game)
    const { status, body } = await change(game, { sketch_shards: 8 })
    expect({ status, body }).toMatchObject({ status: 200, body: { version: 1, sketch_shards: 8 } })
    const present = await filters({ game, token: operator })
    expect(await present.json()).toMatchObject({ sketch_shards: 8 })
    const scope = { gameId: game, env: 'prod' }
    expect((await currentSettings(env, scope, Date.now())).sketch_shards).toBe(8)
  })

  it('says how long answers may wait for company', async ({ expect }) => {
    const game = 'filters-coalesce'
    await insertGame(game)
    const { status, body } = await change(game, { coalesce_ms: 500 })
    expect({ status, body }).toMatchObject({ status: 200, body: { version: 1, coalesce_ms: 500 } })
    const present = await filters({ game, token: operator })
    expect(await present.json()).toMatchObject({ coalesce_ms: 500 })
    const scope = { gameId: game, env: 'prod' }
    expect((await currentSettings(env, scope, Date.now())).coalesce_ms).toBe(500)
  })

  it('refuses a change that was made for another version', async ({ expect }) => {
    await insertGame('filters-version')
    expect((await change('filters-version', { version: 0, sample_global: 9 })).status).toBe(200)
    const late = await filters({
      game: 'filters-version',
      token: operator,
      body: { version: 0, sample_global: 1 },
    })
    expect(await problemOf(late)).toEqual({
      status: 409,
      code: 'conflict',
      detail: 'version: expected 1, the present one; read the filters again.',
    })
    const present = await filters({ game: 'filters-version', token: operator })
    expect(await present.json()).toMatchObject({ version: 1, sample_global: 9 })
  })

  it.for([
    [{ sample_global: 101 }, 'invalid_field', 'sample_global: expected at most 100 percent'],
    [{ payments_enabled: 'no' }, 'invalid_field', 'payments_enabled: expected true or false'],
    [{ sample_globl: 1 }, 'invalid_field', 'sample_globl: unknown'],
    [{ sketch_shards: 0 }, 'invalid_field', 'sketch_shards: expected at least 1 shard'],
    [{ sketch_shards: 65 }, 'invalid_field', 'sketch_shards: expected at most 64 shards'],
    [{ sketch_shards: 1.5 }, 'invalid_field', 'sketch_shards: expected a whole number'],
    [{ coalesce_ms: -1 }, 'invalid_field', 'coalesce_ms: expected at least 0 milliseconds'],
    [{ coalesce_ms: 2_001 }, 'invalid_field', 'coalesce_ms: expected at most 2000 milliseconds'],
    [{ coalesce_ms: 0.5 }, 'invalid_field', 'coalesce_ms: expected a whole number'],
    [{ events: ['session.strat'] }, 'invalid_field', 'events.0: expected an event of the catalog'],
    [
      { sampling: { user_login: 5 } },
      'invalid_field',
      'sampling.user_login: expected 100, or no entry: user.login counts dau',
    ],
    [
      { sampling: { purchase_success: 5 } },
      'invalid_field',
      'sampling.purchase_success: expected 100, or no entry: monetization.purchase_success is money',
    ],
    [{ game_id: 'other', events: null }, 'invalid_field', `game_id: expected ${GAME}`],
    [{ env: 'staging', events: null }, 'invalid_field', 'env: expected prod'],
    [[], 'invalid_field', 'body: '],
    ['{', 'invalid_json', 'Send a JSON object'],
    ['', 'empty_body', 'Send a JSON object'],
  ] as const)('refuses %j and changes nothing', async ([body, code, detail], { expect }) => {
    const problem = await problemOf(await filters({ token: operator, body }))
    expect(problem).toMatchObject({ status: 400, code })
    expect(problem.detail).toContain(detail)
    const settings = env.GAME_SETTINGS.getByName(gameSettingsName({ gameId: GAME, env: 'prod' }))
    expect(await settings.read()).toEqual(DEFAULT_SETTINGS)
  })

  it('tells every fault of a body', async ({ expect }) => {
    const response = await filters({ token: operator, body: { sample_global: -1, events: [7] } })
    const { detail } = await problemOf(response)
    expect(detail).toContain('sample_global: expected at least 0 percent')
    expect(detail).toContain('events.0: expected the name of an event')
  })

  it('refuses a body that is too large', async ({ expect }) => {
    const body = { ingest_disabled_reason: 'x'.repeat(1_000_001) }
    expect(await problemOf(await filters({ token: operator, body }))).toMatchObject({
      status: 413,
      code: 'body_too_large',
    })
  })

  it('is closed to those who may only read', async ({ expect }) => {
    const analyst = await userToken('analyst')
    for (const [token, code] of [
      [READ_KEY, 'wrong_key_kind'],
      [analyst, 'forbidden'],
    ] as const) {
      const response = await filters({ token, body: { sample_global: 1 } })
      expect(await problemOf(response)).toMatchObject({ status: 403, code })
    }
  })

  it('refuses other methods', async ({ expect }) => {
    const response = await filters({ token: operator, method: 'PUT', body: {} })
    expect(response.headers.get('Allow')).toBe('GET, POST')
    expect(await problemOf(response)).toMatchObject({ status: 405 })
  })
})
