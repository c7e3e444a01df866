/**
 * The maximum-likelihood estimate of an UltraLogLog: from registers to a number of users.
 *
 * The registers tell, for each of their update values, whether it was seen; with n = m x users, value j
 * stays unseen with probability exp(-x 2^-j), so ln L(x) = -alpha x + sum_j beta_j ln(1 - exp(-x 2^-j)).
 * Ertl, "UltraLogLog", PVLDB 17 (2023), https://arxiv.org/abs/2308.16862
 */
import { countRegisters, MAX_UPDATE_VALUE } from './registers.ts'

// First-order bias of the estimate: the factor is 1 + BIAS / m, BIAS = 1.5 ln 2 zeta(3, 5/4) / zeta(2, 5/4)^2.
const BIAS = 0.48147376527720065
// sqrt(ln 2 / zeta(2, 5/4)): the standard error in units of 1 / sqrt(m).
const STANDARD_ERROR = 0.7608621002725182
// Newton climbs to the root from below without overshooting; five steps reach machine precision.
const MAX_STEPS = 20
const RELATIVE_PRECISION = 1e-14

/** How often each update value was seen (beta), and the total weight of what was not (alpha). */
interface Likelihood {
  readonly alpha: number
  readonly beta: Float64Array
}

/**
 * The estimated number of distinct tokens in registers of precision p: 0 when all are empty, Infinity
 * when all are full.
 */
export function maximumLikelihoodEstimate(registers: Uint8Array, p: number): number {
  const m = 2 ** p
  const { alpha, beta } = likelihoodOf(registers, p)
  const seen = beta.reduce((sum, count) => sum + count, 0)
  if (seen === 0) return 0
  if (alpha === 0) return Number.POSITIVE_INFINITY
  return (m * root(alpha, beta, seen)) / (1 + BIAS / m)
}

/**
 * The relative standard error of the estimate at precision p as the count grows. For counts below m it is
 * smaller by up to a third, so that intervals made of it are wider than they must be.
 */
export function relativeStandardError(p: number): number {
  return STANDARD_ERROR / Math.sqrt(2 ** p)
}

function likelihoodOf(registers: Uint8Array, p: number): Likelihood {
  const histogram = countRegisters(registers)
  const beta = new Float64Array(64 - p + 1)
  let alpha = histogram[0] ?? 0
  const see = (exponent: number, count: number) => {
    beta[exponent] = (beta[exponent] ?? 0) + count
  }
  for (let register = 1; register < 256; register++) {
    const count = histogram[register] ?? 0
    if (count === 0) continue
    const value = register >>> 2
    // An update value k has the exponent k - p + 2, but the two largest values are equally likely.
    const exponent = value - p + 2
    see(Math.min(exponent, 64 - p), count)
    if (value < MAX_UPDATE_VALUE) alpha += count * 2 ** -exponent
    if (value > p - 1) {
      if (register & 0b10) see(exponent - 1, count)
      else alpha += count * 2 ** (1 - exponent)
    }
    if (value > p) {
      if (register & 0b01) see(exponent - 2, count)
      else alpha += count * 2 ** (2 - exponent)
    }
  }
  return { alpha, beta }
}

/** Solves alpha x + sum_j beta_j h(x 2^-j) = sum_j beta_j, h(y) = 1 - y / (e^y - 1), by Newton's method. */
function root(alpha: number, beta: Float64Array, seen: number): number {
  let slope = alpha
  for (const [j, count] of beta.entries()) slope += 0.5 * count * 2 ** -j
  // h(y) <= y / 2 puts the start at or below the root, and the left side is concave and increasing.
  let x = seen / slope
  for (let step = 0; step < MAX_STEPS; step++) {
    let value = alpha * x - seen
    let derivative = alpha
    for (let j = 0; j < beta.length; j++) {
      const count = beta[j] ?? 0
      if (count === 0) continue
      const scale = 2 ** -j
      const [h, hDerivative] = hOf(x * scale)
      value += count * h
      derivative += count * scale * hDerivative
    }
    const change = -value / derivative
    x += change
    if (change <= x * RELATIVE_PRECISION) break
  }
  return x
}

/** h(y) and h'(y); below 0.01 by series, because 1 - y / (e^y - 1) cancels. */
function hOf(y: number): readonly [number, number] {
  if (y < 0.01) {
    const square = y * y
    return [y / 2 - square / 12 + (square * square) / 720, 1 / 2 - y / 6 + (y * square) / 180]
  }
  const e = Math.expm1(y)
  if (e === Number.POSITIVE_INFINITY) return [1, 0]
  return [1 - y / e, (y + y / e - 1) / e]
}
