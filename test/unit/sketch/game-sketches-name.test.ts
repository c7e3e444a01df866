import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import { gameSketchesName } from '../../../durable/names.ts'

describe('gameSketchesName', () => {
  it('joins game and environment', ({ expect }) => {
    expect(gameSketchesName({ gameId: 'royal-match', env: 'prod' })).toBe('royal-match/prod')
  })

  it('keeps different pairs apart, whatever characters they hold', ({ expect }) => {
    const anyId = fc.string({
      unit: fc.constantFrom('a', '/', '%', '2', 'F', ':', 'é'),
      maxLength: 6,
    })
    const anyPair = fc.record({ gameId: anyId, env: anyId })
    fc.assert(
      fc.property(anyPair, anyPair, (a, b) => {
        const samePair = a.gameId === b.gameId && a.env === b.env
        expect(gameSketchesName(a) === gameSketchesName(b)).toBe(samePair)
      }),
      { seed: 21, numRuns: 3000 },
    )
  })
})
