/**
 * How many inserts a queue batch may spend on isolating refused rows: so many for each game, so that none pays for the
 * rows of another, and so many in all, because the platform counts what an invocation asks of others.
 */
import { MAX_ISOLATION_INSERTS, MAX_ISOLATION_INSERTS_PER_GAME } from '../../configs/limits.ts'

/** The insert may be spent; the game has had its share; or the games of this batch have used up everything. */
export type Grant = 'granted' | 'game_spent' | 'batch_spent'

export class IsolationBudget {
  readonly #spentByGame = new Map<string, number>()
  #left = MAX_ISOLATION_INSERTS

  /** Takes one insert for the rows of a game, if there is one left. */
  take(gameId: string): Grant {
    const spent = this.#spentByGame.get(gameId) ?? 0
    if (spent >= MAX_ISOLATION_INSERTS_PER_GAME) return 'game_spent'
    if (this.#left <= 0) return 'batch_spent'
    this.#spentByGame.set(gameId, spent + 1)
    this.#left -= 1
    return 'granted'
  }
}
