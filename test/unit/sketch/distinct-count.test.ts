import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import { encodeSketch } from '../../../src/sketch/codec.ts'
import { DistinctCountSketch, maxTokens } from '../../../src/sketch/distinct-count.ts'
import { anyTokens, splitMix64Tokens } from './random-tokens.ts'

const HASH_ID = 1
const RUNS = { seed: 7, numRuns: 400 }
const anyPrecision = fc.integer({ min: 4, max: 8 })
const anySketch = fc
  .tuple(anyPrecision, anyTokens)
  .map(([precision, tokens]) => sketchOf(tokens, precision))

function sketchOf(tokens: Uint32Array, precision?: number): DistinctCountSketch {
  const sketch = new DistinctCountSketch(HASH_ID, precision)
  sketch.addTokens(tokens)
  return sketch
}

function merged(first: DistinctCountSketch, ...others: DistinctCountSketch[]): DistinctCountSketch {
  const result = first.copy()
  for (const other of others) result.merge(other)
  return result
}

/** The whole state as text: sketches are equal exactly if their frames are. */
function frame(sketch: DistinctCountSketch): string {
  return Buffer.from(encodeSketch(sketch)).toString('hex')
}

describe('merge', () => {
  it('is commutative', ({ expect }) => {
    fc.assert(
      fc.property(anySketch, anySketch, (a, b) => {
        expect(frame(merged(a, b))).toBe(frame(merged(b, a)))
      }),
      RUNS,
    )
  })

  it('is associative', ({ expect }) => {
    fc.assert(
      fc.property(anySketch, anySketch, anySketch, (a, b, c) => {
        expect(frame(merged(merged(a, b), c))).toBe(frame(merged(a, merged(b, c))))
      }),
      RUNS,
    )
  })

  it('is idempotent and says so', ({ expect }) => {
    fc.assert(
      fc.property(anySketch, anySketch, (a, b) => {
        const once = merged(a, b)
        const twice = once.copy()
        expect(twice.merge(b)).toBe(0)
        expect(twice.merge(twice)).toBe(0)
        expect(frame(twice)).toBe(frame(once))
      }),
      RUNS,
    )
  })

  it('reports no change exactly when nothing changed, and leaves the other as it is', ({
    expect,
  }) => {
    fc.assert(
      fc.property(anySketch, anySketch, (a, b) => {
        const other = frame(b)
        const result = a.copy()
        const changes = result.merge(b)
        expect(changes === 0).toBe(frame(result) === frame(a))
        expect(frame(b)).toBe(other)
      }),
      RUNS,
    )
  })

  it('reports the switch to registers even if they hold nothing new', ({ expect }) => {
    // All in register 0 of 16, and the first update value is too high for the others to be seen beside it.
    const top = 38
    const dense = sketchOf(Uint32Array.of(top, 0x40_0000, 0x80_0000, 0xc0_0000, 0x100_0000), 4)
    const sparse = sketchOf(Uint32Array.of(top), 4)
    expect([dense.isExact, sparse.isExact]).toEqual([false, true])
    expect(sparse.merge(dense)).toBeGreaterThan(0)
    expect(frame(sparse)).toBe(frame(dense))
  })

  it('of shards is what one sketch of all their tokens is', ({ expect }) => {
    fc.assert(
      fc.property(
        anyPrecision,
        fc.array(anyTokens, { minLength: 1, maxLength: 5 }),
        (p, shards) => {
          const direct = sketchOf(Uint32Array.from(shards.flatMap((tokens) => [...tokens])), p)
          const [first = new DistinctCountSketch(HASH_ID, p), ...rest] = shards.map((tokens) =>
            sketchOf(tokens, p),
          )
          expect(frame(merged(first, ...rest))).toBe(frame(direct))
        },
      ),
      RUNS,
    )
  })

  it('of different precisions is what a sketch of the smaller one is', ({ expect }) => {
    fc.assert(
      fc.property(anyTokens, anyPrecision, anyTokens, anyPrecision, (left, p, right, q) => {
        const direct = sketchOf(Uint32Array.from([...left, ...right]), Math.min(p, q))
        expect(frame(merged(sketchOf(left, p), sketchOf(right, q)))).toBe(frame(direct))
      }),
      RUNS,
    )
  })

  it('refuses a sketch of another key', ({ expect }) => {
    const sketch = new DistinctCountSketch(1)
    expect(() => sketch.merge(new DistinctCountSketch(2))).toThrow(
      new RangeError('cannot merge sketches of different keys: hash id 1 and 2'),
    )
  })
})

