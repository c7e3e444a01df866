/** UltraLogLog as hash4j computes it: the same registers, bit for bit, and the same estimates. */
import { createHash } from 'node:crypto'

import { describe, it } from 'vitest'

import { maximumLikelihoodEstimate } from '../../../src/sketch/estimate.ts'
import { addToRegisters, reduceRegisters } from '../../../src/sketch/registers.ts'
import { TokenSet } from '../../../src/sketch/token-set.ts'
import golden from '../../data/golden-hash4j.json' with { type: 'json' }
import own from '../../data/sketch-vectors.json' with { type: 'json' }
import { splitMix64, splitMix64Tokens } from './random-tokens.ts'

const SEEDS = [...new Set(golden.cases.map(({ seed }) => seed))]
const PRECISIONS = [...new Set(golden.cases.map(({ p }) => p))]
const MAX_COUNT = Math.max(...golden.cases.map(({ n }) => n))

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

describe('the golden cases', () => {
  it('are 198, eleven for each of the seeds and precisions', ({ expect }) => {
    expect(golden.cases).toHaveLength(198)
    expect(SEEDS.length * PRECISIONS.length * 11).toBe(198)
  })
})

describe('the generator of the golden cases', () => {
  it('is SplitMix64', ({ expect }) => {
    const words = [...splitMix64(0n, 3)].map((word) => word.toString(16).padStart(8, '0'))
    expect(words.join('')).toBe('e220a8397b1dcdaf6e789e6aa1b965f406c45d188009454f')
  })
})

describe.for(SEEDS)('golden cases of seed %i', (seed) => {
  const tokens = splitMix64Tokens(BigInt(seed) * 0x0123456789abcdefn, MAX_COUNT)

  it.for(PRECISIONS)('agree at precision %i', (p, { expect }) => {
    const cases = golden.cases.filter((one) => one.seed === seed && one.p === p)
    expect(cases).toHaveLength(11)
    const registers = new Uint8Array(2 ** p)
    let added = 0
    for (const { n, registersSha256, maximumLikelihood, reducedTo8Sha256 } of cases) {
      addToRegisters(registers, p, tokens.subarray(added, n))
      added = n
      expect(sha256(registers), `registers, n=${n}`).toBe(registersSha256)
      expect(sha256(reduceRegisters(registers, p, 8)), `reduced, n=${n}`).toBe(reducedTo8Sha256)
      const estimate = maximumLikelihoodEstimate(registers, p)
      expect(Math.abs(estimate - maximumLikelihood), `estimate, n=${n}`).toBeLessThanOrEqual(
        1e-6 * maximumLikelihood,
      )
    }
  })

  it('have as many distinct tokens', ({ expect }) => {
    const set = new TokenSet()
    let added = 0
    const cases = golden.cases.filter((one) => one.seed === seed && one.p === 8)
    for (const { n, distinctTokens } of cases) {
      if (distinctTokens === null) continue
      for (const token of tokens.subarray(added, n)) set.add(token)
      added = n
      expect(set.size, `n=${n}`).toBe(distinctTokens)
    }
    expect(added).toBeGreaterThan(4096)
  })
})

describe('token vectors', () => {
  it.for(own.token)(
    'put $token into register $idx14 as $reg14',
    ({ token, idx14, reg14 }, { expect }) => {
      const registers = new Uint8Array(2 ** 14)
      addToRegisters(registers, 14, Uint32Array.of(Number.parseInt(token, 16)))
      const expected = new Uint8Array(2 ** 14)
      expected[idx14] = reg14
      expect(registers).toEqual(expected)
    },
  )
})
