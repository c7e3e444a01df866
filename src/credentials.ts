/**
 * Who may write and who may read: keys per (game, env), stored as SHA-256 digests in D1.
 * A key is looked up by its digest, so no comparison leaks its bytes. What was found is trusted for
 * KEY_CACHE_MS per isolate: a revoked key stops working within that time.
 */
import { createMiddleware } from 'hono/factory'
import { z } from 'zod'

import { KEY_CACHE_MS, MAX_CACHED_KEYS, UNKNOWN_KEY_CACHE_MS } from '../configs/limits.ts'
import { ApiError } from './api-error.ts'
import type { AppEnv, Scope } from './app-env.ts'
import { sha256Hex } from './event/bytes.ts'

export type KeyKind = 'write' | 'read'

interface Credential {
  readonly scope: Scope
  readonly kind: KeyKind
}

const credentialRowSchema = z.object({
  game_id: z.string(),
  env: z.string(),
  kind: z.enum(['write', 'read']),
  time_zone: z.string(),
})

const cache = new Map<string, { credential: Credential | null; untilMs: number }>()

/**
 * Middleware: the request carries a key of this kind (`Authorization: Bearer <key>`), and the game and
 * environment that it names, in X-Game-ID and X-Env or as game_id and env in the query, are the key's.
 * Sets `scope`. Throws missing_key, unknown_key, wrong_key_kind, key_of_another_game.
 */
export function requireKey(kind: KeyKind) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const key = bearerKey(c.req.header('Authorization'))
    const credential = await findCredential(c.env.CONTROL_DB, key, c.get('nowMs'))
    if (credential === null) {
      throw new ApiError('unknown_key', 'The key is unknown or was revoked.')
    }
    if (credential.kind !== kind) {
      throw new ApiError(
        'wrong_key_kind',
        `This address needs a ${kind} key; a ${credential.kind} key was sent.`,
      )
    }
    const { gameId, env } = credential.scope
    refuseOther('game_id', gameId, c.req.header('X-Game-ID'), c.req.query('game_id'))
    refuseOther('env', env, c.req.header('X-Env'), c.req.query('env'))
    c.set('scope', credential.scope)
    await next()
  })
}

function bearerKey(header: string | undefined): string {
  const [scheme, key] = header?.trim().split(/\s+/, 2) ?? []
  if (scheme?.toLowerCase() !== 'bearer' || key === undefined) {
    throw new ApiError('missing_key', 'Send the key as "Authorization: Bearer <key>".')
  }
  return key
}

function refuseOther(field: string, own: string, ...named: readonly (string | undefined)[]): void {
  if (named.some((name) => name !== undefined && name !== own)) {
    throw new ApiError(
      'key_of_another_game',
      `The key does not belong to the ${field} that was named.`,
    )
  }
}

async function findCredential(
  db: D1Database,
  key: string,
  nowMs: number,
): Promise<Credential | null> {
  const keyHash = await sha256Hex(key)
  const cached = cache.get(keyHash)
  if (cached !== undefined && cached.untilMs > nowMs) return cached.credential
  const credential = await readCredential(db, keyHash)
  const untilMs = nowMs + (credential === null ? UNKNOWN_KEY_CACHE_MS : KEY_CACHE_MS)
  cache.delete(keyHash)
  cache.set(keyHash, { credential, untilMs })
  dropOldest()
  return credential
}

async function readCredential(db: D1Database, keyHash: string): Promise<Credential | null> {
  const row = await db
    .prepare(
      `SELECT keys.game_id, keys.env, keys.kind, games.time_zone
       FROM keys JOIN games ON games.game_id = keys.game_id
       WHERE keys.key_hash = ? AND keys.revoked_time IS NULL`,
    )
    .bind(keyHash)
    .first()
    .catch((cause: unknown) => {
      throw new ApiError('control_unavailable', 'The key could not be looked up; send again.', {
        cause,
      })
    })
  if (row === null) return null
  const { game_id: gameId, env, kind, time_zone: timeZone } = credentialRowSchema.parse(row)
  return { kind, scope: { gameId, env, timeZone } }
}

function dropOldest(): void {
  const [oldest] = cache.keys()
  if (cache.size > MAX_CACHED_KEYS && oldest !== undefined) cache.delete(oldest)
}
