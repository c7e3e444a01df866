/** Names that somebody may have meant. */
import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import { nearest } from '../../../src/catalog/nearest.ts'

const IDS = ['session.start', 'session.end', 'session_start', 'user.login', 'arpu', 'arppu', 'dau']

describe('nearest', () => {
  it.for([
    ['sesion.start', ['session.start', 'session_start']],
    ['SESSION.START', ['session.start', 'session_start']],
    ['arpru', ['arpu', 'arppu']],
    ['login', ['user.login']],
    ['session', ['session.start', 'session.end', 'session_start']],
    ['completely different', []],
    ['', []],
  ] as const)('of %s', ([name, expected], { expect }) => {
    expect(nearest(name, IDS, 3)).toEqual(expected)
  })

  it('finds every id with one letter left out, and offers no more than asked', ({ expect }) => {
    fc.assert(
      fc.property(fc.constantFrom(...IDS), fc.nat({ max: 2 }), (id, at) => {
        const offered = nearest(id.slice(0, at) + id.slice(at + 1), IDS, 3)
        expect(offered).toContain(id)
        expect(offered.length).toBeLessThanOrEqual(3)
      }),
      { seed: 20_261_123 },
    )
  })

  it('answers any text in bounded time', ({ expect }) => {
    expect(nearest('x'.repeat(1_000_000), IDS, 3)).toEqual([])
  })
})
