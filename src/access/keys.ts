/**
 * Keys per (game, env), stored as SHA-256 digests in D1. A key is looked up by its digest, so no comparison
 * leaks its bytes; the game comes with it in the same read.
 */
import { z } from 'zod'

import { ApiError } from '../api-error.ts'
import type { KeyKind } from '../app-env.ts'
import { soonFromControl } from './control-database.ts'
import type { ScopedGame } from './game-row.ts'
import { GAME_COLUMNS, selectGame, toScopedGame } from './game-row.ts'
import { TimedCache } from './timed-cache.ts'

export interface Key extends ScopedGame {
  readonly keyId: string
  readonly kind: KeyKind
  /** When it stops working, in milliseconds since the epoch; null for never */
  readonly expiresMs: number | null
}

/** Server keys of one game and environment that a signature without X-Key-Id is compared with. */
const MAX_SIGNING_KEYS = 20

const keyRowSchema = z.object({
  key_id: z.string(),
  kind: z.enum(['write', 'server', 'read']),
  expires_time: z.iso
    .datetime()
    .transform((time) => Date.parse(time))
    .nullable(),
})

const KEY_COLUMNS = 'keys.key_id, keys.kind, keys.expires_time'

const SELECT_KEY = `SELECT ${KEY_COLUMNS}, keys.game_id, keys.env, ${GAME_COLUMNS}
  FROM keys JOIN games ON games.game_id = keys.game_id
  WHERE keys.revoked_time IS NULL`

const byHash = new TimedCache<Key>()
const byId = new TimedCache<Key>()
const signersByScope = new TimedCache<readonly Key[]>()

/** The key with this SHA-256 digest (hex); null when it is unknown or was revoked. It may have expired. */
export function findKey(db: D1Database, keyHash: string, nowMs: number): Promise<Key | null> {
  return byHash.get(keyHash, nowMs, () =>
    readKey(db.prepare(`${SELECT_KEY} AND keys.key_hash = ?`).bind(keyHash)),
  )
}

/** The server key with this id, for signed requests; null as for findKey. */
export function findSigningKey(db: D1Database, keyId: string, nowMs: number): Promise<Key | null> {
  return byId.get(keyId, nowMs, () =>
    readKey(db.prepare(`${SELECT_KEY} AND keys.key_id = ? AND keys.kind = 'server'`).bind(keyId)),
  )
}

/** The server keys of a game and environment, the youngest 20 that have not expired at `nowMs`. */
export async function findSigningKeys(
  db: D1Database,
  gameId: string,
  env: string,
  nowMs: number,
): Promise<readonly Key[]> {
  const found = await signersByScope.get(JSON.stringify([gameId, env]), nowMs, async () => {
    // The game apart from its keys: its row may be large, and is needed once.
    const answers = await soonFromControl(
      db.batch([selectGame(db, gameId, env), selectSigners(db, gameId, env, nowMs)]),
    )
    const [[row] = [], keys = []] = answers.map(({ results }) => results)
    if (row === undefined || keys.length === 0) return null
    const game = toScopedGame(row)
    return keys.map((key) => toKey(key, game))
  })
  return found ?? []
}

function selectSigners(db: D1Database, gameId: string, env: string, nowMs: number) {
  return db
    .prepare(
      `SELECT ${KEY_COLUMNS} FROM keys
       WHERE game_id = ? AND env = ? AND kind = 'server' AND revoked_time IS NULL
         AND (expires_time IS NULL OR expires_time > ?)
       ORDER BY created_time DESC, key_id LIMIT ?`,
    )
    .bind(gameId, env, new Date(nowMs).toISOString(), MAX_SIGNING_KEYS)
}

/** Throws unknown_key once the key's time is over. */
export function refuseExpired({ keyId, expiresMs }: Key, nowMs: number): void {
  if (expiresMs === null || nowMs < expiresMs) return
  throw new ApiError(
    'unknown_key',
    `The key ${keyId} expired at ${new Date(expiresMs).toISOString()}; use the one that replaced it.`,
  )
}

/** Throws key_of_another_game when a game or environment is named that is not the key's. */
export function refuseOtherScope(
  { scope }: ScopedGame,
  named: { readonly gameIds: readonly string[]; readonly envs: readonly string[] },
): void {
  refuseOther('game_id', scope.gameId, named.gameIds)
  refuseOther('env', scope.env, named.envs)
}

function refuseOther(field: string, own: string, named: readonly string[]): void {
  if (named.every((name) => name === own)) return
  throw new ApiError(
    'key_of_another_game',
    `The key does not belong to the ${field} that was named.`,
  )
}

async function readKey(statement: D1PreparedStatement): Promise<Key | null> {
  const row = await soonFromControl(statement.first())
  return row === null ? null : toKey(row, toScopedGame(row))
}

function toKey(row: unknown, game: ScopedGame): Key {
  const parsed = keyRowSchema.parse(row)
  return {
    ...game,
    keyId: parsed.key_id,
    kind: parsed.kind,
    expiresMs: parsed.expires_time,
  }
}
