import fc from 'fast-check'
import { describe, it } from 'vitest'

import { deadLetterDelaySeconds, retryDelaySeconds } from '../../../src/consume/retry.ts'

/** The queue's max_retries in wrangler.toml. */
const MAX_RETRIES = 100

describe('retryDelaySeconds', () => {
  it('doubles from two seconds to ten minutes, and becomes four hours after six', ({ expect }) => {
    const delays = [1, 2, 3, 9, 10, 40, 41, 100].map((attempts) => retryDelaySeconds(attempts, 0.5))
    expect(delays).toEqual([2, 4, 8, 512, 600, 600, 14_400, 14_400])
  })

  it('spreads a delay by a quarter to both sides', ({ expect }) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: MAX_RETRIES }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, random) => {
          const middle = attempts > 40 ? 14_400 : Math.min(2 ** attempts, 600)
          const delay = retryDelaySeconds(attempts, random)
          expect(delay).toBeGreaterThanOrEqual(Math.floor(middle * 0.75))
          expect(delay).toBeLessThanOrEqual(Math.ceil(middle * 1.25))
          expect(Number.isInteger(delay)).toBe(true)
        },
      ),
      { seed: 7 },
    )
  })

  it('outlasts a week of a dead database, and ends within the queue retention', ({ expect }) => {
    const days = (delay: typeof retryDelaySeconds, random: number) =>
      Array.from({ length: MAX_RETRIES }, (_, index) => delay(index + 1, random)).reduce(
        (sum, seconds) => sum + seconds / 86_400,
        0,
      )
    for (const delay of [retryDelaySeconds, deadLetterDelaySeconds]) {
      expect(days(delay, 0)).toBeGreaterThan(7)
      expect(days(delay, 0.5)).toBeLessThan(14)
    }
  })
})
