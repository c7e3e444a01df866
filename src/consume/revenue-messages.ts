/** Which messages are about revenue, game by game. Pure. */
import type { Counting, Envelope } from '../event/envelope.ts'

/** A message that was read. */
export interface RevenueMessage {
  readonly id: string
  readonly envelope: Envelope
}

/** Messages of one game and environment. */
export interface RevenueGroup {
  readonly gameId: string
  readonly env: string
  /** As the newest message says */
  readonly counting: Counting
  readonly traceId: string
  readonly messageIds: readonly string[]
  /** Game days, each once */
  readonly days: readonly number[]
}

/** Messages that bring payments. */
export function payingGroups(messages: readonly RevenueMessage[]): RevenueGroup[] {
  return groupsOf(messages.filter(({ envelope }) => hasPayments(envelope)))
}

/** Messages that ask for sums and bring nothing. */
export function refreshGroups(messages: readonly RevenueMessage[]): RevenueGroup[] {
  return groupsOf(messages.filter(({ envelope }) => !hasPayments(envelope)))
}

function hasPayments({ sections }: Envelope): boolean {
  return sections.some(({ table }) => table === 'payments')
}

function groupsOf(messages: readonly RevenueMessage[]): RevenueGroup[] {
  const byGame = Map.groupBy(messages, ({ envelope }) =>
    JSON.stringify([envelope.gameId, envelope.env]),
  )
  return [...byGame.values()].flatMap((all) => {
    // Whoever names days says how the game counts (packMessages).
    const own = all
      .filter(({ envelope }) => envelope.counting && (envelope.revenueDays ?? []).length > 0)
      .toSorted((a, b) => a.envelope.receivedTimeMs - b.envelope.receivedTimeMs)
    const newest = own.at(-1)?.envelope
    if (newest?.counting === undefined) return []
    const { gameId, env, counting, traceId } = newest
    return {
      gameId,
      env,
      counting,
      traceId,
      messageIds: own.map(({ id }) => id),
      days: [...new Set(own.flatMap(({ envelope }) => envelope.revenueDays ?? []))],
    }
  })
}
