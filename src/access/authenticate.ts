/** Who is asking: a key, a user with a token, or the admin key. */
import { sha256 } from '@noble/hashes/sha2.js'
import type { Context } from 'hono'

import { ApiError } from '../api-error.ts'
import type { AppEnv, Principal } from '../app-env.ts'
import type { Config } from '../config.ts'
import { configOf } from '../config.ts'
import { toHex } from '../event/bytes.ts'
import type { Key } from './keys.ts'
import { findKey, refuseExpired } from './keys.ts'
import type { Permission } from './rbac.ts'
import { PERMISSIONS, permissionsOfKey, permissionsOfRole } from './rbac.ts'
import type { Games } from './users.ts'
import { looksLikeToken, userOfToken } from './users.ts'

export interface Caller {
  readonly principal: Principal
  readonly permissions: readonly Permission[]
  readonly games: Games
  /** Null for users and the admin key */
  readonly key: Key | null
}

/** Those who were authenticated afresh, for the later steps of the same request. */
const freshCallers = new WeakMap<Context<AppEnv>, Caller>()

/**
 * The caller that `Authorization: Bearer` names, or with `keyInUrl` the write key in `?key=`, for beacons, which
 * cannot set headers. Throws missing_key, unknown_key, key_in_url, control_unavailable.
 */
export async function authenticate(
  c: Context<AppEnv>,
  { keyInUrl }: { keyInUrl: boolean },
): Promise<Caller> {
  const fresh = freshCallers.get(c)
  if (fresh !== undefined) return fresh
  const header = c.req.header('Authorization')
  const urlKey = c.req.query('key')
  if (header !== undefined || urlKey === undefined) {
    return callerOf(c, bearerOf(header), { isFresh: false })
  }
  if (!keyInUrl || looksLikeToken(urlKey)) throw keyInUrlRefused()
  const caller = await callerOf(c, urlKey, { isFresh: false })
  if (caller.key?.kind !== 'write') throw keyInUrlRefused()
  return caller
}

/**
 * The same by the header only, with a user as the control database has it at the moment: what a disabled user could
 * still change within the time of a cache, such as users, could not be taken back.
 */
export async function authenticateAfresh(c: Context<AppEnv>): Promise<Caller> {
  const header = c.req.header('Authorization')
  if (header === undefined && c.req.query('key') !== undefined) throw keyInUrlRefused()
  const caller = await callerOf(c, bearerOf(header), { isFresh: true })
  freshCallers.set(c, caller)
  return caller
}

/** What a key may do, as a caller. */
export function callerOfKey(key: Key): Caller {
  return {
    principal: { kind: 'key', id: key.keyId, keyKind: key.kind },
    permissions: permissionsOfKey(key.kind),
    games: [key.scope.gameId],
    key,
  }
}

async function callerOf(
  c: Context<AppEnv>,
  secret: string,
  { isFresh }: { isFresh: boolean },
): Promise<Caller> {
  const config = configOf(c.env)
  const nowMs = c.get('nowMs')
  if (looksLikeToken(secret)) {
    const user = await userOfToken(c.env.CONTROL_DB, config.jwtSecret, secret, {
      nowMs,
      isFresh,
    })
    return {
      principal: { kind: 'user', id: user.userId, role: user.role },
      permissions: permissionsOfRole(user.role),
      games: user.games,
      key: null,
    }
  }
  const digest = digestOf(secret)
  // Digests have one length, and the comparison takes one time, whatever was sent.
  if (crypto.subtle.timingSafeEqual(digest, adminDigestOf(config))) {
    const principal = { kind: 'admin_key', id: 'admin' } as const
    return { principal, permissions: PERMISSIONS, games: '*', key: null }
  }
  const key = await findKey(c.env.CONTROL_DB, toHex(digest), nowMs)
  if (key === null) throw new ApiError('unknown_key', 'The key is unknown or was revoked.')
  refuseExpired(key, nowMs)
  return callerOfKey(key)
}

function bearerOf(header: string | undefined): string {
  const [scheme, secret] = header?.trim().split(/\s+/, 2) ?? []
  if (scheme?.toLowerCase() !== 'bearer' || secret === undefined) {
    throw new ApiError('missing_key', 'Send the key as "Authorization: Bearer <key>".')
  }
  return secret
}

function keyInUrlRefused(): ApiError {
  return new ApiError(
    'key_in_url',
    'A URL is kept in logs and histories: only a write key may stand there, and only to send events. ' +
      'Send this one as "Authorization: Bearer <key>".',
  )
}

const adminDigests = new WeakMap<Config, Uint8Array>()

function adminDigestOf(config: Config): Uint8Array {
  const known = adminDigests.get(config)
  if (known !== undefined) return known
  const digest = digestOf(config.adminKey)
  adminDigests.set(config, digest)
  return digest
}

/** SHA-256: of a text as short as a key faster here than on the way to the platform's and back. */
function digestOf(text: string): Uint8Array {
  return sha256(utf8.encode(text))
}

const utf8 = new TextEncoder()
