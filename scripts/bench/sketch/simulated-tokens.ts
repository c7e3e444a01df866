/**
 * Millions of users for the price of some hundred thousand: tokens that leave the registers of a sketch as n random
 * tokens would leave them. How many of n users have z leading zeros is drawn exactly; the users of one z are then
 * spread over the registers one by one, unless there are so many that every register gets one anyway.
 */
import { TOKEN_INDEX_BITS, TOKEN_RANK_BITS } from '../../../src/sketch/token.ts'
import type { SplitMix64 } from './random.ts'

// With this many users per register a register without one has a probability of e^-20.
const CERTAIN_PER_REGISTER = 20

/** Words of random bits that are drawn at a time; even, as SplitMix64.draw wants it. */
const BLOCK_WORDS = 4_096

/** Tokens for a sketch of precision p, equivalent there to those of n random users, in parts; p is 4..18. */
export function* simulatedTokens(
  random: SplitMix64,
  n: number,
  p: number,
): Generator<Uint32Array, void> {
  const certain = CERTAIN_PER_REGISTER * 2 ** p
  let left = n
  for (let zeros = 0; left > 0; zeros++) {
    const here = zeros === 64 - p ? left : countOnes(random, left)
    left -= here
    if (here > certain) yield everyRegister(zeros, p)
    else yield* anyRegisters(random, here, zeros, p)
  }
}

/** One token for each register. */
function everyRegister(zeros: number, p: number): Uint32Array {
  const low = lowBits(zeros, p)
  const tokens = new Uint32Array(2 ** p)
  for (let at = 0; at < tokens.length; at++) tokens[at] = (at << (32 - p)) | low
  return tokens
}

/** Tokens for random registers. */
function* anyRegisters(
  random: SplitMix64,
  count: number,
  zeros: number,
  p: number,
): Generator<Uint32Array, void> {
  const low = lowBits(zeros, p)
  for (let left = count; left > 0; left -= BLOCK_WORDS) {
    const tokens = new Uint32Array(BLOCK_WORDS)
    random.draw(tokens)
    for (let at = 0; at < tokens.length; at++) {
      tokens[at] = (((tokens[at] ?? 0) >>> (32 - p)) << (32 - p)) | low
    }
    yield left < BLOCK_WORDS ? tokens.subarray(0, left) : tokens
  }
}

/** The low bits of a token whose hash has so many zeros after the p bits of the register. */
function lowBits(zeros: number, p: number): number {
  const indexBits = TOKEN_INDEX_BITS - p
  if (zeros >= indexBits) return zeros - indexBits
  return 1 << (indexBits - 1 - zeros + TOKEN_RANK_BITS)
}

/** How many of `count` random bits are ones: a draw from the binomial distribution with p = 1/2. */
function countOnes(random: SplitMix64, count: number): number {
  const block = new Uint32Array(BLOCK_WORDS)
  let ones = 0
  let used = BLOCK_WORDS
  for (let left = count; left > 0; left -= 32) {
    if (used === BLOCK_WORDS) {
      random.draw(block)
      used = 0
    }
    let word = block[used++] ?? 0
    if (left < 32) word >>>= 32 - left
    word -= (word >>> 1) & 0x55555555
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
    ones += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return ones
}
