/**
 * Signed requests of a studio's servers: the secret never travels, and a captured request cannot be sent again.
 *
 *     X-Timestamp: seconds since the epoch      X-Nonce: a value that is used once
 *     X-Signature: base64(HMAC-SHA256(secret, timestamp + "\n" + nonce + "\n" + sha256hex(body as sent)))
 *     X-Key-Id: the id of the server key; or X-Game-ID and X-Env, and every server key of them is tried
 *
 * `secret` is the signing secret as text, in UTF-8, not decoded.
 */
import type { Context } from 'hono'

import { MAX_NONCE_LENGTH, MAX_SCOPE_LENGTH, SIGNATURE_SKEW_MS } from '../../configs/limits.ts'
import { nonceLedgerName } from '../../durable/names.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import { configOf } from '../config.ts'
import { within } from '../deadline.ts'
import { sha256Hex } from '../event/bytes.ts'
import { log } from '../log.ts'
import { callerOfKey } from './authenticate.ts'
import { refuseOrigin } from './cors.ts'
import { refuseArchived } from './game-row.ts'
import type { Key } from './keys.ts'
import { findSigningKey, findSigningKeys, refuseExpired, refuseOtherScope } from './keys.ts'
import { namedScope, refuseUnpermitted, setGame } from './require-permission.ts'
import { signingSecretOf } from './signing-secret.ts'

/** How long a request waits for the ledger, in milliseconds. */
const LEDGER_DEADLINE_MS = 2_000

const NONCE_PATTERN = /^[\x21-\x7e]+$/
const SECONDS_PATTERN = /^\d{1,12}$/
const KEY_ID_PATTERN = /^k_[0-9a-f]{16}$/
/** 32 bytes in base64. */
const SIGNATURE_PATTERN = /^[A-Za-z0-9+/]{43}=$/

interface SignedHeaders {
  /** As it was sent: the signature is over its text */
  readonly timestamp: string
  readonly nonce: string
  readonly signature: Uint8Array
}

/** A nonce that was claimed for a request. */
export interface ClaimedNonce {
  /** For requests that were not taken after all: the same signed request may then be sent once more. */
  release(): Promise<void>
}

/**
 * Checks the signature of a request with the body `wireBody` (as sent, before it is inflated), claims its nonce and
 * sets principal, scope and game. Throws missing_signature, timestamp_skew, invalid_signature, nonce_used,
 * missing_key (no key and no game was named), unknown_key, key_of_another_game, forbidden, origin_not_allowed,
 * control_unavailable. `nowMs` is a time after the body was read, in milliseconds since the epoch: a body may be held
 * back for longer than a nonce is kept.
 */
export async function authenticateSigned(
  c: Context<AppEnv>,
  wireBody: Uint8Array,
  nowMs = Date.now(),
): Promise<ClaimedNonce> {
  const headers = readHeaders(c)
  refuseSkew(headers.timestamp, nowMs)
  const key = await signerOf(c, headers, wireBody, nowMs)
  const caller = callerOfKey(key)
  c.set('principal', caller.principal)
  refuseUnpermitted(caller, 'events:write')
  refuseArchived(key)
  refuseOrigin(c, key.profile)
  setGame(c, key)
  return claimNonce(c, key.keyId, headers.nonce)
}

function readHeaders(c: Context<AppEnv>): SignedHeaders {
  const timestamp = c.req.header('X-Timestamp')
  const nonce = c.req.header('X-Nonce')
  const signature = c.req.header('X-Signature')
  if (timestamp === undefined || nonce === undefined || signature === undefined) {
    const missing = Object.entries({ timestamp, nonce, signature })
      .filter(([, value]) => value === undefined)
      .map(([name]) => `X-${name.charAt(0).toUpperCase()}${name.slice(1)}`)
    throw new ApiError('missing_signature', `Signed requests carry ${missing.join(', ')} as well.`)
  }
  if (!SECONDS_PATTERN.test(timestamp)) {
    throw new ApiError('invalid_signature', 'X-Timestamp: expected whole seconds since the epoch')
  }
  if (nonce.length > MAX_NONCE_LENGTH || !NONCE_PATTERN.test(nonce)) {
    throw new ApiError(
      'invalid_signature',
      `X-Nonce: expected 1 to ${MAX_NONCE_LENGTH} visible ASCII characters`,
    )
  }
  if (!SIGNATURE_PATTERN.test(signature)) {
    throw new ApiError('invalid_signature', 'X-Signature: expected 32 bytes in base64')
  }
  const bytes = Uint8Array.from(atob(signature), (char) => char.charCodeAt(0))
  return { timestamp, nonce, signature: bytes }
}

