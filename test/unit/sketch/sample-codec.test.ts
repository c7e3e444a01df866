import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import { SketchFrameError } from '../../../src/sketch/frame-error.ts'
import { decodeSample, encodeSample } from '../../../src/sketch/sample-codec.ts'
import { NO_THRESHOLD, TokenSample } from '../../../src/sketch/token-sample.ts'
import { anyTokens, splitMix64Tokens } from './random-tokens.ts'

const HASH_ID = 1
const anySample = fc
  .tuple(fc.integer({ min: 1, max: 400 }), anyTokens)
  .map(([capacity, tokens]) => sampleOf(tokens, capacity))

function sampleOf(tokens: Uint32Array, capacity: number): TokenSample {
  const sample = new TokenSample(HASH_ID, capacity)
  sample.addTokens(tokens)
  return sample
}

function bytes(spacedHex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(spacedHex.replaceAll(' ', ''), 'hex'))
}

function hex(frame: Uint8Array): string {
  return Buffer.from(frame).toString('hex')
}

/** 'refused', or the frame of the sample that the codec read, in hex; any error but its own is thrown on. */
function reencoded(frame: Uint8Array): string {
  try {
    return hex(encodeSample(decodeSample(frame, HASH_ID)))
  } catch (error) {
    if (error instanceof SketchFrameError) return 'refused'
    throw error
  }
}

describe('the frame of a sample', () => {
  it('decodes to the sample that it was made of', ({ expect }) => {
    fc.assert(
      fc.property(anySample, anyTokens, (sample, more) => {
        const decoded = decodeSample(encodeSample(sample), HASH_ID)
        expect(decoded.capacity).toBe(sample.capacity)
        expect(decoded.threshold).toBe(sample.threshold)
        expect(decoded.tokens()).toEqual(sample.tokens())
        expect(decoded.addTokens(more)).toBe(sample.addTokens(more))
        expect(hex(encodeSample(decoded))).toBe(hex(encodeSample(sample)))
      }),
      { seed: 41, numRuns: 500 },
    )
  })

  it.for([
    [1, 32_768],
    [32_768, 32_768],
    [100_000, 32_768],
    [1_000_000, 32_768],
    [1_000_000, 1024],
  ] as const)('of %i users at capacity %i comes back', ([users, capacity], { expect }) => {
    const frame = encodeSample(sampleOf(splitMix64Tokens(3n, users), capacity))
    expect(hex(encodeSample(decodeSample(frame, HASH_ID)))).toBe(hex(frame))
  })

  it.for([
    [1000, 2.5],
    [32_768, 1.85],
    [100_000, 1.7],
    [1_000_000, 1.25],
  ] as const)('of %i users takes at most %d bytes per token kept', ([users, limit], { expect }) => {
    const sample = sampleOf(splitMix64Tokens(1n, users), 32_768)
    expect(encodeSample(sample).length / sample.size).toBeLessThan(limit)
  })

  it('of an empty sample is its header and its numbers', ({ expect }) => {
    const frame = encodeSample(new TokenSample(HASH_ID, 0x8000))
    expect(hex(frame)).toBe('a1040001008000000000000000000000')
  })

  it('of two tokens below a threshold is as written here', ({ expect }) => {
    // Index 1 rank 0, index 3 rank 1, threshold 256 = index 4: four indexes, k = 1.
    // Distances 1 and 2: 0 1 and the rank 0, then 10 0 and the rank 10; together 010 10010.
    const frame = encodeSample(sampleOf(Uint32Array.of(64, 193, 256), 2))
    expect(hex(frame)).toBe('a104010102000000020000000001000052')
  })

  it('shares no memory with the sample that it decodes to', ({ expect }) => {
    const frame = Buffer.from(encodeSample(sampleOf(splitMix64Tokens(0n, 100), 50)))
    const before = hex(frame)
    decodeSample(frame, HASH_ID).addTokens(splitMix64Tokens(1n, 1000))
    expect(hex(frame)).toBe(before)
  })

  it('is read from the middle of other bytes', ({ expect }) => {
    const frame = encodeSample(sampleOf(splitMix64Tokens(0n, 100), 50))
    const around = Uint8Array.from([1, 2, 3, ...frame, 4])
    expect(reencoded(around.subarray(3, -1))).toBe(hex(frame))
  })
})

