import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import { encodeSample } from '../../../src/sketch/sample-codec.ts'
import { intersect, NO_THRESHOLD, TokenSample } from '../../../src/sketch/token-sample.ts'
import { anyTokens, splitMix64Tokens } from './random-tokens.ts'

const HASH_ID = 1
const RUNS = { seed: 31, numRuns: 500 }
const anyCapacity = fc.integer({ min: 1, max: 40 })
const anySample = fc
  .tuple(anyCapacity, anyTokens)
  .map(([capacity, tokens]) => sampleOf(tokens, capacity))

function sampleOf(tokens: Uint32Array, capacity: number): TokenSample {
  const sample = new TokenSample(HASH_ID, capacity)
  sample.addTokens(tokens)
  return sample
}

function merged(first: TokenSample, ...others: TokenSample[]): TokenSample {
  const result = first.copy()
  for (const other of others) result.merge(other)
  return result
}

/** The whole state as text: samples are equal exactly if their frames are. */
function frame(sample: TokenSample): string {
  return Buffer.from(encodeSample(sample)).toString('hex')
}

/** What a sample is, by definition: the smallest tokens of a set, and the first that is not among them. */
function definition(tokens: readonly number[], capacity: number) {
  const sorted = [...new Set(tokens)].toSorted((a, b) => a - b)
  return { kept: sorted.slice(0, capacity), threshold: sorted[capacity] ?? NO_THRESHOLD }
}

describe('a token sample', () => {
  it('keeps the smallest tokens, whatever the batches they come in', ({ expect }) => {
    fc.assert(
      fc.property(anyCapacity, fc.array(anyTokens, { maxLength: 5 }), (capacity, batches) => {
        const sample = new TokenSample(HASH_ID, capacity)
        const added: number[] = []
        for (const batch of batches) {
          const before = definition(added, capacity)
          added.push(...batch)
          const after = definition(added, capacity)
          const kept = after.kept.filter((token) => !before.kept.includes(token)).length
          const isLower = after.threshold < before.threshold
          expect(sample.addTokens(batch)).toBe(kept + (isLower ? 1 : 0))
          expect([...sample.tokens()]).toEqual(after.kept)
          expect(sample.threshold).toBe(after.threshold)
        }
        expect(sample.size).toBe(sample.tokens().length)
        expect(sample.isComplete).toBe(new Set(added).size <= capacity)
      }),
      RUNS,
    )
  })

  it('does not depend on order or repetition', ({ expect }) => {
    fc.assert(
      fc.property(anyCapacity, anyTokens, anyTokens, (capacity, a, b) => {
        const one = sampleOf(Uint32Array.from([...a, ...b, ...a]), capacity)
        const other = sampleOf(b, capacity)
        for (const token of a.toReversed()) other.addTokens(Uint32Array.of(token))
        expect(frame(one)).toBe(frame(other))
        expect(one.addTokens(a) + one.addTokens(b)).toBe(0)
      }),
      RUNS,
    )
  })

  it('counts a lower threshold as a change, even if it keeps nothing new', ({ expect }) => {
    const sample = sampleOf(Uint32Array.of(64, 128, 512), 2)
    expect(sample.threshold).toBe(512)
    expect(sample.addTokens(Uint32Array.of(256))).toBe(1)
    expect(sample.threshold).toBe(256)
    expect(sample.addTokens(Uint32Array.of(256, 512, 64))).toBe(0)
  })

  it('leaves the tokens that it is given as they are', ({ expect }) => {
    const tokens = Uint32Array.of(640, 64, 128)
    sampleOf(tokens, 2)
    expect([...tokens]).toEqual([640, 64, 128])
  })

  it('tells the number of users beyond its capacity', ({ expect }) => {
    const users = 100_000
    const sample = sampleOf(splitMix64Tokens(1n, users), 4096)
    // The relative standard error is 1 / sqrt(k - 1).
    expect(Math.abs(sample.size / sample.theta / users - 1)).toBeLessThan(4 / Math.sqrt(4095))
  })

  it('does not divide by zero when all its tokens have the same index', ({ expect }) => {
    const sample = sampleOf(Uint32Array.of(1, 2, 3), 1)
    expect(sample.theta).toBeGreaterThan(0)
    expect(intersect(sample, sample)).toEqual({
      count: 1,
      ofFirst: 1,
      ofSecond: 1,
      theta: 2 ** -26,
    })
  })

  it.for([-1, 256, 0.5])('refuses hash id %d', (hashId, { expect }) => {
    expect(() => new TokenSample(hashId, 10)).toThrow(RangeError)
  })

  it.for([0, 1.5, 2 ** 20 + 1, Number.NaN])('refuses capacity %d', (capacity, { expect }) => {
    expect(() => new TokenSample(HASH_ID, capacity)).toThrow(RangeError)
  })
})

