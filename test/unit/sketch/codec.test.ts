import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import { decodeSketch, encodeSketch } from '../../../src/sketch/codec.ts'
import { DistinctCountSketch } from '../../../src/sketch/distinct-count.ts'
import { SketchFrameError } from '../../../src/sketch/frame-error.ts'
import own from '../../data/sketch-vectors.json' with { type: 'json' }
import { anyTokens, splitMix64Tokens } from './random-tokens.ts'

const HASH_ID = 1

function sketchOf(tokens: Uint32Array, precision?: number): DistinctCountSketch {
  const sketch = new DistinctCountSketch(HASH_ID, precision)
  sketch.addTokens(tokens)
  return sketch
}

function bytes(spacedHex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(spacedHex.replaceAll(' ', ''), 'hex'))
}

function hex(frame: Uint8Array): string {
  return Buffer.from(frame).toString('hex')
}

const anyFrame = fc
  .tuple(fc.integer({ min: 4, max: 8 }), anyTokens)
  .map(([p, tokens]) => encodeSketch(sketchOf(tokens, p)))

/**
 * What the codec makes of bytes that may be damaged: 'refused', or the frame of the sketch that it read,
 * in hex. Any error but the codec's own is thrown on.
 */
function reencoded(frame: Uint8Array): string {
  try {
    return hex(encodeSketch(decodeSketch(frame, HASH_ID)))
  } catch (error) {
    if (error instanceof SketchFrameError) return 'refused'
    throw error
  }
}

describe('a frame', () => {
  it.for(own.sparse)('of the vector tokens is as published', ({ tokens, rice }, { expect }) => {
    const sketch = sketchOf(Uint32Array.from(tokens, (token) => Number.parseInt(token, 16)))
    expect(hex(encodeSketch(sketch))).toBe(rice)
    expect(decodeSketch(bytes(rice), HASH_ID).estimate()).toBe(tokens.length)
  })

  it('of an empty sketch is its header', ({ expect }) => {
    expect(hex(encodeSketch(new DistinctCountSketch(HASH_ID)))).toBe('a1000e01')
  })

  it('decodes to the sketch that it was made of', ({ expect }) => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 8 }), anyTokens, (p, tokens) => {
        const sketch = sketchOf(tokens, p)
        const decoded = decodeSketch(encodeSketch(sketch), HASH_ID)
        expect(decoded.precision).toBe(p)
        expect(decoded.isExact).toBe(sketch.isExact)
        expect(decoded.estimate()).toBe(sketch.estimate())
        expect(decoded.addTokens(tokens)).toBe(0)
        expect(hex(encodeSketch(decoded))).toBe(hex(encodeSketch(sketch)))
      }),
      { seed: 11, numRuns: 500 },
    )
  })

  it.for([
    [14, 1],
    [14, 4096],
    [14, 100_000],
    [18, 65_535],
    [18, 65_536],
  ] as const)('of precision %i and %i tokens comes back', ([p, n], { expect }) => {
    // A few more than n, because some of them are equal.
    const distinct = [...new Set(splitMix64Tokens(5n, n + 100))].slice(0, n)
    const sketch = sketchOf(Uint32Array.from(distinct), p)
    const frame = encodeSketch(sketch)
    expect(hex(encodeSketch(decodeSketch(frame, HASH_ID)))).toBe(hex(frame))
  })

  it.for([
    [100, 3.0],
    [1000, 2.5],
    [4096, 2.25],
  ] as const)('of %i tokens takes at most %d bytes per token', ([n, limit], { expect }) => {
    const frame = encodeSketch(sketchOf(splitMix64Tokens(1n, n)))
    expect(frame.length / n).toBeLessThan(limit)
  })

  it('shares no memory with the sketch that it decodes to', ({ expect }) => {
    const tokens = splitMix64Tokens(0n, 6000)
    const frame = encodeSketch(sketchOf(tokens.subarray(0, 5000)))
    const before = hex(frame)
    decodeSketch(frame, HASH_ID).addTokens(tokens)
    expect(hex(frame)).toBe(before)
  })
})

