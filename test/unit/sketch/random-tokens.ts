/** Reproducible hashes and tokens for the sketch tests: SplitMix64, and fast-check arbitraries. */
import * as fc from 'fast-check'

import {
  MAX_TOKEN_RANK,
  TOKEN_INDEX_BITS,
  TOKEN_RANK_BITS,
  tokenOf,
} from '../../../src/sketch/token.ts'

const MASK = 2n ** 64n - 1n

/** The first `count` values of SplitMix64, each as [high, low] 32-bit halves in `count` x 2 words. */
export function splitMix64(initialState: bigint, count: number): Uint32Array {
  const words = new Uint32Array(count * 2)
  let state = initialState & MASK
  for (let at = 0; at < count; at++) {
    state = (state + 0x9e3779b97f4a7c15n) & MASK
    let z = state
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK
    z ^= z >> 31n
    words[at * 2] = Number(z >> 32n)
    words[at * 2 + 1] = Number(z & 0xffffffffn)
  }
  return words
}

/** The tokens of the first `count` values of SplitMix64. */
export function splitMix64Tokens(initialState: bigint, count: number): Uint32Array {
  const words = splitMix64(initialState, count)
  return Uint32Array.from({ length: count }, (_, at) =>
    tokenOf(words[at * 2] ?? 0, words[at * 2 + 1] ?? 0),
  )
}

/**
 * Random tokens for many trials: ten times as fast as SplitMix64. sfc32 of PractRand,
 * https://pracrand.sourceforge.net
 */
export class RandomTokens {
  #a = 0
  #b = 0
  #c: number
  #counter = 1

  constructor(seed: number) {
    this.#c = seed
    // The author's advice: what a seed leaves regular is gone after twelve rounds.
    for (let round = 0; round < 12; round++) this.#next()
  }

  next(count: number): Uint32Array {
    const tokens = new Uint32Array(count)
    for (let at = 0; at < count; at++) tokens[at] = tokenOf(this.#next(), this.#next())
    return tokens
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}

/** Any valid token; few indexes differ only in low bits, so that registers collide and reduce together. */
const anyToken = fc
  .record({
    index: fc.oneof(fc.nat(2 ** TOKEN_INDEX_BITS - 1), fc.nat(63)),
    high: fc.nat(15),
    rank: fc.nat(MAX_TOKEN_RANK),
  })
  .map(({ index, high, rank }) => {
    const spread = (index ^ (high << (TOKEN_INDEX_BITS - 4))) >>> 0
    return ((spread << TOKEN_RANK_BITS) | rank) >>> 0
  })

/** Up to 300 tokens: enough to make sketches of precision 4 to 8 dense. */
export const anyTokens = fc
  .array(anyToken, { maxLength: 300, size: 'max' })
  .map((tokens) => Uint32Array.from(tokens))