function refuseSkew(timestamp: string, nowMs: number): void {
  const skewMs = Number(timestamp) * 1_000 - nowMs
  if (Math.abs(skewMs) <= SIGNATURE_SKEW_MS) return
  const seconds = Math.round(Math.abs(skewMs) / 1_000)
  throw new ApiError(
    'timestamp_skew',
    `X-Timestamp is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} our clock; ` +
      `expected at most ${SIGNATURE_SKEW_MS / 1_000} s. Sign again.`,
  )
}

/** The key that made the signature. */
async function signerOf(
  c: Context<AppEnv>,
  { timestamp, nonce, signature }: SignedHeaders,
  wireBody: Uint8Array,
  nowMs: number,
): Promise<Key> {
  const candidates = await candidatesOf(c, nowMs)
  const signed = utf8(`${timestamp}\n${nonce}\n${await sha256Hex(wireBody)}`)
  const { ingestSecret } = configOf(c.env)
  for (const key of candidates) {
    const secret = await verifyingKey(await signingSecretOf(ingestSecret, key.keyId))
    if (await crypto.subtle.verify('HMAC', secret, signature, signed)) {
      refuseExpired(key, nowMs)
      return key
    }
  }
  throw new ApiError(
    'invalid_signature',
    'Expected base64(HMAC-SHA256(signing secret, X-Timestamp + "\\n" + X-Nonce + "\\n" + ' +
      'SHA-256 of the body as sent, in hex)).',
  )
}

async function candidatesOf(c: Context<AppEnv>, nowMs: number): Promise<readonly Key[]> {
  const named = namedScope(c)
  const keyId = c.req.header('X-Key-Id')
  if (keyId !== undefined) {
    const isId = KEY_ID_PATTERN.test(keyId)
    const key = isId ? await findSigningKey(c.env.CONTROL_DB, keyId, nowMs) : null
    if (key === null) {
      throw new ApiError('unknown_key', 'X-Key-Id: there is no such server key, or it was revoked.')
    }
    refuseOtherScope(key, named)
    return [key]
  }
  const [gameId] = named.gameIds
  const [env] = named.envs
  if (gameId === undefined || env === undefined) {
    throw new ApiError(
      'missing_key',
      'Name the server key in X-Key-Id, or send X-Game-ID and X-Env.',
    )
  }
  // What is longer names nothing, and would fill the memory of those who look it up.
  const isScope = gameId.length <= MAX_SCOPE_LENGTH && env.length <= MAX_SCOPE_LENGTH
  const keys = isScope ? await findSigningKeys(c.env.CONTROL_DB, gameId, env, nowMs) : []
  if (keys.length === 0) {
    throw new ApiError('unknown_key', 'The game has no server key in this environment.')
  }
  for (const key of keys) refuseOtherScope(key, named)
  return keys
}

async function claimNonce(c: Context<AppEnv>, keyId: string, nonce: string): Promise<ClaimedNonce> {
  const claimId = crypto.randomUUID()
  // Asked for anew each time: a stub whose call failed may be broken.
  const ledger = () => c.env.NONCE_LEDGER.getByName(nonceLedgerName(keyId))
  const release = async () => {
    try {
      await within(LEDGER_DEADLINE_MS, ledger().release(nonce, claimId))
    } catch (error) {
      // The request is refused anyway; its retry will have to be signed anew.
      log('warn', 'a nonce stays used', { trace_id: c.get('traceId'), key_id: keyId, error })
    }
  }
  let isNew: boolean
  try {
    isNew = await within(LEDGER_DEADLINE_MS, ledger().claim(nonce, claimId))
  } catch (cause) {
    // It may have been claimed although the answer was lost.
    await release()
    throw new ApiError('control_unavailable', 'The nonce could not be checked; send again.', {
      cause,
    })
  }
  if (!isNew) {
    throw new ApiError('nonce_used', 'X-Nonce was used before; sign again with another one.')
  }
  return { release }
}

function verifyingKey(secret: string): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', utf8(secret), algorithm, false, ['verify'])
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
