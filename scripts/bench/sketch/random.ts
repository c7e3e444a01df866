/**
 * Reproducible randomness for the benchmark: SplitMix64 on 32-bit halves, which is ten times as fast as on BigInt, and
 * the 64-bit product that it is made of. Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators",
 * OOPSLA 2014.
 */
import { tokenOf } from '../../../src/sketch/token.ts'

const BLOCK_WORDS = 2_048

/** The high 32 bits of the product of two unsigned 32-bit integers, as a signed integer. */
export function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const carry = aLow * bHigh + (middle & 0xffff)
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) | 0
}

/** The values of SplitMix64, 64 bits each, as unsigned 32-bit halves. */
export class SplitMix64 {
  #high: number
  #low: number
  readonly #block = new Uint32Array(BLOCK_WORDS)
  #used = BLOCK_WORDS

  /** Equal seeds give equal values; a seed is two unsigned 32-bit halves. */
  constructor(seedHigh: number, seedLow: number) {
    this.#high = seedHigh | 0
    this.#low = seedLow | 0
  }

  /** Fills the array with the next values, the high half of each first; the length must be even. */
  draw(words: Uint32Array): void {
    let high = this.#high
    let low = this.#low
    for (let at = 0; at < words.length; at += 2) {
      const sum = (low >>> 0) + 0x7f4a7c15
      low = sum | 0
      high = (high + 0x9e3779b9 + (sum > 0xffffffff ? 1 : 0)) | 0

      let zHigh = high ^ (high >>> 30)
      let zLow = low ^ ((low >>> 30) | (high << 2))
      let product = Math.imul(zLow, 0x1ce4e5b9)
      zHigh =
        (multiplyHigh(zLow, 0x1ce4e5b9) +
          Math.imul(zHigh, 0x1ce4e5b9) +
          Math.imul(zLow, 0xbf58476d)) |
        0
      zLow = product ^ ((product >>> 27) | (zHigh << 5))
      zHigh ^= zHigh >>> 27
      product = Math.imul(zLow, 0x133111eb)
      zHigh =
        (multiplyHigh(zLow, 0x133111eb) +
          Math.imul(zHigh, 0x133111eb) +
          Math.imul(zLow, 0x94d049bb)) |
        0
      words[at] = zHigh ^ (zHigh >>> 31)
      words[at + 1] = product ^ ((product >>> 31) | (zHigh << 1))
    }
    this.#high = high
    this.#low = low
  }

  /** The next 32 random bits, unsigned. */
  next(): number {
    if (this.#used === BLOCK_WORDS) {
      this.draw(this.#block)
      this.#used = 0
    }
    return this.#block[this.#used++] ?? 0
  }
}

/** The tokens of `count` random users. */
export function randomTokens(random: SplitMix64, count: number): Uint32Array {
  const words = new Uint32Array(BLOCK_WORDS)
  const tokens = new Uint32Array(count)
  for (let start = 0; start < count; start += BLOCK_WORDS / 2) {
    const block = words.subarray(0, Math.min(count - start, BLOCK_WORDS / 2) * 2)
    random.draw(block)
    for (let at = 0; at < block.length; at += 2) {
      tokens[start + at / 2] = tokenOf(block[at] ?? 0, block[at + 1] ?? 0)
    }
  }
  return tokens
}

/** `count` random ids in the form of a version 4 UUID, 36 characters. */
export function randomUuids(random: SplitMix64, count: number): string[] {
  return Array.from({ length: count }, () => {
    const [a, b, c, d] = [0, 0, 0, 0].map(() => random.next().toString(16).padStart(8, '0'))
    const middle = `${b?.slice(0, 4)}-4${b?.slice(5)}-a${c?.slice(1, 4)}`
    // Joined pieces are a tree until they are read; the copy is one flat string, like a parsed one.
    return Buffer.from(`${a}-${middle}-${c?.slice(4)}${d}`, 'latin1').toString('latin1')
  })
}
