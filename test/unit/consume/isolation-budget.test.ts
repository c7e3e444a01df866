import { describe, it } from 'vitest'

import { MAX_ISOLATION_INSERTS, MAX_ISOLATION_INSERTS_PER_GAME } from '../../../configs/limits.ts'
import type { Grant } from '../../../src/consume/isolation-budget.ts'
import { IsolationBudget } from '../../../src/consume/isolation-budget.ts'

/** Takes until the answer changes; how often it was granted, and what came then. */
function exhaust(budget: IsolationBudget, gameId: string): [number, Grant] {
  for (let granted = 0; ; granted += 1) {
    const grant = budget.take(gameId)
    if (grant !== 'granted') return [granted, grant]
  }
}

describe('the budget of isolating refused rows', () => {
  it('gives every game its own', ({ expect }) => {
    const budget = new IsolationBudget()
    expect(exhaust(budget, 'hostile')).toEqual([MAX_ISOLATION_INSERTS_PER_GAME, 'game_spent'])
    expect(exhaust(budget, 'hostile')).toEqual([0, 'game_spent'])
    expect(exhaust(budget, 'other')).toEqual([MAX_ISOLATION_INSERTS_PER_GAME, 'game_spent'])
  })

  it('ends for all before the platform ends the invocation', ({ expect }) => {
    const budget = new IsolationBudget()
    const taken = Array.from({ length: 100 }, (_, index) => exhaust(budget, `game-${index}`))
    expect(taken.reduce((sum, [granted]) => sum + granted, 0)).toBe(MAX_ISOLATION_INSERTS)
    // Not given up: in another batch the game has a budget again.
    expect(taken.at(-1)).toEqual([0, 'batch_spent'])
    expect(budget.take('game-0')).toBe('game_spent')
  })
})
