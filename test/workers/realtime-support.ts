/** A game with live figures: tokens in its object, rows in the tables, and the questions about both. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import type { z } from 'zod'

import { gameSketchesName } from '../../durable/names.ts'
import { createApp } from '../../src/app.ts'
import { request } from '../../src/clickhouse/request.ts'
import { configOf } from '../../src/config.ts'
import type { BreakdownValues, SketchMetric, TokenGroup } from '../../src/event/envelope.ts'
import { hashKeyId, parseHashKey, userToken } from '../../src/sketch/token.ts'
import { userToken as accessToken } from './support.ts'

const key = parseHashKey(env.SKETCH_KEY)

/** Users `from` to `to` - 1 of a metric and a bucket. */
export function users(
  metric: SketchMetric,
  bucket: number,
  [from, to]: readonly [number, number],
  by?: BreakdownValues,
): TokenGroup {
  const tokens = Uint32Array.from({ length: to - from }, (_, at) =>
    userToken(key, `user_${from + at}`),
  )
  return { metric, bucket, tokens, ...(by && { by }) }
}

/** The object of a game in the environment prod. */
export const sketchesOf = (gameId: string) =>
  env.GAME_SKETCHES.getByName(gameSketchesName({ gameId, env: 'prod' }))

/** What the consumer tells the object of a game. */
export async function count(
  gameId: string,
  groups: readonly TokenGroup[],
  timeZone = 'UTC',
): Promise<void> {
  const counting = { timeZone, shards: 1, hashId: hashKeyId(key) }
  await sketchesOf(gameId).addTokens({ gameId, env: 'prod', shard: 0, counting, groups })
}

/** Bindings whose sketches are replaced: every property of the object is this one. */
export function withSketches(method: (...given: unknown[]) => Promise<unknown>): Env {
  const object = new Proxy({}, { get: () => method })
  return { ...env, GAME_SKETCHES: new Proxy(env.GAME_SKETCHES, { get: () => () => object }) }
}

/** Bindings whose database is not there. */
export const withoutDatabase: Env = { ...env, CLICKHOUSE_URL: 'http://127.0.0.1:9' }

/** Inserts rows as they are. */
export async function insertRows(table: string, rows: readonly object[]): Promise<void> {
  const reply = await request(configOf(env).clickhouse, {
    parameters: {
      query: `INSERT INTO ${table} FORMAT JSONEachRow`,
      async_insert: '0',
      insert_deduplicate: '0',
    },
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
    deadlineMs: 30_000,
  })
  if (reply.code !== null) throw new Error(reply.text)
}

/** A time as a column takes it. */
export const sqlTime = (timeMs: number) =>
  new Date(timeMs).toISOString().replace('T', ' ').slice(0, 23)

let orders = 0

/** A row of `payments`: an order of its own, as the server said it. */
export function payment(
  gameId: string,
  timeMs: number,
  fields: Readonly<Record<string, string | number>> = {},
) {
  orders += 1
  return {
    game_id: gameId,
    env: 'prod',
    time: sqlTime(timeMs),
    order_id: `order-${orders}`,
    user_id: 'payer',
    amount_cents: 100,
    currency: 'USD',
    status: 'success',
    reported_by: 'server',
    received_time: sqlTime(timeMs),
    ...fields,
  }
}

let viewer: string | undefined

/** GET of an address under /api/analytics, by a user with the role viewer. */
export async function get(
  gameId: string,
  path: string,
  { bindings = env, method = 'GET' }: { bindings?: Env; method?: string } = {},
): Promise<Response> {
  viewer ??= await accessToken('viewer')
  const headers = { Authorization: `Bearer ${viewer}`, 'X-Game-ID': gameId, 'X-Env': 'prod' }
  return createApp().request(
    `/api/analytics/${path}`,
    { method, headers },
    bindings,
    createExecutionContext(),
  )
}

/** The answer to `get`, as the document describes it. */
export async function answer<Output>(
  schema: z.ZodType<Output>,
  ...asked: Parameters<typeof get>
): Promise<Output> {
  const response = await get(...asked)
  if (response.status !== 200) throw new Error(await response.text())
  return schema.parse(await response.json())
}
