/** The figures with their errors: the arithmetic, and how often the 95 % intervals hold the truth. */
import { describe, it } from 'vitest'

import { DistinctCountSketch } from '../../../src/sketch/distinct-count.ts'
import {
  type CountFigure,
  estimateFigure,
  sharedFigure,
  sharedRate,
  sketchFigure,
} from '../../../src/sketch/interval.ts'
import { type Intersection, intersect, TokenSample } from '../../../src/sketch/token-sample.ts'
import { RandomTokens } from './random-tokens.ts'

const HASH_ID = 1
const TRIALS = 400

function holds({ value, error }: CountFigure, truth: number): boolean {
  return Math.abs(value - truth) <= error
}

/** The share of the trials in which something holds. */
function shareOf(trial: () => boolean): number {
  let held = 0
  for (let at = 0; at < TRIALS; at++) if (trial()) held++
  return held / TRIALS
}

function sampleOf(capacity: number, ...batches: Uint32Array[]): TokenSample {
  const sample = new TokenSample(HASH_ID, capacity)
  for (const batch of batches) sample.addTokens(batch)
  return sample
}

/** Two samples of `own` users each beside the `shared` ones. */
function sharing(random: RandomTokens, own: number, shared: number): Intersection {
  const both = random.next(shared)
  const first = sampleOf(1024, both, random.next(own))
  return intersect(first, sampleOf(1024, both, random.next(own)))
}

describe('the figure of a sketch', () => {
  it('is the number of users while the sketch is exact', ({ expect }) => {
    const sketch = new DistinctCountSketch(HASH_ID)
    expect(sketchFigure(sketch)).toEqual({ value: 0, exact: true, error: 0 })
    sketch.addTokens(new RandomTokens(1).next(1000))
    expect(sketchFigure(sketch)).toEqual({ value: 1000, exact: true, error: 0 })
  })

  it('is rounded, and its error is rounded up', ({ expect }) => {
    // 1.96 x 0.00594 x 100,000.4 = 1164.2...
    expect(estimateFigure(100_000.4, 0.00594)).toEqual({
      value: 100_000,
      exact: false,
      error: 1165,
    })
    expect(estimateFigure(5, 0)).toEqual({ value: 5, exact: true, error: 0 })
  })

  it.for([10_000, 100_000])(
    'holds %i users in its interval in 93 % of the cases at least',
    (users, { expect }) => {
      const random = new RandomTokens(users)
      const share = shareOf(() => {
        const sketch = new DistinctCountSketch(HASH_ID)
        sketch.addTokens(random.next(users))
        const figure = sketchFigure(sketch)
        return !figure.exact && figure.error > 0 && holds(figure, users)
      })
      expect(share).toBeGreaterThanOrEqual(0.93)
    },
  )

  it('has an interval that is not wider than it must be for many users', ({ expect }) => {
    const random = new RandomTokens(3)
    const share = shareOf(() => {
      const sketch = new DistinctCountSketch(HASH_ID, 10)
      sketch.addTokens(random.next(50_000))
      return holds(sketchFigure(sketch), 50_000)
    })
    // The share of 400 trials varies by 1.1 % around 95 %.
    expect(share).toBeGreaterThanOrEqual(0.93)
    expect(share).toBeLessThanOrEqual(0.98)
  })
})

describe('the figure of shared users', () => {
  it('is exact when both samples are complete', ({ expect }) => {
    const whole = { count: 3, ofFirst: 12, ofSecond: 500, theta: 1 }
    expect(sharedFigure(whole)).toEqual({ value: 3, exact: true, error: 0 })
    expect(sharedRate(whole)).toEqual({ rate: 0.25, rateError: 0 })
    expect(sharedFigure({ count: 0, ofFirst: 12, ofSecond: 500, theta: 1 }).error).toBe(0)
  })

  it('is as many times larger as the threshold is low', ({ expect }) => {
    // 1.96 standard errors are 67.9 users and a share of 0.0367; the score interval ends a little further up.
    const part = { count: 100, ofFirst: 400, ofSecond: 500, theta: 0.25 }
    expect(sharedFigure(part)).toEqual({ value: 400, exact: false, error: 74 })
    expect(sharedRate(part).rate).toBe(0.25)
    expect(sharedRate(part).rateError).toBeCloseTo(0.038_45, 5)
  })

  it('says how many could have been missed when it saw none', ({ expect }) => {
    const none = { count: 0, ofFirst: 300, ofSecond: 20, theta: 0.01 }
    expect(sharedFigure(none)).toEqual({ value: 0, exact: false, error: 300 })
    const { rate, rateError } = sharedRate(none)
    expect(rate).toBe(0)
    expect(rateError).toBeCloseTo(0.0125, 4)
    expect(sharedRate({ ...none, count: 300 })).toEqual({ rate: 1, rateError })
    expect(sharedRate({ count: 0, ofFirst: 2, ofSecond: 500, theta: 0.01 }).rateError).toBeLessThan(
      1,
    )
  })

  it('has room for users of large sets who share a token by chance', ({ expect }) => {
    // 12,000 times 12,000 pairs, of which one in 3 * 2^26 agrees: 0.72 are expected.
    const large = { count: 3_000, ofFirst: 15_000, ofSecond: 15_000, theta: 1 }
    expect(sharedFigure(large)).toEqual({ value: 3_000, exact: false, error: 3 })
    expect(sharedRate(large).rateError).toBeCloseTo(2.373 / 15_000, 7)
  })

  it('has no rate when nothing of the first set is known', ({ expect }) => {
    const unknown = { rate: null, rateError: null }
    expect(sharedRate({ count: 0, ofFirst: 0, ofSecond: 500, theta: 1 })).toEqual(unknown)
    expect(sharedRate({ count: 0, ofFirst: 0, ofSecond: 500, theta: 0.1 })).toEqual(unknown)
  })

  it.for([
    [8000, 2000],
    [3000, 3000],
    [20_000, 5000],
    [10_000, 100],
  ] as const)(
    'of sets of %i users of their own and %i shared holds the truth in 93 of 100 cases at least',
    ([own, shared], { expect }) => {
      const random = new RandomTokens(own)
      let ratesHeld = 0
      const share = shareOf(() => {
        const intersection = sharing(random, own, shared)
        const { rate, rateError } = sharedRate(intersection)
        const truth = shared / (own + shared)
        if (Math.abs((rate ?? Number.NaN) - truth) <= (rateError ?? 0)) ratesHeld++
        return holds(sharedFigure(intersection), shared)
      })
      expect(share).toBeGreaterThanOrEqual(0.93)
      expect(ratesHeld / TRIALS).toBeGreaterThanOrEqual(0.93)
    },
  )

  it('holds a truth of which samples mostly see nothing', ({ expect }) => {
    const random = new RandomTokens(5)
    const share = shareOf(() => holds(sharedFigure(sharing(random, 10_000, 10)), 10))
    expect(share).toBeGreaterThanOrEqual(0.93)
  })
})
