/** One register against what it stands for: a set of update values of which the largest three count. */
import { describe, it } from 'vitest'

import { isRegister, mergeRegisters } from '../../../src/sketch/registers.ts'

const P = 4

/** The update values that a register says were seen, largest first. */
function seenValues(register: number): number[] {
  if (register === 0) return []
  const largest = register >>> 2
  return [largest, ...(register & 2 ? [largest - 1] : []), ...(register & 1 ? [largest - 2] : [])]
}

function registerOf(values: ReadonlySet<number>): number {
  if (values.size === 0) return 0
  const largest = Math.max(...values)
  return largest * 4 + (values.has(largest - 1) ? 2 : 0) + (values.has(largest - 2) ? 1 : 0)
}

const possible = Array.from({ length: 256 }, (_, value) => value).filter((value) =>
  isRegister(value, P),
)

describe('isRegister', () => {
  it('accepts exactly the values that some set of update values gives', ({ expect }) => {
    const reachable = new Set([0])
    for (let largest = P - 1; largest <= 63; largest++) {
      for (const below of [[], [1], [2], [1, 2]]) {
        const values = [largest, ...below.map((distance) => largest - distance)]
        if (values.every((value) => value >= P - 1)) reachable.add(registerOf(new Set(values)))
      }
    }
    expect(new Set(possible)).toEqual(reachable)
  })
})

describe('mergeRegisters', () => {
  it('unites the seen values of every pair of registers and counts the changes', ({ expect }) => {
    for (const incoming of possible) {
      // Whole words are merged at a time, so the number of registers is a multiple of four.
      const target = new Uint8Array((possible.length + 3) & ~3)
      target.set(possible)
      const before = target.slice()
      const changed = mergeRegisters(target, new Uint8Array(target.length).fill(incoming))
      const expected = before.map((old) =>
        registerOf(new Set([...seenValues(old), ...seenValues(incoming)])),
      )
      expect(target).toEqual(expected)
      expect(changed).toBe(expected.filter((register, at) => register !== before[at]).length)
    }
  })
})
