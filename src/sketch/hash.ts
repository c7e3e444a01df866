/**
 * HalfSipHash-2-4 with 64-bit output: the keyed hash of user ids.
 *
 * Keyed, because ids come from clients: with a public hash a player can search for ids that inflate a
 * count. It is no message authentication code; its key has 64 bits.
 * Aumasson and Bernstein, reference code and vectors: https://github.com/veorq/SipHash
 */

/** A HalfSipHash key as its two little-endian 32-bit halves; secret. */
export interface HashKey {
  readonly k0: number
  readonly k1: number
}

// UTF-8 needs at most three bytes per UTF-16 unit; the last word, with the length in it, needs up to four.
const UTF8_BYTES_PER_UNIT = 3
const SCRATCH_UNITS = 256
// Written before it is read, within one synchronous call.
const scratch = messageBuffer(SCRATCH_UNITS)
const encoder = new TextEncoder()

/** The bytes of one message, seen as bytes and as little-endian words. */
interface MessageBuffer {
  readonly bytes: Uint8Array
  readonly words: DataView
}

/**
 * Writes the hash of the UTF-8 bytes of `text` to `hash`: [0] the first output word (low), [1] the
 * second (high), both unsigned. A lone surrogate hashes as U+FFFD. Allocates nothing for texts of up to
 * 256 UTF-16 units.
 */
export function halfSipHash64(key: HashKey, text: string, hash: Uint32Array): void {
  const message = text.length <= SCRATCH_UNITS ? scratch : messageBuffer(text.length)
  const isAscii = writeAscii(text, message.words)
  const length = isAscii ? text.length : writeUtf8(text, message)
  hashWords(key, message.words, length & ~3, hash)
}

function messageBuffer(units: number): MessageBuffer {
  const bytes = new Uint8Array((units * UTF8_BYTES_PER_UNIT + 4) & ~3)
  return { bytes, words: new DataView(bytes.buffer) }
}

/** Writes the padded message; false, with garbage written, when a character is not ASCII. */
function writeAscii(text: string, words: DataView): boolean {
  const lastAt = text.length & ~3
  let seen = 0
  for (let at = 0; at < lastAt; at += 4) {
    const c0 = text.charCodeAt(at)
    const c1 = text.charCodeAt(at + 1)
    const c2 = text.charCodeAt(at + 2)
    const c3 = text.charCodeAt(at + 3)
    seen |= c0 | c1 | c2 | c3
    words.setInt32(at, c0 | (c1 << 8) | (c2 << 16) | (c3 << 24), true)
  }
  let last = text.length << 24
  for (let at = lastAt; at < text.length; at++) {
    const code = text.charCodeAt(at)
    seen |= code
    last |= code << ((at & 3) << 3)
  }
  words.setInt32(lastAt, last, true)
  return seen < 0x80
}

/** Writes the padded message and returns its length without the padding. */
function writeUtf8(text: string, { bytes }: MessageBuffer): number {
  const { written } = encoder.encodeInto(text, bytes)
  const lengthAt = written | 3
  bytes.fill(0, written, lengthAt)
  bytes[lengthAt] = written
  return written
}

/** HalfSipHash-2-4 of a padded message whose last word is at `lastAt`. */
function hashWords(key: HashKey, words: DataView, lastAt: number, hash: Uint32Array): void {
  let v0 = key.k0 | 0
  let v1 = key.k1 ^ 0xee
  let v2 = key.k0 ^ 0x6c796765
  let v3 = key.k1 ^ 0x74656462
  for (let at = 0; at <= lastAt; at += 4) {
    const word = words.getInt32(at, true)
    v3 ^= word

    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)

    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)

    v0 ^= word
  }
  v2 ^= 0xee
  for (let output = 0; output < 2; output++) {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)

    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)

    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)

    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)

    hash[output] = v1 ^ v3
    v1 ^= 0xdd
  }
}
