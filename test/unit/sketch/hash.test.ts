import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import { halfSipHash64, type HashKey } from '../../../src/sketch/hash.ts'
import { parseHashKey } from '../../../src/sketch/token.ts'
import published from '../../data/halfsiphash-vectors.json' with { type: 'json' }
import own from '../../data/sketch-vectors.json' with { type: 'json' }

const key = parseHashKey(published.key)

/** The output as the reference code stores it: eight bytes, low word first. */
function outputHex(hashKey: HashKey, text: string): string {
  const hash = new Uint32Array(2)
  halfSipHash64(hashKey, text, hash)
  return Buffer.from(hash.buffer).toString('hex')
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}

/** HalfSipHash-2-4 as its reference code reads: one loop over bytes, nothing written out. */
function referenceHex(hashKey: HashKey, message: Uint8Array): string {
  const v = Int32Array.of(
    hashKey.k0,
    hashKey.k1 ^ 0xee,
    hashKey.k0 ^ 0x6c796765,
    hashKey.k1 ^ 0x74656462,
  )
  const get = (at: number) => v[at] ?? 0
  const rounds = (count: number) => {
    for (let round = 0; round < count; round++) {
      for (const [a, b, left, half] of [
        [0, 1, 5, true],
        [2, 3, 8, false],
        [0, 3, 7, false],
        [2, 1, 13, true],
      ] as const) {
        v[a] = get(a) + get(b)
        v[b] = rotate(get(b), left) ^ get(a)
        if (half) v[a] = rotate(get(a), 16)
      }
    }
  }
  const padded = new Uint8Array((message.length + 4) & ~3)
  padded.set(message)
  padded[padded.length - 1] = message.length
  const words = new DataView(padded.buffer)
  for (let at = 0; at < padded.length; at += 4) {
    v[3] = get(3) ^ words.getInt32(at, true)
    rounds(2)
    v[0] = get(0) ^ words.getInt32(at, true)
  }
  const output = new DataView(new ArrayBuffer(8))
  v[2] = get(2) ^ 0xee
  rounds(4)
  output.setInt32(0, get(1) ^ get(3), true)
  v[1] = get(1) ^ 0xdd
  rounds(4)
  output.setInt32(4, get(1) ^ get(3), true)
  return Buffer.from(output.buffer).toString('hex')
}

describe('halfSipHash64', () => {
  it('gives all 64 published outputs', ({ expect }) => {
    const outputs = published.outputs.map((_, length) =>
      outputHex(key, String.fromCharCode(...Array.from({ length }, (__, byte) => byte))),
    )
    expect(outputs).toHaveLength(64)
    expect(outputs).toEqual(published.outputs)
  })

  it.for(own.hash)('hashes "$id" to $hi $lo', ({ id, hi, lo }, { expect }) => {
    const hash = new Uint32Array(2)
    halfSipHash64(key, id, hash)
    expect([...hash]).toEqual([Number.parseInt(lo, 16), Number.parseInt(hi, 16)])
  })

  it('hashes the UTF-8 bytes of any text under any key', ({ expect }) => {
    const anyKey = fc.record({ k0: fc.nat(0xffffffff), k1: fc.nat(0xffffffff) })
    const anyText = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
    )
    fc.assert(
      fc.property(anyKey, anyText, (hashKey, text) => {
        expect(outputHex(hashKey, text)).toBe(referenceHex(hashKey, new TextEncoder().encode(text)))
      }),
      { seed: 1, numRuns: 2000 },
    )
  })

  it.for([255, 256, 257, 1000])('hashes texts of %i units, ASCII or not', (length, { expect }) => {
    for (const unit of ['a', 'é', '玩']) {
      const text = unit.repeat(length)
      expect(outputHex(key, text)).toBe(referenceHex(key, new TextEncoder().encode(text)))
    }
  })

  it('hashes a short text after a long one as if it were the first', ({ expect }) => {
    const first = outputHex(key, 'é')
    outputHex(key, '玩'.repeat(200))
    expect(outputHex(key, 'é')).toBe(first)
  })
})
