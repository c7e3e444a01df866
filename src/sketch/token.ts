/**
 * User tokens: 32-bit compressed hashes, all that leaves the ingest Worker of a user id for counting.
 *
 * A token holds what an UltraLogLog of any precision up to 26 needs, in the layout of hash4j. It is
 * pseudonymous, not anonymous: whoever has the key can test whether a given id made it.
 * Ertl, "UltraLogLog", PVLDB 17 (2023), https://arxiv.org/abs/2308.16862
 */
import { halfSipHash64, type HashKey } from './hash.ts'

export type { HashKey } from './hash.ts'

/** High bits of the hash that a token keeps; the largest precision that it can serve. */
export const TOKEN_INDEX_BITS = 26

/** Low bits of a token: how many leading zeros the rest of the hash has. */
export const TOKEN_RANK_BITS = 6

/** The rest of the hash has 38 bits, so at most 38 leading zeros; more makes a token invalid. */
export const MAX_TOKEN_RANK = 64 - TOKEN_INDEX_BITS

const RANK_MASK = (1 << TOKEN_RANK_BITS) - 1
const KEY_FORM = /^[0-9a-fA-F]{16}$/

// Written before it is read, within one synchronous call.
const hash = new Uint32Array(2)

/**
 * The key from 16 hex digits: its eight bytes in order, as in the published vectors. Throws RangeError,
 * which names the form and not the value.
 */
export function parseHashKey(hex: string): HashKey {
  if (!KEY_FORM.test(hex)) {
    throw new RangeError('SKETCH_KEY must be exactly 16 hex digits (an 8-byte key)')
  }
  return { k0: littleEndian32(hex.slice(0, 8)), k1: littleEndian32(hex.slice(8)) }
}

/**
 * One byte that tells keys apart, for the header of encoded sketches. It guards against mixing keys by
 * mistake: two keys share it with a probability of 1/256.
 */
export function hashKeyId(key: HashKey): number {
  halfSipHash64(key, 'croupier hash key id', hash)
  return (hash[0] ?? 0) & 0xff
}

/** The token of a user id; equal ids have equal tokens under equal keys. Unsigned 32-bit. */
export function userToken(key: HashKey, userId: string): number {
  halfSipHash64(key, userId, hash)
  return tokenOf(hash[1] ?? 0, hash[0] ?? 0)
}

/** The token of a 64-bit hash that is given as two unsigned 32-bit halves. */
export function tokenOf(high: number, low: number): number {
  const rest = high << TOKEN_INDEX_BITS
  const rank = rest === 0 ? TOKEN_RANK_BITS + Math.clz32(low) : Math.clz32(rest)
  return ((high & ~RANK_MASK) | rank) >>> 0
}

/** Whether a number is a token that some hash can produce. */
export function isToken(value: number): boolean {
  return value >>> 0 === value && (value & RANK_MASK) <= MAX_TOKEN_RANK
}

function littleEndian32(hex: string): number {
  const bigEndian = Number.parseInt(hex, 16)
  return (
    ((bigEndian >>> 24) |
      ((bigEndian >>> 8) & 0xff00) |
      ((bigEndian << 8) & 0xff0000) |
      (bigEndian << 24)) >>>
    0
  )
}
