/**
 * Pseudonyms in the place of ids: HMAC-SHA256 (RFC 2104) under a secret of the game, cut to 128 bits. The same id
 * has the same pseudonym for as long as the game keeps its secret; without the secret nobody can find the id
 * or try candidates.
 */
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'

import { toHex } from './bytes.ts'

const PREFIX = 'pid_'
const PSEUDONYM_BYTES = 16
const PSEUDONYM_PATTERN = /^pid_[0-9a-f]{32}$/

/** Ids of one batch repeat: a player sends several events. */
const MAX_CACHED_IDS = 2_000

const caches = new WeakMap<Uint8Array, Map<string, string>>()

/**
 * The pseudonym of an id: `pid_` and 32 hex digits. A pseudonym stays as it is, so that an event that was kept
 * with pseudonyms can be judged again.
 */
export function pseudonymOf(key: Uint8Array, id: string): string {
  if (PSEUDONYM_PATTERN.test(id)) return id
  let cache = caches.get(key)
  if (cache === undefined) caches.set(key, (cache = new Map()))
  const known = cache.get(id)
  if (known !== undefined) return known
  const mac = hmac(sha256, key, new TextEncoder().encode(id))
  const pseudonym = `${PREFIX}${toHex(mac.subarray(0, PSEUDONYM_BYTES))}`
  if (cache.size >= MAX_CACHED_IDS) cache.clear()
  cache.set(id, pseudonym)
  return pseudonym
}
