/** Quarantined events judged again, pure: stored rows in; what passes today, with its marks, and counts out. */
import type { RejectedEventRow } from '../clickhouse/queries/rejected-events.ts'
import type { RequestOrigin } from '../event/enrichment.ts'
import { requestOriginSchema } from '../event/enrichment.ts'
import type { TokenGroup } from '../event/envelope.ts'
import { acceptBatch } from '../ingest/accept-batch.ts'
import { acceptPayments } from '../ingest/accept-payments.ts'
import type { AcceptedBatch } from '../ingest/accepted-batch.ts'
import type { IngestContext } from '../ingest/ingest-context.ts'
import { toReplayedRow } from './replayed-row.ts'

/** What is the same for all rows of a replay; the rest of an IngestContext is the row's. */
export type ReplayContext = Pick<
  IngestContext,
  'gameId' | 'env' | 'traceId' | 'timeZone' | 'game' | 'settings' | 'hashKey'
> & {
  /** Milliseconds since the epoch */
  readonly nowMs: number
}

/** A page of rows that was judged; replayed + filtered + refused + unreadable = rows of the page. */
export interface JudgedPage {
  readonly replayed: number
  /** Would pass, but the settings of the game do not take it at the moment */
  readonly filtered: number
  /** Code of every row that is still refused */
  readonly refused: readonly string[]
  /** Rows whose payload is no JSON: it was cut */
  readonly unreadable: number
  readonly eventRows: readonly string[]
  readonly paymentRows: readonly string[]
  /** The rows that passed, marked as replayed */
  readonly rejectedRows: readonly string[]
  readonly tokens: readonly TokenGroup[]
  /** Game days of the payments, each once */
  readonly revenueDays: readonly number[]
}

/** Judges every row as if it arrived again when it first did, by today's catalog, profile and settings. */
export function judgeAgain(rows: readonly RejectedEventRow[], context: ReplayContext): JudgedPage {
  const passed: AcceptedBatch[] = []
  const marks: string[] = []
  const refused: string[] = []
  let filtered = 0
  let unreadable = 0
  for (const row of rows) {
    const payload = parsePayload(row.payload)
    if (payload === undefined) {
      unreadable += 1
      continue
    }
    const batch = judgeRow(row, payload, context)
    if (batch.accepted > 0) {
      passed.push(batch)
      marks.push(toReplayedRow(row, context, context.nowMs))
    } else if (batch.filtered > 0) filtered += 1
    else refused.push(batch.verdicts[0]?.code ?? row.code)
  }
  return {
    replayed: passed.length,
    filtered,
    refused,
    unreadable,
    eventRows: passed.flatMap(({ eventRows }) => eventRows),
    paymentRows: passed.flatMap(({ paymentRows }) => paymentRows),
    rejectedRows: marks,
    tokens: passed.flatMap(({ tokens }) => tokens),
    revenueDays: [...new Set(passed.flatMap(({ revenueDays }) => revenueDays))],
  }
}

/** The payload; undefined when it is no JSON, and JSON has no undefined. */
function parsePayload(payload: string): unknown {
  try {
    return JSON.parse(payload)
  } catch {
    return undefined
  }
}

function originOf(json: string): RequestOrigin | null {
  return json === '' ? null : requestOriginSchema.parse(JSON.parse(json))
}

function judgeRow(row: RejectedEventRow, payload: unknown, context: ReplayContext): AcceptedBatch {
  const accept = row.door === 'payments' ? acceptPayments : acceptBatch
  return accept(
    [payload],
    {
      ...context,
      receivedTimeMs: row.received_ms,
      sentTimeMs: row.sent_ms === 0 ? null : row.sent_ms,
      sentUptimeMs: row.sent_uptime_ms,
      bodyDigest: () => row.rejection_id.split('-')[0] ?? '',
      reporter: row.reported_by,
      // That of the player: the connection that is open is the operator's.
      origin: originOf(row.origin),
    },
    row.event_index,
  )
}
