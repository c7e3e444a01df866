/** Requests to every door of ingest, and questions to what is stored behind them. */
import { env, exports } from 'cloudflare:workers'
import { vi } from 'vitest'
import { z } from 'zod'

import { ask } from '../../src/clickhouse/reader.ts'
import { configOf } from '../../src/config.ts'
import { answerSchema, countRows, insertGame, insertKey } from './support.ts'

export const bearer = (key: string) => ({ Authorization: `Bearer ${key}` })

export type Sent = Omit<RequestInit<RequestInitCfProperties>, 'cf'> & {
  readonly cf?: Record<string, unknown>
}

/** A POST through the Worker's own entry, with whatever the edge would say of the connection. */
export function post(path: string, body: BodyInit | null, init: Sent = {}): Promise<Response> {
  const { cf, ...rest } = init
  const request = new Request(`http://edge.test${path}`, {
    method: 'POST',
    body,
    ...rest,
    ...(cf && { cf }),
  })
  return exports.default.fetch(request)
}

/** POST of a JSON value. */
export const postJson = (path: string, value: unknown, init: Sent = {}) =>
  post(path, JSON.stringify(value), init)

export async function answerOf(response: Response) {
  const body: unknown = await response.json()
  return { status: response.status, ...answerSchema.loose().parse(body) }
}

const problemSchema = z.looseObject({ code: z.string(), detail: z.string() })

export async function problemOf(response: Response) {
  const { code, detail } = problemSchema.parse(await response.json())
  return { status: response.status, code, detail }
}

/** A further game with a write and a server key of its own; `columns` are those of `games`. */
export async function aGameWith(gameId: string, columns: Record<string, string | number> = {}) {
  await insertGame(gameId)
  for (const [column, value] of Object.entries(columns)) {
    await env.CONTROL_DB.prepare(`UPDATE games SET ${column} = ? WHERE game_id = ?`)
      .bind(value, gameId)
      .run()
  }
  const writeKey = `cw_${gameId}`
  const serverKey = `cs_${gameId}`
  await insertKey(gameId, { kind: 'write', key: writeKey, keyId: `k_w_${gameId}` })
  await insertKey(gameId, { kind: 'server', key: serverKey, keyId: `k_s_${gameId}` })
  return { gameId, writeKey, serverKey }
}

/** Rows of a game that a condition selects, duplicates removed. */
export function rowsIn(table: string, gameId: string, condition = '1'): Promise<number> {
  return countRows(table, `game_id = {game:String} AND ${condition}`, { game: gameId })
}

/** Waits until so many rows are there. */
export async function untilRows(
  table: string,
  gameId: string,
  rows: number,
  condition = '1',
): Promise<void> {
  await vi.waitUntil(async () => (await rowsIn(table, gameId, condition)) >= rows, {
    timeout: 15_000,
    interval: 200,
  })
}

/** The rows of a game as JSON objects. */
export function readRows(table: string, gameId: string, condition = '1') {
  const sql = `SELECT * FROM ${table} FINAL WHERE game_id = {game:String} AND ${condition}`
  const row = z.record(z.string(), z.unknown())
  return ask(configOf(env).clickhouse, { sql, params: { game: gameId }, row })
}

const TABLES = ['events', 'payments', 'events_rejected', 'audit_log', 'dead_letters'] as const

/** The tables that hold this text anywhere in a row, in whatever game. */
export async function tablesWith(text: string): Promise<string[]> {
  const counts = await Promise.all(
    TABLES.map((table) =>
      countRows(table, 'position(toString(tuple(*)), {text:String}) > 0', { text }),
    ),
  )
  return TABLES.filter((_, index) => counts[index] !== 0)
}

export const login = (fields: Record<string, unknown> = {}) => ({
  event: 'user.login',
  user_id: 'u1',
  ts: Date.now(),
  ...fields,
})

export const paid = (fields: Record<string, unknown> = {}) => ({
  order_id: 'o1',
  user_id: 'u1',
  status: 'success',
  amount_cents: 999,
  currency: 'USD',
  ts: Date.now(),
  ...fields,
})
