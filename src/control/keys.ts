/** Keys of games: made, listed, replaced with an overlap, revoked. A key is shown once, when it is made. */
import { z } from 'zod'

import { fromControl } from '../access/control-database.ts'
import { signingSecretOf } from '../access/signing-secret.ts'
import { ApiError } from '../api-error.ts'
import type { KeyKind } from '../app-env.ts'
import { configOf } from '../config.ts'
import { sha256Hex, toHex } from '../event/bytes.ts'
import { commit } from './audit.ts'
import type { ControlContext } from './call.ts'
import { callOf, readFields } from './call.ts'
import { gameIdOf, listed, MAX_LISTED, readGame } from './games.ts'
import { createKeySchema, rotateKeySchema } from './schemas.ts'

/** 128 random bits: not guessable. As hex: safe in a header, a shell and a URL. */
const KEY_BYTES = 16
const KEY_ID_BYTES = 8

const PREFIXES = { write: 'cw', server: 'cs', read: 'cr' } as const satisfies Record<
  KeyKind,
  string
>

const keyRowSchema = z.object({
  key_id: z.string(),
  env: z.string(),
  kind: z.enum(['write', 'server', 'read']),
  label: z.string(),
  created_time: z.string(),
  expires_time: z.string().nullable(),
  revoked_time: z.string().nullable(),
})
const KEY_COLUMNS = Object.keys(keyRowSchema.shape).join(', ')

interface NewKey {
  readonly keyId: string
  readonly key: string
  readonly keyHash: string
}

/** GET /games/{game_id}/keys: everything about them but the keys, the youngest first. */
export async function listKeys(c: ControlContext): Promise<Response> {
  const game = await readGame(c, gameIdOf(c))
  const { results } = await fromControl(
    c.env.CONTROL_DB.prepare(
      `SELECT ${KEY_COLUMNS} FROM keys WHERE game_id = ? ORDER BY created_time DESC, key_id LIMIT ?`,
    )
      .bind(game.game_id, MAX_LISTED + 1)
      .all(),
  )
  const { rows, truncated } = listed(keyRowSchema, results)
  return c.json({ keys: rows, truncated })
}

/** POST /games/{game_id}/keys. Throws invalid_field for an environment that the game does not have. */
export async function createKey(c: ControlContext): Promise<Response> {
  const { env, kind, label } = await readFields(c, createKeySchema)
  const game = await readGame(c, gameIdOf(c))
  const key = await newKey(kind)
  Object.assign(callOf(c), { env, target: key.keyId })
  await refuseOtherEnvironment(c, game.game_id, env)
  const time = new Date(c.get('nowMs')).toISOString()
  const insert = c.env.CONTROL_DB.prepare(
    `INSERT INTO keys (key_id, key_hash, game_id, env, kind, label, created_time)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  ).bind(key.keyId, key.keyHash, game.game_id, env, kind, label, time)
  await commit(c, [insert], { status: 201, conflict: 'The key was not made; send again.' })
  return c.json(await shownOnce(c, key, { env, kind, label, created_time: time }), 201)
}

/** POST /games/{game_id}/keys/{key_id}/rotate: a new key of the same kind; the old one works for the overlap. */
export async function rotateKey(c: ControlContext): Promise<Response> {
  const { overlap_seconds: overlapSeconds } = await readFields(c, rotateKeySchema)
  const old = await readKey(c)
  const key = await newKey(old.kind)
  const nowMs = c.get('nowMs')
  const time = new Date(nowMs).toISOString()
  const expiresTime = new Date(nowMs + overlapSeconds * 1_000).toISOString()
  const db = c.env.CONTROL_DB
  const insert = db
    .prepare(
      `INSERT INTO keys (key_id, key_hash, game_id, env, kind, label, created_time)
       SELECT ?, ?, game_id, env, kind, label, ? FROM keys
       WHERE key_id = ? AND revoked_time IS NULL AND expires_time IS NULL`,
    )
    .bind(key.keyId, key.keyHash, time, old.key_id)
  const expire = db
    .prepare('UPDATE keys SET expires_time = ? WHERE key_id = ? AND changes() > 0')
    .bind(expiresTime, old.key_id)
  await commit(c, [insert, expire], {
    status: 201,
    conflict: 'The key was revoked or replaced already.',
  })
  const shown = await shownOnce(c, key, {
    env: old.env,
    kind: old.kind,
    label: old.label,
    created_time: time,
  })
  return c.json({ ...shown, replaces: { key_id: old.key_id, expires_time: expiresTime } }, 201)
}

/** POST /games/{game_id}/keys/{key_id}/revoke: it stops working within the cache time of the isolates. */
export async function revokeKey(c: ControlContext): Promise<Response> {
  const old = await readKey(c)
  const time = new Date(c.get('nowMs')).toISOString()
  const update = c.env.CONTROL_DB.prepare(
    'UPDATE keys SET revoked_time = ? WHERE key_id = ? AND revoked_time IS NULL',
  ).bind(time, old.key_id)
  await commit(c, [update], { status: 200, conflict: 'The key was revoked already.' })
  return c.json({ ...old, revoked_time: time })
}

async function readKey(c: ControlContext): Promise<z.output<typeof keyRowSchema>> {
  const row = await fromControl(
    c.env.CONTROL_DB.prepare(`SELECT ${KEY_COLUMNS} FROM keys WHERE key_id = ? AND game_id = ?`)
      .bind(c.req.param('key_id') ?? '', gameIdOf(c))
      .first(),
  )
  if (row === null) throw new ApiError('not_found', 'The game has no such key.')
  const key = keyRowSchema.parse(row)
  callOf(c).env = key.env
  return key
}

async function refuseOtherEnvironment(
  c: ControlContext,
  gameId: string,
  env: string,
): Promise<void> {
  const row = await fromControl(
    c.env.CONTROL_DB.prepare('SELECT env FROM environments WHERE game_id = ? AND env = ?')
      .bind(gameId, env)
      .first(),
  )
  if (row === null) {
    throw new ApiError('invalid_field', 'env: expected an environment of the game; make it first')
  }
}

async function newKey(kind: KeyKind): Promise<NewKey> {
  const key = `${PREFIXES[kind]}_${randomHex(KEY_BYTES)}`
  return { keyId: `k_${randomHex(KEY_ID_BYTES)}`, key, keyHash: await sha256Hex(key) }
}

function randomHex(bytes: number): string {
  return toHex(crypto.getRandomValues(new Uint8Array(bytes)))
}

/** The only answer that holds a key; for server keys also the secret with which requests are signed. */
async function shownOnce(
  c: ControlContext,
  { keyId, key }: NewKey,
  fields: Pick<z.output<typeof keyRowSchema>, 'env' | 'kind' | 'label' | 'created_time'>,
) {
  const shown = { key_id: keyId, game_id: gameIdOf(c), ...fields, expires_time: null, key }
  if (fields.kind !== 'server') return shown
  return { ...shown, signing_secret: await signingSecretOf(configOf(c.env).ingestSecret, keyId) }
}