describe('decodeSample', () => {
  it.for([
    ['no bytes', '', 'the header is cut short'],
    ['another version', 'a2 04 00 01', 'unknown version 162'],
    ['another key', 'a1 04 00 02', 'made under another key: hash id 2, not 1'],
    ['a sketch', 'a1 00 0e 01', 'kind 0 is no sample'],
    [
      'numbers cut short',
      'a1 04 00 01 02000000 00000000 000000',
      'the numbers of the sample are cut short',
    ],
    ['capacity 0', 'a1 04 00 01 00000000 00000000 00000000', 'capacity 0 is not 1..1048576'],
    [
      'too large a capacity',
      'a1 04 00 01 01001000 00000000 00000000',
      'capacity 1048577 is not 1..1048576',
    ],
    [
      'more tokens than fit',
      'a1 04 01 01 02000000 03000000 00010000 00',
      '3 tokens, but the capacity is 2',
    ],
    [
      'a threshold that is no token',
      'a1 04 01 01 02000000 02000000 ff000000 52',
      'threshold 255 is no token',
    ],
    [
      'a threshold of a sample with room',
      'a1 04 01 01 03000000 02000000 00010000 52',
      'a threshold, but 2 tokens of 3',
    ],
    [
      'another Rice parameter',
      'a1 04 02 01 02000000 02000000 00010000 52',
      'Rice parameter 2 for 2 tokens below 256',
    ],
    [
      'a Rice parameter for no tokens',
      'a1 04 01 01 02000000 00000000 00000000',
      `Rice parameter 1 for 0 tokens below ${NO_THRESHOLD}`,
    ],
    [
      'fewer bytes than tokens',
      'a1 04 05 01 00001000 00001000 00000000 52',
      'the tokens are cut short',
    ],
    [
      'bytes after an empty sample',
      'a1 04 00 01 02000000 00000000 00000000 00',
      'bytes after an empty sample',
    ],
    [
      'bytes after the last token',
      'a1 04 01 01 02000000 02000000 00010000 52 00',
      'bytes after the last token',
    ],
    // Index 1 rank 0, then index 3 rank 1 at the threshold index 3 rank 1.
    [
      'a token at the threshold',
      'a1 04 01 01 02000000 02000000 c1000000 52',
      'token 193 at threshold 193',
    ],
  ] as const)('refuses %s', ([, frame, message], { expect }) => {
    expect(() => decodeSample(bytes(frame), HASH_ID)).toThrow(new SketchFrameError(message))
  })

  it('accepts random bytes only if they are the frame of what it read', ({ expect }) => {
    const u32 = (max: number) => fc.nat(max).map((n) => Buffer.from([n & 0xff, n >>> 8, 0, 0]))
    const anyThreshold = fc.oneof(fc.constant(Buffer.alloc(4)), u32(0xffff))
    const anyHead = fc
      .tuple(fc.nat(25), u32(20), u32(20), anyThreshold)
      .map(([k, ...numbers]) => Buffer.concat([Buffer.from([0xa1, 4, k, HASH_ID]), ...numbers]))
    fc.assert(
      fc.property(anyHead, fc.uint8Array({ maxLength: 60 }), (head, rest) => {
        const frame = Uint8Array.from([...head, ...rest])
        expect([hex(frame), 'refused']).toContain(reencoded(frame))
      }),
      { seed: 42, numRuns: 5000 },
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
      fc.property(anySample, anyDamage, (sample, { flip, cut, append }) => {
        const frame = encodeSample(sample)
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
      { seed: 43, numRuns: 5000 },
    )
    expect(refused).toBeGreaterThan(3000)
  })
})