describe('decodeSketch', () => {
  const tokensFrame = 'a1 01 0e 01 0a00 16'
  it.for([
    ['no bytes', '', 'the header is cut short'],
    ['half a header', 'a1 00 0e', 'the header is cut short'],
    ['another version', 'a2 00 0e 01', 'unknown version 162'],
    ['another kind', 'a1 03 0e 01', 'unknown kind 3'],
    ['too small a precision', 'a1 00 03 01', 'precision 3 is not 4..18'],
    ['too large a precision', 'a1 00 13 01', 'precision 19 is not 4..18'],
    ['another key', 'a1 00 0e 02', 'made under another key: hash id 2, not 1'],
    ['bytes after an empty sketch', 'a1 00 0e 01 00', 'bytes after an empty sketch'],
    ['a token count cut short', 'a1 01 0e 01 0a00', 'the token count is cut short'],
    [
      'no tokens in a token frame',
      'a1 01 0e 01 0000 16',
      '0 tokens, but precision 14 keeps 1..4096',
    ],
    ['more tokens than fit', 'a1 01 0e 01 0110 0d', '4097 tokens, but precision 14 keeps 1..4096'],
    ['another Rice parameter', 'a1 01 0e 01 0a00 15', 'Rice parameter 21 for 10 tokens'],
    ['tokens cut short', `${tokensFrame} 36`, 'the tokens are cut short'],
    ['endless ones', `a1 01 0e 01 0100 19 ${'ff'.repeat(8)}`, 'the tokens are cut short'],
    ['an index out of range', 'a1 01 0e 01 0100 19 c0000000', 'a token index is out of range'],
    // One token (k = 25): quotient 0, 25 zero bits, then 39 ones.
    [
      'an impossible rank',
      `a1 01 0e 01 0100 19 0000003f ${'ff'.repeat(4)}80`,
      'a token has rank 39',
    ],
    // Two tokens (k = 24), twice the index 0 and the rank 0.
    ['a repeated token', 'a1 01 0e 01 0200 18 00000000000000', 'tokens are not in ascending order'],
    ['padding that is not zero', 'a1 01 0e 01 0100 19 00000001', 'the padding is not zero'],
    ['bytes after the last token', 'a1 01 0e 01 0100 19 0000000000', 'bytes after the last token'],
    ['too few registers', `a1 02 04 01 ${'0c'.repeat(15)}`, '15 registers, but precision 4 has 16'],
    [
      'too many registers',
      `a1 02 04 01 ${'0c'.repeat(17)}`,
      '17 registers, but precision 4 has 16',
    ],
    [
      'a register too small',
      `a1 02 04 01 ${'0c'.repeat(15)}0b`,
      'register value 11 is impossible at precision 4',
    ],
    [
      'a seen value too small',
      `a1 02 04 01 ${'0c'.repeat(15)}11`,
      'register value 17 is impossible at precision 4',
    ],
    ['empty registers', `a1 02 04 01 ${'00'.repeat(16)}`, 'registers without a single token'],
  ] as const)('refuses %s', ([, frame, message], { expect }) => {
    expect(() => decodeSketch(bytes(frame), HASH_ID)).toThrow(new SketchFrameError(message))
  })

  it('accepts random bytes only if they are the frame of what it read', ({ expect }) => {
    const anyHeader = fc.tuple(
      fc.constant(0xa1),
      fc.nat(3),
      fc.integer({ min: 3, max: 8 }),
      fc.constant(1),
    )
    fc.assert(
      fc.property(anyHeader, fc.uint8Array({ maxLength: 300 }), (header, rest) => {
        const frame = Uint8Array.from([...header, ...rest])
        expect([hex(frame), 'refused']).toContain(reencoded(frame))
      }),
      { seed: 12, numRuns: 5000 },
    )
  })

  it('accepts a damaged frame only if it is the frame of what it read', ({ expect }) => {
    const anyDamage = fc.record({
      flip: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 4 }),
      cut: fc.option(fc.nat(), { nil: null }),
      append: fc.uint8Array({ maxLength: 3 }),
    })
    let refused = 0
    fc.assert(
      fc.property(anyFrame, anyDamage, (frame, { flip, cut, append }) => {
        const kept = cut === null ? frame : frame.subarray(0, cut % (frame.length + 1))
        const damaged = Uint8Array.from([...kept, ...append])
        for (const [at, mask] of flip) {
          if (damaged.length > 0)
            damaged[at % damaged.length] = (damaged[at % damaged.length] ?? 0) ^ mask
        }
        const read = reencoded(damaged)
        if (read === 'refused') refused++
        expect([hex(damaged), 'refused']).toContain(read)
      }),
      { seed: 13, numRuns: 5000 },
    )
    expect(refused).toBeGreaterThan(3000)
  })
})