describe('addTokens', () => {
  it('gives the same sketch for any order and any repetition', ({ expect }) => {
    fc.assert(
      fc.property(anyPrecision, anyTokens, anyTokens, (p, a, b) => {
        const one = sketchOf(Uint32Array.from([...a, ...b, ...a]), p)
        const other = sketchOf(Uint32Array.from([...b, ...a]), p)
        expect(frame(one)).toBe(frame(other))
        expect(one.addTokens(a)).toBe(0)
      }),
      RUNS,
    )
  })
})

describe('reduce', () => {
  it('gives what the same tokens give at the smaller precision', ({ expect }) => {
    fc.assert(
      fc.property(anyTokens, anyPrecision, anyPrecision, (tokens, p, q) => {
        const [from, to] = [Math.max(p, q), Math.min(p, q)]
        const sketch = sketchOf(tokens, from)
        const before = frame(sketch)
        expect(frame(sketch.reduce(to))).toBe(frame(sketchOf(tokens, to)))
        expect(frame(sketch)).toBe(before)
      }),
      RUNS,
    )
  })

  it('refuses to raise the precision', ({ expect }) => {
    expect(() => new DistinctCountSketch(HASH_ID, 12).reduce(14)).toThrow(RangeError)
  })
})

describe('a sketch of precision 14', () => {
  const tokens = splitMix64Tokens(0n, 100_000)

  it('is exact up to 4096 users', ({ expect }) => {
    const sketch = sketchOf(tokens.subarray(0, 4096))
    expect(sketch.isExact).toBe(true)
    expect(sketch.estimate()).toBe(4096)
    expect(sketch.relativeStandardError).toBe(0)
  })

  it('is an estimate with a standard error from the 4097th on', ({ expect }) => {
    const sketch = sketchOf(tokens.subarray(0, 4096))
    expect(sketch.addTokens(tokens.subarray(4096, 4097))).toBe(1)
    expect(sketch.isExact).toBe(false)
    expect(sketch.relativeStandardError).toBeCloseTo(0.00594, 5)
  })

  it.for([4097, 10_000, 100_000])(
    'counts %i users within four standard errors',
    (n, { expect }) => {
      const sketch = sketchOf(tokens.subarray(0, n))
      const error = Math.abs(sketch.estimate() - n) / n
      expect(error).toBeLessThan(4 * sketch.relativeStandardError)
    },
  )

  it('does not share its state with a copy', ({ expect }) => {
    for (const n of [10, 5000]) {
      const sketch = sketchOf(tokens.subarray(0, n))
      const before = frame(sketch)
      sketch.copy().addTokens(tokens)
      expect(frame(sketch)).toBe(before)
    }
  })
})

describe('the estimate', () => {
  it('is unbiased and as accurate as its stated standard error', ({ expect }) => {
    const p = 8
    const users = 8192
    const trials = 300
    const tokens = splitMix64Tokens(42n, users * trials)
    const errors = Array.from({ length: trials }, (_, trial) => {
      const sketch = sketchOf(tokens.subarray(trial * users, (trial + 1) * users), p)
      return sketch.estimate() / users - 1
    })
    const stated = sketchOf(tokens.subarray(0, users), p).relativeStandardError
    const mean = errors.reduce((sum, error) => sum + error, 0) / trials
    const meanSquare = errors.reduce((sum, error) => sum + error * error, 0) / trials
    // The mean of n errors varies by 1 / sqrt(n), their root mean square by 1 / sqrt(2n).
    expect(Math.abs(mean)).toBeLessThan((4 * stated) / Math.sqrt(trials))
    expect(Math.abs(Math.sqrt(meanSquare) / stated - 1)).toBeLessThan(4 / Math.sqrt(2 * trials))
  })

  it('is 0 for an empty sketch', ({ expect }) => {
    expect(new DistinctCountSketch(HASH_ID).estimate()).toBe(0)
  })
})

describe('DistinctCountSketch', () => {
  it.for([3, 19, 14.5, Number.NaN])('refuses precision %d', (precision, { expect }) => {
    expect(() => new DistinctCountSketch(HASH_ID, precision)).toThrow(RangeError)
  })

  it.for([-1, 256, 0.5])('refuses hash id %d', (hashId, { expect }) => {
    expect(() => new DistinctCountSketch(hashId)).toThrow(RangeError)
  })

  it.for([
    [4, 4],
    [12, 1024],
    [14, 4096],
    [18, 65_535],
  ] as const)('of precision %i keeps %i tokens', ([p, count], { expect }) => {
    expect(maxTokens(p)).toBe(count)
    const tokens = splitMix64Tokens(3n, count + 100)
    const sketch = new DistinctCountSketch(HASH_ID, p)
    let added = 0
    for (let at = 0; sketch.isExact; at++) added += sketch.addTokens(tokens.subarray(at, at + 1))
    expect(added).toBe(count + 1)
  })
})
