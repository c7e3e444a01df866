/** Builders for tests inside workerd: games and keys in D1, messages, questions to the real ClickHouse. */
import { applyD1Migrations } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { inject } from 'vitest'
import { z } from 'zod'

import { signingSecretOf } from '../../src/access/signing-secret.ts'
import type { Games } from '../../src/access/users.ts'
import { signUserToken } from '../../src/access/users.ts'
import type { KeyKind } from '../../src/app-env.ts'
import { ask } from '../../src/clickhouse/reader.ts'
import { configOf } from '../../src/config.ts'
import { sha256Hex, toBase64, toHex } from '../../src/event/bytes.ts'
import type { Envelope } from '../../src/event/envelope.ts'
import { encodeEnvelope } from '../../src/event/envelope.ts'

export const WRITE_KEY = 'cw_test_write_key'
export const SERVER_KEY = 'cs_test_server_key'
export const READ_KEY = 'cr_test_read_key'
/** Id of SERVER_KEY, for signed requests */
export const SERVER_KEY_ID = 'k_00000000000000a1'

/** A game of its own for a test file, in the environment prod, with WRITE_KEY, SERVER_KEY and READ_KEY. */
export async function createGame(gameId: string, timeZone = 'UTC'): Promise<void> {
  await applyD1Migrations(env.CONTROL_DB, inject('d1Migrations'))
  await insertGame(gameId, timeZone)
  await insertKey(gameId, { kind: 'write', key: WRITE_KEY })
  await insertKey(gameId, { kind: 'server', key: SERVER_KEY, keyId: SERVER_KEY_ID })
  await insertKey(gameId, { kind: 'read', key: READ_KEY })
}

/** A further game, without keys, in the environment prod. */
export async function insertGame(gameId: string, timeZone = 'UTC'): Promise<void> {
  await env.CONTROL_DB.batch([
    env.CONTROL_DB.prepare('INSERT INTO games (game_id, name, time_zone) VALUES (?, ?, ?)').bind(
      gameId,
      gameId,
      timeZone,
    ),
    env.CONTROL_DB.prepare('INSERT INTO environments (game_id, env) VALUES (?, ?)').bind(
      gameId,
      'prod',
    ),
  ])
}

interface TestKey {
  readonly kind: KeyKind
  readonly key: string
  readonly keyId?: string
  readonly expiresTime?: string
  readonly revokedTime?: string
}

/** A further key of a game, in the environment prod. */
export async function insertKey(gameId: string, key: TestKey): Promise<void> {
  const keyId = key.keyId ?? `k_${toHex(crypto.getRandomValues(new Uint8Array(8)))}`
  await env.CONTROL_DB.prepare(
    `INSERT INTO keys (key_id, key_hash, game_id, env, kind, expires_time, revoked_time)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
    .bind(
      keyId,
      await sha256Hex(key.key),
      gameId,
      'prod',
      key.kind,
      key.expiresTime ?? null,
      key.revokedTime ?? null,
    )
    .run()
}

let madeUsers = 0

/** A token, good for an hour, of a new user with this role. */
export async function userToken(role: string, games: Games = '*'): Promise<string> {
  madeUsers += 1
  const userId = `${role}-${madeUsers}`
  await env.CONTROL_DB.prepare('INSERT INTO users (user_id, role, games) VALUES (?, ?, ?)')
    .bind(userId, role, games === '*' ? games : JSON.stringify(games))
    .run()
  const nowMs = Date.now()
  return signUserToken(env.JWT_SECRET, { userId, tokenVersion: 1 }, nowMs, nowMs + 3_600_000)
}

/** Headers of a request that a server key has signed; a new nonce unless one is told. */
export async function signedHeaders(
  body: string | Uint8Array,
  { keyId, timeMs, nonce }: { keyId: string; timeMs: number; nonce?: string },
) {
  const timestamp = String(Math.floor(timeMs / 1_000))
  const usedNonce = nonce ?? crypto.randomUUID()
  const utf8 = (text: string) => new TextEncoder().encode(text)
  const secret = await signingSecretOf(env.ANALYTICS_INGEST_SECRET, keyId)
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', utf8(secret), algorithm, false, ['sign'])
  const signed = utf8(`${timestamp}\n${usedNonce}\n${await sha256Hex(body)}`)
  return {
    'X-Key-Id': keyId,
    'X-Timestamp': timestamp,
    'X-Nonce': usedNonce,
    'X-Signature': toBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key, signed))),
  }
}

/** What POST /api/events/track answers to a batch that it could take apart. */
export const answerSchema = z.object({
  accepted: z.number(),
  rejected: z.number(),
  trace_id: z.string().regex(/^[0-9a-f]{16}$/),
  results: z.array(
    z.object({
      index: z.number(),
      event_id: z.string().nullable(),
      status: z.string(),
      code: z.string(),
      pointer: z.string(),
      detail: z.string(),
    }),
  ),
  stored: z.boolean().optional(),
  warnings: z.array(z.string()).optional(),
})

/** The event of the specification, now. */
export const anEvent = (fields: Record<string, unknown> = {}) => ({
  user_id: 'user_123',
  session_id: 'sess_456',
  event: 'session.start',
  event_time: new Date().toISOString(),
  platform: 'ios',
  app_version: '1.2.3',
  props: { entry_point: 'main_menu', campaign_id: 'campaign_001' },
  ...fields,
})

export async function compressed(text: string, format: 'gzip' | 'deflate'): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream(format))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** POST /api/events/track with the write key. */
export function track(body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  return exports.default.fetch('http://edge.test/api/events/track', {
    method: 'POST',
    headers: { Authorization: `Bearer ${WRITE_KEY}`, ...headers },
    body,
  })
}

const countSchema = z.object({ n: z.number() })

/** Rows of a table that a condition selects, duplicates removed. */
export async function countRows(
  table: string,
  condition: string,
  params: Record<string, string>,
): Promise<number> {
  const sql = `SELECT count() AS n FROM ${table} FINAL WHERE ${condition}`
  const [row] = await ask(configOf(env).clickhouse, { sql, params, row: countSchema })
  return row?.n ?? Number.NaN
}

/** A message of one event row per id, as ingest would have packed it. */
export function aMessage(
  id: string,
  gameId: string,
  eventIds: readonly string[],
  tokens: Envelope['tokens'] = [],
) {
  const rows = eventIds.map((eventId) => anEventRow(gameId, eventId))
  return messageOf(id, gameId, rows, tokens)
}

export function messageOf(
  id: string,
  gameId: string,
  rows: readonly string[],
  tokens: Envelope['tokens'] = [],
) {
  const envelope: Envelope = {
    gameId,
    env: 'prod',
    traceId: '0123456789abcdef',
    receivedTimeMs: Date.now(),
    sections: [
      { table: 'events', rows: rows.length, ndjson: new TextEncoder().encode(rows.join('')) },
    ],
    tokens,
  }
  return { id, timestamp: new Date(), attempts: 1, body: encodeEnvelope(envelope) }
}

export function anEventRow(gameId: string, eventId: string, eventTime = '2026-11-20 10:00:00.000') {
  const row = {
    event_time: eventTime,
    game_id: gameId,
    env: 'prod',
    event: 'user.login',
    event_id: eventId,
    user_id: `user-${eventId}`,
    props_json: '{}',
    client_time: eventTime,
    received_time: '2026-11-20 10:00:01.000',
    skew_ms: 0,
    time_method: 'client',
  }
  return `${JSON.stringify(row)}\n`
}
