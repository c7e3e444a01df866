/** The audit log of POST /api/analytics/filters: no change without a row, whatever fails. */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, it, vi } from 'vitest'
import { z } from 'zod'

import { gameSettingsName } from '../../durable/names.ts'
import { ask } from '../../src/clickhouse/reader.ts'
import { configOf } from '../../src/config.ts'
import { DEFAULT_SETTINGS } from '../../src/event/game-settings.ts'
import { filtersChangedSchema } from '../../src/settings/schemas.ts'
import { refusingQueue } from './control-support.ts'
import { filters, FILTERS_GAME } from './filters-support.ts'
import { createGame, insertGame, READ_KEY, userToken } from './support.ts'

let operator: string

beforeAll(async () => {
  await createGame(FILTERS_GAME)
  operator = await userToken('operator')
})

describe('a change of the filters', () => {
  it('is on record with who, what and when', async ({ expect }) => {
    await insertGame('filters-audit')
    const body = { ingest_enabled: false, ingest_disabled_reason: 'flood', sketch_shards: 4 }
    const changed = await filters({ game: 'filters-audit', token: operator, body })
    const traceId = changed.headers.get('X-Trace-Id')
    const { updated_by: by } = filtersChangedSchema.parse(await changed.json())
    const row = z.object({
      action: z.string(),
      actor_kind: z.string(),
      actor_id: z.string(),
      status: z.number(),
      trace_id: z.string(),
      snapshot: z.string(),
    })
    const rows = await vi.waitUntil(
      async () => {
        const found = await ask(configOf(env).clickhouse, {
          sql: `SELECT action, actor_kind, actor_id, status, trace_id, snapshot
                FROM audit_log FINAL WHERE game_id = {game:String} AND env = 'prod'`,
          params: { game: 'filters-audit' },
          row,
        })
        return found.length > 0 && found
      },
      { timeout: 20_000, interval: 250 },
    )
    expect(rows).toEqual([
      {
        action: 'settings.change',
        actor_kind: 'user',
        actor_id: by,
        status: 200,
        trace_id: traceId,
        snapshot: JSON.stringify(body),
      },
    ])
  })

  it('is refused when it cannot be put on record', async ({ expect }) => {
    const scope = { gameId: 'filters-no-record', env: 'prod' }
    await insertGame(scope.gameId)
    await env.CONTROL_DB.exec(
      `CREATE TRIGGER full BEFORE INSERT ON audit_outbox BEGIN SELECT RAISE(ABORT, 'full'); END`,
    )
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const body = { ingest_enabled: false }
    const response = await filters({ game: scope.gameId, token: operator, body })
    logged.mockRestore()
    await env.CONTROL_DB.exec('DROP TRIGGER full')
    expect(response.status).toBe(503)
    const settings = env.GAME_SETTINGS.getByName(gameSettingsName(scope))
    expect(await settings.read()).toEqual(DEFAULT_SETTINGS)
  })

  it('stays on record while the queue takes nothing, refused or made', async ({ expect }) => {
    const game = 'filters-outbox'
    await insertGame(game)
    const bindings = { ...env, EVENTS_QUEUE: refusingQueue() }
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const analyst = await userToken('analyst')
    const statuses: number[] = []
    for (const [token, body] of [
      [operator, { sample_global: 5 }],
      [operator, { sample_global: 6, version: 7 }],
      [operator, { sample_global: -1 }],
      [analyst, { sample_global: 5 }],
      [READ_KEY, { sample_global: 5 }],
    ] as const) {
      statuses.push((await filters({ game, token, body, bindings })).status)
    }
    await scheduler.wait(100)
    warned.mockRestore()
    expect(statuses).toEqual([200, 409, 400, 403, 403])
    const { results } = await env.CONTROL_DB.prepare('SELECT row FROM audit_outbox').all()
    const rowSchema = z.object({ game_id: z.string(), action: z.string(), status: z.number() })
    const rows = results.map(({ row }) => rowSchema.parse(JSON.parse(z.string().parse(row))))
    expect(rows.filter(({ game_id: gameId }) => gameId === game)).toEqual(
      [200, 409, 400, 403].map((status) => ({ game_id: game, action: 'settings.change', status })),
    )
  })

  it('whose outcome nobody knows says so', async ({ expect }) => {
    const game = 'filters-unknown'
    await insertGame(game)
    const getByName = () => ({ change: () => Promise.reject(new Error('the object was reset')) })
    const bindings = {
      ...env,
      EVENTS_QUEUE: refusingQueue(),
      GAME_SETTINGS: new Proxy(env.GAME_SETTINGS, { get: () => getByName }),
    }
    const logged = (['warn', 'error'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation(() => {}),
    )
    const body = { ingest_enabled: false }
    const { status } = await filters({ game, token: operator, body, bindings })
    await scheduler.wait(100)
    for (const spy of logged) spy.mockRestore()
    expect(status).toBe(503)
    const { results } = await env.CONTROL_DB.prepare(
      `SELECT json_extract(row, '$.status') AS status, json_extract(row, '$.snapshot') AS snapshot
       FROM audit_outbox WHERE json_extract(row, '$.game_id') = ?`,
    )
      .bind(game)
      .all()
    expect(results).toEqual([{ status: 503, snapshot: '{"ingest_enabled":false}' }])
  })
})
