/**
 * What must be stored, from what clients sent and which acknowledgements they got: sets and maps, nothing of the code
 * under test.
 */
import type { Answer } from './client.ts'
import type { Reported, Sent } from './sessions.ts'
import type { Batch, ChaosGame } from './traffic.ts'

/** A POST that was acknowledged. */
export interface Acknowledged {
  readonly accepted: number
  readonly rejected: number
}

/** What is known of one game. */
export class GameTruth {
  readonly game: ChaosGame
  /** By mark: events that were acknowledged as accepted */
  readonly events = new Map<string, Sent>()
  /** By mark: code of what was acknowledged as rejected */
  readonly refused = new Map<string, string>()
  /** Payments that were acknowledged, in any order, each report once */
  readonly payments = new Map<string, Reported>()
  /** By trace id */
  readonly posts = new Map<string, Acknowledged>()
  /** Attempts to POST, answered or not: no more may be on record */
  attempts = 0
  /** Marks of everything that was ever sent */
  readonly sent = new Set<string>()
  /** Users of everything that was ever sent and makes active */
  readonly sentUsers = new Set<string>()
  /** Sum of all successes that were ever sent, of any currency */
  sentCents = 0

  constructor(game: ChaosGame) {
    this.game = game
  }
}

/** Events that make a user active. */
export const ACTIVE: ReadonlySet<string> = new Set(['session.start', 'user.login'])

export class Oracle {
  readonly games: ReadonlyMap<string, GameTruth>
  /** What an answer said that contradicts what was sent */
  readonly contradictions: string[] = []

  constructor(games: readonly ChaosGame[]) {
    this.games = new Map(games.map((game) => [game.gameId, new GameTruth(game)]))
  }

  /** To be told before the first attempt: from then on it may be stored. */
  noteSending(batch: Batch): void {
    const truth = this.truthOf(batch.game)
    for (const item of batch.items) {
      truth.sent.add(item.mark)
      if (item.kind === 'event' && ACTIVE.has(item.event)) truth.sentUsers.add(item.userId)
      const payment = item.kind === 'event' ? item.payment : item
      if (payment?.status === 'success') truth.sentCents += payment.amountCents
    }
  }

  noteAttempts(batch: Batch, attempts: number): void {
    this.truthOf(batch.game).attempts += attempts
  }

  noteAnswer(batch: Batch, answer: Answer): void {
    const truth = this.truthOf(batch.game)
    const refused = batch.items.filter(({ refusedFor }) => refusedFor !== null)
    const accepted = batch.items.length - refused.length
    if (answer.accepted !== accepted || answer.rejected !== refused.length || answer.filtered > 0) {
      this.contradictions.push(
        `batch ${batch.id}: answered ${answer.accepted} accepted and ${answer.rejected} rejected, ` +
          `expected ${accepted} and ${refused.length}`,
      )
    }
    truth.posts.set(answer.trace_id, { accepted, rejected: refused.length })
    for (const item of batch.items) {
      if (item.refusedFor !== null) truth.refused.set(item.mark, item.refusedFor)
      else if (item.kind === 'event') truth.events.set(item.mark, item)
      const payment = item.kind === 'event' ? item.payment : item
      if (payment !== null && item.refusedFor === null) truth.payments.set(payment.mark, payment)
    }
  }

  /** Throws RangeError for a game that there is not. */
  truthOf({ gameId }: ChaosGame): GameTruth {
    const truth = this.games.get(gameId)
    if (truth === undefined) throw new RangeError(`no game ${gameId}`)
    return truth
  }

  /** Events and payments that were acknowledged as accepted. */
  acknowledged(): number {
    let sum = 0
    for (const { events, payments } of this.games.values()) {
      sum += events.size
      for (const { mark } of payments.values()) if (!events.has(mark)) sum += 1
    }
    return sum
  }
}

/** A row of `payments` that must be there, by its identity. */
export type PaymentRow = Pick<
  Reported,
  'orderId' | 'status' | 'refundId' | 'reporter' | 'amountCents' | 'currency' | 'userId' | 'trueMs'
>

/** One row per order, status and refund: the server's report where there is one. */
export function paymentRows(payments: Iterable<Reported>): Map<string, PaymentRow> {
  const rows = new Map<string, PaymentRow>()
  for (const report of payments) {
    const key = [report.orderId, report.status, report.refundId].join('/')
    if (rows.get(key)?.reporter !== 'server') rows.set(key, report)
  }
  return rows
}

const RANKS = ['pending', 'failed', 'success']

/** What became of every order: its best report, and its refunds. */
export function settledPayments(payments: Iterable<Reported>): PaymentRow[] {
  const rows = [...paymentRows(payments).values()]
  const rank = ({ reporter, status }: PaymentRow) =>
    (reporter === 'server' ? 10 : 0) + RANKS.indexOf(status)
  const best = new Map<string, PaymentRow>()
  for (const row of rows) {
    if (row.status === 'refunded') continue
    const known = best.get(row.orderId)
    if (known === undefined || rank(row) > rank(known)) best.set(row.orderId, row)
  }
  return [...best.values(), ...rows.filter(({ status }) => status === 'refunded')]
}
