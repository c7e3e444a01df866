/** Builders for the tests of quarantine: games without keys, stored rows, the routes with the admin key. */
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { vi } from 'vitest'
import type { z } from 'zod'

import type { AppEnv } from '../../src/app-env.ts'
import { auditRoutes } from '../../src/audit-log/routes.ts'
import { authorizationOf } from '../../src/clickhouse/connection.ts'
import { insertRows } from '../../src/clickhouse/writer.ts'
import { configOf } from '../../src/config.ts'
import type { RowTable } from '../../src/event/envelope.ts'
import type { RejectedEvent } from '../../src/event/rows.ts'
import { toDateTime64, toRejectedRow } from '../../src/event/rows.ts'
import { ingestRoutes } from '../../src/ingest/routes.ts'
import { problemFrom } from '../../src/problem.ts'
import { quarantineRoutes } from '../../src/quarantine/routes.ts'
import { countRows, insertGame } from './support.ts'

/** A game with the environment prod, that only the admin key opens. */
export async function addGame(gameId: string, customEvents: readonly string[] = []): Promise<void> {
  await insertGame(gameId)
  await setCustomEvents(gameId, customEvents)
}

/** Makes these, without attributes, the events that the game adds to the catalog. */
export async function setCustomEvents(gameId: string, ids: readonly string[]): Promise<void> {
  const events = ids.map((id) => ({ id, description: '', attributes: {} }))
  await env.CONTROL_DB.prepare('UPDATE games SET custom_events = ? WHERE game_id = ?')
    .bind(JSON.stringify(events), gameId)
    .run()
}

const app = new Hono<AppEnv>()
  .use(async (c, next) => {
    c.set('traceId', '00112233aabbccdd')
    c.set('nowMs', Date.now())
    await next()
  })
  .route('/', ingestRoutes())
  .route('/api/events', quarantineRoutes())
  .route('/api/admin', auditRoutes())
  .onError(problemFrom)

/** A request about a game to the routes, with the admin key unless another is told. */
export function request(
  gameId: string,
  path: string,
  { body, headers, testEnv = env }: { body?: unknown; headers?: HeadersInit; testEnv?: Env } = {},
): Response | Promise<Response> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const given = new Headers(headers)
  if (!given.has('Authorization')) given.set('Authorization', `Bearer ${env.ADMIN_KEY}`)
  given.set('X-Game-ID', gameId)
  given.set('X-Env', 'prod')
  return app.request(`http://edge.test${path}`, { ...init, headers: given }, testEnv)
}

/** The answer to a request, which must be a 200 of this shape. */
export async function answerOf<Answer>(
  schema: z.ZodType<Answer>,
  ...call: Parameters<typeof request>
): Promise<Answer> {
  const response = await request(...call)
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
  return schema.parse(await response.json())
}

/** A stored rejection: its payload, and what is not as usual. */
export interface Rejection extends Partial<RejectedEvent> {
  readonly receivedMs?: number
}

/** 32 hex digits of a digest that belongs to a text. */
export function digestOf(text: string): string {
  return [...new TextEncoder().encode(text)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .padEnd(32, '0')
    .slice(-32)
}

/** Puts rows into events_rejected as the consumer would. */
export async function storeRejections(
  gameId: string,
  rejections: readonly Rejection[],
): Promise<void> {
  const rows = rejections.map(({ receivedMs = Date.now(), ...fields }, index) =>
    toRejectedRow(
      {
        rejectionId: `${digestOf(`${gameId} ${index}`)}-0`,
        traceId: '0123456789abcdef',
        index: 0,
        eventId: '',
        eventName: 'boss.defeated',
        code: 'unknown_event',
        pointer: '/event',
        detail: 'expected an event of the catalog',
        payload: '{}',
        verdict: 'quarantined',
        door: 'events',
        reporter: 'client',
        sentTime: undefined,
        sentUptimeMs: undefined,
        origin: null,
        ...fields,
      },
      { game_id: gameId, env: 'prod', received_time: toDateTime64(receivedMs) },
    ),
  )
  await storeRows('events_rejected', rows)
}

export async function storeRows(table: RowTable, rows: readonly string[]): Promise<void> {
  const outcome = await insertRows(configOf(env).clickhouse, {
    table,
    ndjson: new TextEncoder().encode(rows.join('')),
    rows: rows.length,
    token: crypto.randomUUID(),
  })
  if (outcome.kind !== 'stored') throw new Error(outcome.reason)
}

/** Waits until the table has this many rows of the game that a condition selects. */
export async function waitForRows(
  gameId: string,
  table: string,
  rows: number,
  condition = 'true',
): Promise<void> {
  await vi.waitUntil(
    async () =>
      (await countRows(table, `game_id = {game:String} AND ${condition}`, { game: gameId })) ===
      rows,
    { timeout: 15_000, interval: 200 },
  )
}

/** A statement that is no question, such as OPTIMIZE. */
export async function command(sql: string): Promise<void> {
  const connection = configOf(env).clickhouse
  const response = await fetch(`${connection.url}/?database=${connection.database}`, {
    method: 'POST',
    headers: { Authorization: authorizationOf(connection) },
    body: sql,
  })
  if (!response.ok) throw new Error(await response.text())
  await response.body?.cancel()
}