describe('merge', () => {
  it('is commutative', ({ expect }) => {
    fc.assert(
      fc.property(anySample, anySample, (a, b) => {
        expect(frame(merged(a, b))).toBe(frame(merged(b, a)))
      }),
      RUNS,
    )
  })

  it('is associative', ({ expect }) => {
    fc.assert(
      fc.property(anySample, anySample, anySample, (a, b, c) => {
        expect(frame(merged(merged(a, b), c))).toBe(frame(merged(a, merged(b, c))))
      }),
      RUNS,
    )
  })

  it('is idempotent and says so', ({ expect }) => {
    fc.assert(
      fc.property(anySample, anySample, (a, b) => {
        const once = merged(a, b)
        const twice = once.copy()
        expect(twice.merge(b) + twice.merge(twice)).toBe(0)
        expect(frame(twice)).toBe(frame(once))
      }),
      RUNS,
    )
  })

  it('reports no change exactly when nothing changed, and leaves the other as it is', ({
    expect,
  }) => {
    fc.assert(
      fc.property(anySample, anySample, (a, b) => {
        const other = frame(b)
        const result = a.copy()
        const changes = result.merge(b)
        expect(changes === 0).toBe(frame(result) === frame(a))
        expect(frame(b)).toBe(other)
      }),
      RUNS,
    )
  })

  it('of shards is what one sample of all their tokens is', ({ expect }) => {
    const anyShards = fc.array(anyTokens, { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(anyCapacity, anyShards, (capacity, shards) => {
        const direct = sampleOf(Uint32Array.from(shards.flatMap((tokens) => [...tokens])), capacity)
        const samples = shards.map((tokens) => sampleOf(tokens, capacity))
        expect(frame(merged(new TokenSample(HASH_ID, capacity), ...samples))).toBe(frame(direct))
      }),
      RUNS,
    )
  })

  it('of different capacities is what a sample of the smaller one is', ({ expect }) => {
    fc.assert(
      fc.property(anyTokens, anyCapacity, anyTokens, anyCapacity, (left, a, right, b) => {
        const direct = sampleOf(Uint32Array.from([...left, ...right]), Math.min(a, b))
        expect(frame(merged(sampleOf(left, a), sampleOf(right, b)))).toBe(frame(direct))
      }),
      RUNS,
    )
  })

  it('refuses a sample of another key', ({ expect }) => {
    const sample = new TokenSample(1, 10)
    expect(() => sample.merge(new TokenSample(2, 10))).toThrow(
      new RangeError('cannot merge samples of different keys: hash id 1 and 2'),
    )
  })
})

describe('intersect', () => {
  it('counts exactly while both samples are complete', ({ expect }) => {
    fc.assert(
      fc.property(anyTokens, anyTokens, (a, b) => {
        const shared = [...new Set(a)].filter((token) => b.includes(token)).length
        expect(intersect(sampleOf(a, 400), sampleOf(b, 400))).toEqual({
          count: shared,
          ofFirst: new Set(a).size,
          ofSecond: new Set(b).size,
          theta: 1,
        })
      }),
      RUNS,
    )
  })

  it('looks below both thresholds only, and counts the same from either side', ({ expect }) => {
    fc.assert(
      fc.property(anySample, anySample, (a, b) => {
        const { count, ofFirst, theta } = intersect(a, b)
        expect(theta).toBe(Math.min(a.theta, b.theta))
        expect(count).toBeLessThanOrEqual(ofFirst)
        expect(intersect(b, a).count).toBe(count)
        expect(intersect(a, a).count).toBe(intersect(a, a).ofFirst)
      }),
      RUNS,
    )
  })

  it('leaves out what shares its index with the threshold', ({ expect }) => {
    const sample = sampleOf(Uint32Array.of(64, 129, 130), 2)
    expect(intersect(sample, sample)).toEqual({
      count: 1,
      ofFirst: 1,
      ofSecond: 1,
      theta: 2 / 2 ** 26,
    })
  })

  it('refuses samples of different keys', ({ expect }) => {
    expect(() => intersect(new TokenSample(1, 10), new TokenSample(2, 10))).toThrow(RangeError)
  })
})
