/** The union of many sketches, with and without SIMD, against merging them one after the other. */
import { readFileSync } from 'node:fs'

import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import { encodeSketch } from '../../../src/sketch/codec.ts'
import { DistinctCountSketch } from '../../../src/sketch/distinct-count.ts'
import { isRegister, mergeRegisters } from '../../../src/sketch/registers.ts'
import { mergeAllBySimd, readSimdMerge } from '../../../src/sketch/simd-merge.ts'
import { unionOf } from '../../../src/sketch/union.ts'
import { anyTokens, splitMix64Tokens } from './random-tokens.ts'

const HASH_ID = 1
const bytes = readFileSync(new URL('../../../src/sketch/merge-registers.wasm', import.meta.url))
const simd = readSimdMerge(new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports)

function sketchOf(tokens: Uint32Array, precision?: number): DistinctCountSketch {
  const sketch = new DistinctCountSketch(HASH_ID, precision)
  sketch.addTokens(tokens)
  return sketch
}

/** The whole state: sketches are equal exactly if their frames are. */
function frame(sketch: DistinctCountSketch): string {
  return Buffer.from(encodeSketch(sketch, 'raw')).toString('hex')
}

function mergedOneByOne(sketches: readonly DistinctCountSketch[]): DistinctCountSketch {
  const [first, ...others] = sketches
  if (!first) throw new Error('nothing to merge')
  const merged = first.copy()
  for (const other of others) merged.merge(other)
  return merged
}

const anySketch = fc
  .tuple(fc.integer({ min: 4, max: 8 }), anyTokens)
  .map(([precision, tokens]) => sketchOf(tokens, precision))

describe('the SIMD merge', () => {
  it.for([4, 10, 14, 18])(
    'of every pair of possible bytes at precision %i is that of the table',
    (p, { expect }) => {
      const possible = Array.from({ length: 256 }, (_, value) => value).filter((value) =>
        isRegister(value, p),
      )
      const pairs = possible.flatMap((a) => possible.map((b) => [a, b] as const))
      // Whole blocks of 16 registers; zeros fill the last one.
      const length = (pairs.length + 15) & ~15
      const [left, right] = [new Uint8Array(length), new Uint8Array(length)]
      for (const [at, [a, b]] of pairs.entries()) {
        left[at] = a
        right[at] = b
      }
      const expected = left.slice()
      mergeRegisters(expected, right)
      expect(mergeAllBySimd(simd, left, [right])).toEqual(expected)
    },
  )

  it('makes room for the largest precision', ({ expect }) => {
    const a = sketchOf(splitMix64Tokens(1n, 200_000), 18)
    const b = sketchOf(splitMix64Tokens(2n, 200_000), 18)
    expect(a.isExact || b.isExact).toBe(false)
    expect(frame(unionOf([a, b], simd))).toBe(frame(mergedOneByOne([a, b])))
  })

  it.for([null, 1, {}, { memory: {}, merge: () => 0 }, { memory: { buffer: new ArrayBuffer(1) } }])(
    'is not found in %o',
    (exports, { expect }) => {
      expect(() => readSimdMerge(exports)).toThrow(TypeError)
    },
  )
})

describe('unionOf', () => {
  it('is what merging one after the other gives, and leaves the sketches alone', ({ expect }) => {
    fc.assert(
      fc.property(fc.array(anySketch, { minLength: 1, maxLength: 6 }), (sketches) => {
        const before = sketches.map(frame)
        const expected = frame(mergedOneByOne(sketches))
        expect(frame(unionOf(sketches))).toBe(expected)
        expect(frame(unionOf(sketches, simd))).toBe(expected)
        expect(sketches.map(frame)).toEqual(before)
      }),
      { seed: 21, numRuns: 500 },
    )
  })

  it('of 31 days, dense, sparse and empty, is that of all their tokens', ({ expect }) => {
    const tokens = splitMix64Tokens(9n, 400_000)
    const days = Array.from({ length: 31 }, (_, day) => {
      const users = day % 3 === 0 ? 30_000 : day % 3 === 1 ? 3000 : 0
      return tokens.subarray(day * 12_000, day * 12_000 + users)
    })
    const all = sketchOf(Uint32Array.from(days.flatMap((day) => [...day])))
    const sketches = days.map((day) => sketchOf(day))
    expect(frame(unionOf(sketches))).toBe(frame(all))
    expect(frame(unionOf(sketches, simd))).toBe(frame(all))
  })

  it('of few users is exact', ({ expect }) => {
    const tokens = splitMix64Tokens(3n, 4000)
    const halves = [sketchOf(tokens.subarray(0, 2500)), sketchOf(tokens.subarray(1500))]
    const union = unionOf(halves, simd)
    expect([union.isExact, union.estimate()]).toEqual([true, 4000])
  })

  it('shares no registers with what it was made of', ({ expect }) => {
    const sketch = sketchOf(splitMix64Tokens(4n, 5000))
    const before = frame(sketch)
    for (const merge of [null, simd]) unionOf([sketch], merge).addTokens(splitMix64Tokens(5n, 5000))
    expect(frame(sketch)).toBe(before)
  })

  it('refuses sketches of another key, and none at all', ({ expect }) => {
    const sketches = [new DistinctCountSketch(1), new DistinctCountSketch(2)]
    expect(() => unionOf(sketches)).toThrow(
      new RangeError('cannot merge sketches of different keys: hash id 1 and 2'),
    )
    expect(() => unionOf([])).toThrow(RangeError)
  })
})
