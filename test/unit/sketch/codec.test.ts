import { constants, deflateRawSync } from 'node:zlib'

import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import { decodeSketch, encodeSketch, type FrameForm } from '../../../src/sketch/codec.ts'
import { DistinctCountSketch } from '../../../src/sketch/distinct-count.ts'
import { SketchFrameError } from '../../../src/sketch/frame-error.ts'
import { isRegister } from '../../../src/sketch/registers.ts'
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

const anyForm = fc.constantFrom<FrameForm>('stored', 'raw')

const anyFrame = fc
  .tuple(fc.integer({ min: 4, max: 8 }), anyTokens, anyForm)
  .map(([p, tokens, form]) => encodeSketch(sketchOf(tokens, p), form))

/** A frame of deflated registers of precision 4. */
function deflatedFrame(registers: Uint8Array, ...after: number[]): Uint8Array {
  const stream = deflateRawSync(registers, { strategy: constants.Z_HUFFMAN_ONLY })
  return Uint8Array.from([0xa1, 3, 4, HASH_ID, ...stream, ...after])
}

/**
 * What the codec makes of bytes that may be damaged: 'refused', 'read', or 'altered' when it accepts a frame of
 * tokens or raw registers that is not the one of what it read, or reads what counting cannot produce. Any error
 * but the codec's own is thrown on.
 */
function judged(frame: Uint8Array): 'refused' | 'read' | 'altered' {
  let sketch: DistinctCountSketch
  try {
    sketch = decodeSketch(frame, HASH_ID)
  } catch (error) {
    if (error instanceof SketchFrameError) return 'refused'
    throw error
  }
  const { state, precision } = sketch
  const again = decodeSketch(encodeSketch(sketch), HASH_ID)
  const raw = hex(encodeSketch(sketch, 'raw'))
  if (hex(encodeSketch(again, 'raw')) !== raw) return 'altered'
  const isPossible =
    state.kind === 'sparse' || state.registers.every((register) => isRegister(register, precision))
  // Deflate has many streams for the same bytes.
  const isCanonical = frame[1] === 3 || hex(frame) === raw
  return isPossible && isCanonical ? 'read' : 'altered'
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
      fc.property(fc.integer({ min: 4, max: 10 }), anyTokens, anyForm, (p, tokens, form) => {
        const sketch = sketchOf(tokens, p)
        const decoded = decodeSketch(encodeSketch(sketch, form), HASH_ID)
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
    for (const form of ['stored', 'raw'] as const) {
      const frame = encodeSketch(sketch, form)
      expect(hex(encodeSketch(decodeSketch(frame, HASH_ID), form))).toBe(hex(frame))
    }
  })

  it.for([
    [10_000, 4900],
    [100_000, 8450],
    [1_000_000, 8450],
  ] as const)('of %i users takes at most %i bytes when it is stored', ([n, limit], { expect }) => {
    const sketch = sketchOf(splitMix64Tokens(2n, n))
    const stored = encodeSketch(sketch)
    expect(stored[1]).toBe(3)
    expect(stored.length).toBeLessThanOrEqual(limit)
    expect(encodeSketch(sketch, 'raw')).toHaveLength(4 + 16_384)
  })

  it('is never larger when it is stored', ({ expect }) => {
    let raw = 0
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 8 }), anyTokens, (p, tokens) => {
        const sketch = sketchOf(tokens, p)
        const stored = encodeSketch(sketch, 'stored')
        expect(stored.length).toBeLessThanOrEqual(encodeSketch(sketch, 'raw').length)
        if (stored[1] === 2) raw++
      }),
      { seed: 14, numRuns: 500 },
    )
    expect(raw).toBeGreaterThan(0)
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
    for (const form of ['stored', 'raw'] as const) {
      const frame = Buffer.from(encodeSketch(sketchOf(tokens.subarray(0, 5000)), form))
      const before = hex(frame)
      decodeSketch(frame, HASH_ID).addTokens(tokens)
      expect(hex(frame)).toBe(before)
    }
  })
})

