/** The cargos of several POSTs as those of as few messages as can hold them. Pure. */
import { mergeTokenGroups } from '../src/event/token-groups.ts'
import type { Cargo, MessageContext } from '../src/ingest/pack.ts'

/** What one POST, or several that were merged, puts on the queue. */
export interface Posted {
  readonly cargo: Cargo
  readonly context: MessageContext
}

/**
 * One for all POSTs of a game and environment that count alike, in the order of their first POSTs: rows behind one
 * another, token groups united, days each once. POSTs that count otherwise (zone, shards, key of the hash) stand on
 * their own, because a message says once how all of it counts.
 *
 * The trace id is that of the first POST; the rows of the audit log carry their own. The received time is that of the
 * newest: the newest message says how a game counts, and merging must not change which one that is.
 */
export function mergePosts(posts: readonly Posted[]): Posted[] {
  const alike = Map.groupBy(posts, ({ context: { gameId, env, counting } }) =>
    JSON.stringify([gameId, env, counting.timeZone, counting.shards, counting.hashId]),
  )
  return [...alike.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const receivedTimeMs = Math.max(...group.map(({ context }) => context.receivedTimeMs))
    const cargo = mergeCargos(group.map((post) => post.cargo))
    return [{ cargo, context: { ...first.context, receivedTimeMs } }]
  })
}

function mergeCargos(cargos: readonly Cargo[]): Cargo {
  const days = new Set(cargos.flatMap(({ revenueDays = [] }) => revenueDays))
  return {
    eventRows: cargos.flatMap(({ eventRows = [] }) => eventRows),
    paymentRows: cargos.flatMap(({ paymentRows = [] }) => paymentRows),
    rejectedRows: cargos.flatMap(({ rejectedRows = [] }) => rejectedRows),
    auditRows: cargos.flatMap(({ auditRows = [] }) => auditRows),
    tokens: mergeTokenGroups(cargos.flatMap(({ tokens = [] }) => tokens)),
    revenueDays: [...days].toSorted((a, b) => a - b),
  }
}
