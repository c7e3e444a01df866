import fc from 'fast-check'
import { describe, it } from 'vitest'

import { deadLetterDelaySeconds, retryDelaySeconds } from '../../../src/consume/retry.ts'

/** The queue's max_retries in wrangler.toml. */
const MAX_RETRIES = 100

describe('retryDelaySeconds', () => {
  it('doubles from two seconds to ten minutes', ({ expect }) => {
    const delays = [1, 2, 3, 9, 10, 100].map((attempts) => retryDelaySeconds(attempts, 0.5))
    expect(delays).toEqual([2, 4, 8, 512, 600, 600])
  })

  it('spreads a delay by a quarter to both sides', ({ expect }) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: MAX_RETRIES }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, random) => {
          const middle = Math.min(2 ** attempts, 600)
          const delay = retryDelaySeconds(attempts, random)
          expect(delay).toBeGreaterThanOrEqual(Math.floor(middle * 0.75))
          expect(delay).toBeLessThanOrEqual(Math.ceil(middle * 1.25))
          expect(Number.isInteger(delay)).toBe(true)
        },
      ),
      { seed: 7 },
    )
  })

  it('outlasts half a day of a dead database, and dead letters three days', ({ expect }) => {
    const total = (delay: (attempts: number, random: number) => number) =>
      Array.from({ length: MAX_RETRIES }, (_, index) => delay(index + 1, 0)).reduce((a, b) => a + b)
    expect(total(retryDelaySeconds)).toBeGreaterThan(11.5 * 3_600)
    expect(total(deadLetterDelaySeconds)).toBeGreaterThan(66 * 3_600)
  })
})
