import fc from 'fast-check'
import { describe, it } from 'vitest'

import {
  decodeHotRow,
  encodeHotHeader,
  encodeHotRecord,
  HOT_HEADER_BYTES,
} from '../../../durable/sketches/hot-record.ts'
import { concatBytes } from '../../../src/event/bytes.ts'
import type { TokenGroup } from '../../../src/event/envelope.ts'
import { SketchFrameError } from '../../../src/sketch/frame-error.ts'

const HASH_ID = 9

const valueOf = fc.string({ unit: 'grapheme', maxLength: 8 })
const groupOf: fc.Arbitrary<TokenGroup> = fc.record(
  {
    metric: fc.constantFrom('dau' as const, 'new_users' as const, 'online' as const),
    bucket: fc.nat({ max: 2 ** 31 - 1 }),
    tokens: fc.array(fc.nat({ max: 2 ** 31 - 1 })).map((tokens) => Uint32Array.from(tokens)),
    by: fc.tuple(valueOf, valueOf, valueOf, valueOf),
  },
  { requiredKeys: ['metric', 'bucket', 'tokens'], noNullPrototype: true },
)

function rowOf(groups: readonly TokenGroup[]): Uint8Array {
  return concatBytes([encodeHotHeader(HASH_ID), ...groups.map(encodeHotRecord)])
}

describe('a hot row', () => {
  it('gives back the groups that were written', ({ expect }) => {
    fc.assert(
      fc.property(fc.array(groupOf), (groups) => {
        expect(decodeHotRow(rowOf(groups), HASH_ID)).toStrictEqual(groups)
      }),
    )
    expect(encodeHotHeader(HASH_ID)).toHaveLength(HOT_HEADER_BYTES)
  })

  it('refuses the tokens of another key', ({ expect }) => {
    expect(() => decodeHotRow(rowOf([]), HASH_ID + 1)).toThrow('made under another key')
  })

  it('refuses bytes that nobody wrote, and fails in no other way', ({ expect }) => {
    const row = rowOf([
      { metric: 'dau', bucket: 3, tokens: Uint32Array.of(64), by: ['a', '', '', ''] },
    ])
    for (let length = 0; length < row.length; length++) {
      if (length === HOT_HEADER_BYTES) continue
      expect(() => decodeHotRow(row.subarray(0, length), HASH_ID)).toThrow(SketchFrameError)
    }
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          decodeHotRow(bytes, HASH_ID)
        } catch (error) {
          expect(error).toBeInstanceOf(SketchFrameError)
        }
      }),
    )
  })
})
