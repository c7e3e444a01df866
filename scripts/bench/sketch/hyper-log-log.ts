/**
 * A plain HyperLogLog in JavaScript, for comparison: one byte per register, the largest number of leading zeros plus
 * one; merging takes the larger byte, and the estimate is the maximum-likelihood one.
 * Flajolet et al. 2007; Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017,
 * https://arxiv.org/abs/1702.01284
 */
import { TOKEN_INDEX_BITS, TOKEN_RANK_BITS } from '../../../src/sketch/token.ts'

const RANK_MASK = (1 << TOKEN_RANK_BITS) - 1
// First-order bias of the estimate for HyperLogLog: the factor is 1 + BIAS / m.
const BIAS = 1.01015908095854
const MAX_STEPS = 40

/** Adds tokens to 2^p registers. */
export function addToBytes(registers: Uint8Array, p: number, tokens: Uint32Array): void {
  for (let next = 0; next < tokens.length; next++) {
    const token = tokens[next] ?? 0
    const rest = (token & ~RANK_MASK) << p
    const zeros = rest === 0 ? TOKEN_INDEX_BITS - p + (token & RANK_MASK) : Math.clz32(rest)
    const at = token >>> (32 - p)
    if (zeros + 1 > (registers[at] ?? 0)) registers[at] = zeros + 1
  }
}

/** The larger byte of each pair, into `target`. */
export function mergeBytes(target: Uint8Array, source: Uint8Array): void {
  for (let at = 0; at < target.length; at++) {
    const incoming = source[at] ?? 0
    if (incoming > (target[at] ?? 0)) target[at] = incoming
  }
}

/**
 * The maximum-likelihood estimate from 2^p registers: the root x of alpha x + sum_j beta_j h(x 2^-j) = sum_j beta_j
 * with h(y) = 1 - y / (e^y - 1), times m. Registers that are all full give Infinity.
 */
export function estimateBytes(registers: Uint8Array, p: number): number {
  const m = 2 ** p
  const histogram = new Uint32Array(66)
  for (const register of registers) histogram[register] = (histogram[register] ?? 0) + 1
  const beta = new Float64Array(64 - p + 1)
  let alpha = 0
  let seen = 0
  for (const [register, count] of histogram.entries()) {
    if (register <= 64 - p) alpha += count * 2 ** -register
    if (register === 0) continue
    const exponent = Math.min(register, 64 - p)
    beta[exponent] = (beta[exponent] ?? 0) + count
    seen += count
  }
  if (seen === 0) return 0
  if (alpha === 0) return Number.POSITIVE_INFINITY
  return (m * root(alpha, beta, seen)) / (1 + BIAS / m)
}

/** Newton's method from below, as for the sketch that this one is compared with. */
function root(alpha: number, beta: Float64Array, seen: number): number {
  let x = seen / (alpha + beta.reduce((sum, count, j) => sum + 0.5 * count * 2 ** -j, 0))
  for (let step = 0; step < MAX_STEPS; step++) {
    let value = alpha * x - seen
    let slope = alpha
    for (let j = 1; j < beta.length; j++) {
      const count = beta[j] ?? 0
      if (count === 0) continue
      const y = x * 2 ** -j
      const e = Math.expm1(y)
      // Below 10^-4 the quotients cancel; the first terms of their series are exact to 10^-9.
      const h = y < 1e-4 ? y / 2 - (y * y) / 12 : 1 - y / e
      const hSlope = y < 1e-4 ? 0.5 - y / 6 : (y * (e + 1) - e) / (e * e)
      value += count * h
      slope += count * 2 ** -j * hSlope
    }
    const change = -value / slope
    x += change
    if (Math.abs(change) <= x * 1e-12) break
  }
  return x
}
