/**
 * The replay of quarantined events: pages of stored rows, judged again; what passes goes to the queue together with
 * the marks that say so. It may be called again at any time, and twice at once: every row keeps its identity.
 */
import type { ClickHouseConnection } from '../clickhouse/connection.ts'
import type {
  RejectedEventRow,
  RejectedFilter,
  ReplayPosition,
} from '../clickhouse/queries/rejected-events.ts'
import { countRejectedEvents, rejectedEventsByKey } from '../clickhouse/queries/rejected-events.ts'
import type { Counting } from '../event/envelope.ts'
import { packMessages } from '../ingest/pack.ts'
import type { JudgedPage, ReplayContext } from './judge-again.ts'
import { judgeAgain } from './judge-again.ts'

/** Rows that are held in memory at a time; payloads of the largest size make 8 MB of them. */
const PAGE_ROWS = 200

export interface Replay {
  readonly connection: ClickHouseConnection
  readonly context: ReplayContext
  /** How the game counts */
  readonly counting: Counting
  readonly filter: Pick<RejectedFilter, 'code' | 'event' | 'startMs' | 'endMs'>
  readonly after: ReplayPosition | null
  /** Rows that are examined at most */
  readonly limit: number
  /** Stores messages, in this order; null for a dry run */
  readonly send: ((messages: readonly Uint8Array[]) => Promise<void>) | null
}

export interface ReplayOutcome {
  readonly examined: number
  readonly replayed: number
  readonly filtered: number
  readonly unreadable: number
  /** How many rows are still refused, by code */
  readonly refusedByCode: ReadonlyMap<string, number>
  /** Rows beyond the limit */
  readonly remaining: number
  /** The last row that was examined when rows remain; null otherwise */
  readonly last: ReplayPosition | null
}

/**
 * Examines up to `limit` rows that are quarantined and not replayed. Throws DatabaseError and whatever `send`
 * throws; what was sent until then is replayed, and everything else can be.
 */
export async function replay(call: Replay): Promise<ReplayOutcome> {
  const { connection, context, counting, limit, send } = call
  const filter: RejectedFilter = {
    ...call.filter,
    verdict: 'quarantined',
    replayed: false,
    door: null,
    pointer: null,
    rejectionId: null,
  }
  const refusedByCode = new Map<string, number>()
  const counts = { examined: 0, replayed: 0, filtered: 0, unreadable: 0 }
  let after = call.after
  let rows: RejectedEventRow[] = []
  let wanted = 0
  do {
    wanted = Math.min(PAGE_ROWS, limit - counts.examined)
    rows = await rejectedEventsByKey(connection, context, filter, { after, limit: wanted })
    const page = judgeAgain(rows, context)
    if (send !== null) await send(packPage(page, context, counting))
    counts.examined += rows.length
    counts.replayed += page.replayed
    counts.filtered += page.filtered
    counts.unreadable += page.unreadable
    for (const code of page.refused) refusedByCode.set(code, (refusedByCode.get(code) ?? 0) + 1)
    after = positionOf(rows.at(-1)) ?? after
  } while (rows.length === wanted && counts.examined < limit)
  const remaining =
    rows.length < wanted ? 0 : await countRejectedEvents(connection, context, filter, after)
  return { ...counts, refusedByCode, remaining, last: remaining === 0 ? null : after }
}

/**
 * The messages of a page. Where one does not do, the marks come after all other rows, so that no row is marked whose
 * event was not sent.
 */
function packPage(page: JudgedPage, context: ReplayContext, counting: Counting): Uint8Array[] {
  return packMessages(page, { ...context, counting, receivedTimeMs: context.nowMs })
}

function positionOf(row: RejectedEventRow | undefined): ReplayPosition | null {
  return row === undefined ? null : { code: row.code, rejectionId: row.rejection_id }
}