describe('decodeSketch', () => {
  const tokensFrame = 'a1 01 0e 01 0a00 16'
  it.for([
    ['no bytes', '', 'the header is cut short'],
    ['half a header', 'a1 00 0e', 'the header is cut short'],
    ['another version', 'a2 00 0e 01', 'unknown version 162'],
    ['another kind', 'a1 05 0e 01', 'unknown kind 5'],
    ['a sample', 'a1 04 0e 01', 'unknown kind 4'],
    ['no deflated registers', 'a1 03 04 01', 'the registers do not inflate'],
    ['a reserved type of block', 'a1 03 04 01 07', 'the registers do not inflate'],
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

  const full = new Uint8Array(16).fill(12)
  it.for([
    [
      'too few deflated registers',
      deflatedFrame(full.subarray(1)),
      '15 registers, but precision 4 has 16',
    ],
    [
      'too many deflated registers',
      deflatedFrame(new Uint8Array(17).fill(12)),
      'the registers do not inflate',
    ],
    ['a bomb', deflatedFrame(new Uint8Array(10_000_000)), 'the registers do not inflate'],
    ['registers cut short', deflatedFrame(full).subarray(0, -1), 'the registers do not inflate'],
    [
      'bytes after deflated registers',
      deflatedFrame(full, 0),
      'bytes after the deflated registers',
    ],
    [
      'a second stream',
      deflatedFrame(full, ...deflateRawSync(full)),
      'bytes after the deflated registers',
    ],
    [
      'an impossible register',
      deflatedFrame(full.with(3, 11)),
      'register value 11 is impossible at precision 4',
    ],
    [
      'empty deflated registers',
      deflatedFrame(new Uint8Array(16)),
      'registers without a single token',
    ],
  ] as const)('refuses %s', ([, frame, message], { expect }) => {
    expect(() => decodeSketch(frame, HASH_ID)).toThrow(SketchFrameError)
    expect(() => decodeSketch(frame, HASH_ID)).toThrow(message)
  })

  it('accepts registers that any deflate has made', ({ expect }) => {
    const sketch = sketchOf(splitMix64Tokens(6n, 20_000))
    const raw = encodeSketch(sketch, 'raw')
    for (const level of [0, 1, 6, 9]) {
      const stream = deflateRawSync(raw.subarray(4), { level })
      const frame = Uint8Array.from([0xa1, 3, 14, HASH_ID, ...stream])
      expect(hex(encodeSketch(decodeSketch(frame, HASH_ID), 'raw'))).toBe(hex(raw))
    }
  })

  it('accepts random bytes only if they are the frame of what it read', ({ expect }) => {
    const anyHeader = fc.tuple(
      fc.constant(0xa1),
      fc.nat(5),
      fc.integer({ min: 3, max: 8 }),
      fc.constant(1),
    )
    fc.assert(
      fc.property(anyHeader, fc.uint8Array({ maxLength: 300 }), (header, rest) => {
        const frame = Uint8Array.from([...header, ...rest])
        expect(judged(frame)).not.toBe('altered')
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
        const verdict = judged(damaged)
        if (verdict === 'refused') refused++
        expect(verdict).not.toBe('altered')
      }),
      { seed: 13, numRuns: 5000 },
    )
    expect(refused).toBeGreaterThan(3000)
  })

  it('survives every flipped bit and every cut of deflated registers', ({ expect }) => {
    const frame = encodeSketch(sketchOf(splitMix64Tokens(8n, 2000), 8))
    expect(frame[1]).toBe(3)
    const verdicts = { refused: 0, read: 0, altered: 0 }
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const damaged = frame.with(bit >>> 3, (frame[bit >>> 3] ?? 0) ^ (1 << (bit & 7)))
      verdicts[judged(damaged)]++
    }
    expect(verdicts.altered).toBe(0)
    expect(verdicts.refused).toBeGreaterThan(verdicts.read)
    for (let length = 0; length < frame.length; length++) {
      expect(judged(frame.subarray(0, length)), `${length} bytes`).toBe('refused')
    }
  })
})
