/**
 * Sorted tokens as a bit stream, most significant bit first: about 2.2 to 3 bytes per token.
 *
 * Per token: the index's distance to the previous index (the first one's to 0), Rice-coded with
 * parameter k, that is quotient in unary (ones, then a zero) and k low bits; then the rank in unary.
 * Distances of random indexes are geometric, which is the distribution that Rice codes fit; ranks
 * are geometric with 1/2, for which unary is optimal. The last byte is padded with zeros.
 */
import { SketchFrameError } from './frame-error.ts'
import { MAX_TOKEN_RANK, TOKEN_INDEX_BITS, TOKEN_RANK_BITS } from './token.ts'

const INDEX_LIMIT = 2 ** TOKEN_INDEX_BITS
const RANK_LIMIT = 2 ** TOKEN_RANK_BITS
const RANK_MASK = RANK_LIMIT - 1

// floor(2^26 ln 2): as an integer, so that every platform chooses the same k.
const INDEX_LIMIT_LN2 = 46_516_319

// Bits are moved through 32-bit words that start at a byte, so 25 of them always fit; k is 25 at most.
const MAX_BITS = 25
const WORD_BYTES = 4

/**
 * The Rice parameter for n >= 1 tokens with random indexes below `indexes`, by default all there are:
 * floor(log2(indexes x ln 2 / n)), but at least 1.
 * Golomb, "Run-Length Encodings", IEEE Transactions on Information Theory 12 (1966)
 */
export function riceParameter(n: number, indexes: number = INDEX_LIMIT): number {
  // The product is an integer below 2^53 and the division by a power of two exact.
  const scaled = Math.floor((indexes * INDEX_LIMIT_LN2) / INDEX_LIMIT)
  return Math.max(31 - Math.clz32(Math.floor(scaled / n)), 1)
}

/** The fewest bytes that n tokens take: per token k bits, and a zero after the quotient and the rank. */
export function minBytes(n: number, k: number): number {
  return Math.ceil((n * (k + 2)) / 8)
}

/** Encodes tokens that are valid and strictly ascending. */
export function writeTokens(tokens: Uint32Array, k: number): Uint8Array {
  const bits = new BitWriter(bitLength(tokens, k))
  let previous = 0
  for (const token of tokens) {
    const index = token >>> TOKEN_RANK_BITS
    const distance = index - previous
    previous = index
    bits.writeUnary(distance >>> k)
    bits.write(distance, k)
    bits.writeUnary(token & RANK_MASK)
  }
  return bits.bytes
}

/** Decodes n tokens that must fill the bytes; throws SketchFrameError where writing made no such bytes. */
export function readTokens(bytes: Uint8Array, n: number, k: number): Uint32Array {
  const bits = new BitReader(bytes)
  const tokens = new Uint32Array(n)
  const step = 2 ** k
  let index = 0
  let previous = -1
  for (let at = 0; at < n; at++) {
    index += bits.readUnary() * step + bits.read(k)
    if (index >= INDEX_LIMIT) throw new SketchFrameError('a token index is out of range')
    const rank = bits.readUnary()
    if (rank > MAX_TOKEN_RANK) throw new SketchFrameError(`a token has rank ${rank}`)
    const token = index * RANK_LIMIT + rank
    if (token <= previous) throw new SketchFrameError('tokens are not in ascending order')
    previous = token
    tokens[at] = token
  }
  bits.end()
  return tokens
}

function bitLength(tokens: Uint32Array, k: number): number {
  let bits = 0
  let previous = 0
  for (const token of tokens) {
    const index = token >>> TOKEN_RANK_BITS
    bits += ((index - previous) >>> k) + 1 + k + (token & RANK_MASK) + 1
    previous = index
  }
  return bits
}

class BitWriter {
  readonly #words: DataView
  readonly #length: number
  #at = 0

  constructor(bits: number) {
    this.#length = (bits + 7) >>> 3
    this.#words = new DataView(new ArrayBuffer(this.#length + WORD_BYTES))
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, this.#length)
  }

  /** `count` ones and a zero. */
  writeUnary(count: number): void {
    let ones = count
    for (; ones >= MAX_BITS; ones -= MAX_BITS) this.write(~0, MAX_BITS)
    this.write(~1, ones + 1)
  }

  /** The `count` low bits of `value`, 1 <= count <= 25. */
  write(value: number, count: number): void {
    const byte = this.#at >>> 3
    const low = value & ((1 << count) - 1)
    const shifted = low << (32 - (this.#at & 7) - count)
    this.#words.setInt32(byte, this.#words.getInt32(byte) | shifted)
    this.#at += count
  }
}

class BitReader {
  readonly #words: DataView
  readonly #length: number
  #at = 0

  constructor(bytes: Uint8Array) {
    const padded = new Uint8Array(bytes.length + WORD_BYTES)
    padded.set(bytes)
    this.#words = new DataView(padded.buffer)
    this.#length = bytes.length
  }

  /** The number of ones before the next zero. */
  readUnary(): number {
    let count = 0
    for (;;) {
      const available = 32 - (this.#at & 7)
      const ones = Math.clz32(~this.#next())
      count += ones
      this.#advance(ones)
      if (ones < available) break
    }
    this.#advance(1)
    return count
  }

  /** The next `count` bits as an unsigned number, 1 <= count <= 25. */
  read(count: number): number {
    const value = this.#next() >>> (32 - count)
    this.#advance(count)
    return value
  }

  /** Nothing may follow but the zeros that fill the last byte. */
  end(): void {
    if ((this.#at + 7) >>> 3 !== this.#length) {
      throw new SketchFrameError('bytes after the last token')
    }
    if (this.#next() !== 0) throw new SketchFrameError('the padding is not zero')
  }

  /** The next 25 bits at least, at the top of 32; zeros below them and after the end. */
  #next(): number {
    return this.#words.getInt32(this.#at >>> 3) << (this.#at & 7)
  }

  #advance(bits: number): void {
    this.#at += bits
    if (this.#at > this.#length * 8) throw new SketchFrameError('the tokens are cut short')
  }
}
