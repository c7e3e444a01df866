/**
 * The numbers that people see, each with its error: half the width of its 95 % interval.
 *
 * A sketch's estimate is asymptotically normal with the relative standard error of estimate.ts. A count
 * within samples is binomially thinned: of N users each one is below the threshold with probability theta,
 * so N = count / theta with variance N (1 - theta) / theta. Where the count is small, 1.96 standard errors
 * hold the truth in 91 of 100 cases only; the score interval holds it in 95, and the error reaches to its farther end.
 * Ertl, "UltraLogLog", PVLDB 17 (2023), https://arxiv.org/abs/2308.16862
 * Beyer et al., "On Synopses for Distinct-Value Estimation Under Multiset Operations", SIGMOD 2007,
 * https://doi.org/10.1145/1247480.1247504
 * Dasgupta et al., "A Framework for Estimating Stream Expression Cardinalities", ICDT 2016,
 * https://arxiv.org/abs/1510.01455
 * Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927)
 * Hanley and Lippman-Hand, "If Nothing Goes Wrong, Is Everything All Right?", JAMA 249 (1983): the 3 / n
 */
import type { DistinctCountSketch } from './distinct-count.ts'
import type { Intersection } from './token-sample.ts'

// The normal distribution has 95 % of its mass within this many standard deviations.
const NORMAL_95 = 1.96
// An event that none of n cases showed has, with 95 % confidence, a probability below 3 / n.
const NONE_SEEN_95 = 3

// Two hashes share a token with a probability of 1 in so many: 26 bits of index, and ranks that agree in a third of cases.
const TOKENS_OF_A_HASH = 3 * 2 ** 26
// A list of 4,096 tokens lacks a user with a probability of 4 %.
const NEGLIGIBLE = 0.05

/** A unique count. */
export interface CountFigure {
  /** Users, a whole number */
  readonly value: number
  /** Whether `value` is no estimate */
  readonly exact: boolean
  /** Half-width of the 95 % interval in users, rounded up; 0 when exact */
  readonly error: number
}

/** The share of a set that is in another one as well, from 0 to 1; null when nothing of the set is known. */
export interface RateFigure {
  readonly rate: number | null
  /** Half-width of the 95 % interval, a share too; 0 when both samples are complete and small */
  readonly rateError: number | null
}

/** The number of users in a sketch. */
export function sketchFigure(sketch: DistinctCountSketch): CountFigure {
  return estimateFigure(sketch.estimate(), sketch.relativeStandardError)
}

/** An estimate with its relative standard error, where the sketch itself is not at hand; error 0 is exact. */
export function estimateFigure(estimate: number, relativeStandardError: number): CountFigure {
  return {
    value: Math.round(estimate),
    exact: relativeStandardError === 0,
    error: Math.ceil(NORMAL_95 * relativeStandardError * estimate),
  }
}

/**
 * The number of users in both of two sampled sets. Two users who share a token, one in each set, count as one who is in
 * both; where that must be expected, the figure is not exact and its error has room for it.
 */
export function sharedFigure(intersection: Intersection): CountFigure {
  const { count, theta } = intersection
  const mistaken = mistakenAtMost(intersection)
  if (theta === 1) return { value: count, exact: mistaken === 0, error: Math.ceil(mistaken) }
  const farther = count === 0 ? NONE_SEEN_95 : fartherEnd(count * (1 - theta), 1 - theta)
  return {
    value: Math.round(count / theta),
    exact: false,
    error: Math.ceil((farther + mistaken) / theta),
  }
}

/**
 * The share of the first set's users who are in the second as well. It varies as the share in a sample
 * that is drawn without putting back: the n users below both thresholds, out of n / theta.
 */
export function sharedRate(intersection: Intersection): RateFigure {
  const { count, ofFirst, theta } = intersection
  if (ofFirst === 0) return { rate: null, rateError: null }
  const rate = count / ofFirst
  // So many users drawn with putting back would tell as much; infinitely many, when all are known.
  const drawn = ofFirst / (1 - theta)
  const widening = 1 + NORMAL_95 ** 2 / drawn
  const towardsHalf = (Math.abs(1 - 2 * rate) * NORMAL_95 ** 2) / (2 * drawn)
  const spread = rate * (1 - rate) + NORMAL_95 ** 2 / (4 * drawn)
  const rateError = (towardsHalf + NORMAL_95 * Math.sqrt(spread / drawn)) / widening
  return { rate, rateError: rateError + mistakenAtMost(intersection) / ofFirst }
}

/**
 * How many users of a sample may be taken for others, with 95 % confidence: those of either set that share a token by
 * chance. Poisson, with a mean of a b / (3 * 2^26 theta) for a and b users who are not shared; 0 where the mean is so
 * small that lists of tokens count as exact as well.
 */
function mistakenAtMost({ count, ofFirst, ofSecond, theta }: Intersection): number {
  const pairs = (ofFirst - count) * (ofSecond - count)
  const mean = pairs / (theta * TOKENS_OF_A_HASH)
  return mean < NEGLIGIBLE ? 0 : mean + NORMAL_95 * Math.sqrt(mean)
}

/** Of the score interval of a count with that variance, and `share` of it unseen: the distance of its upper end. */
function fartherEnd(variance: number, share: number): number {
  const skew = (NORMAL_95 ** 2 * share) / 2
  return skew + NORMAL_95 * Math.sqrt(variance + (NORMAL_95 * share) ** 2 / 4)
}
