/** What is put on record of a request beside its events: a row of the audit log, and bodies that were refused. */
import { ApiError } from '../api-error.ts'
import type { AuditEntry } from '../event/audit.ts'
import { toAuditRow } from '../event/audit.ts'
import { shapeOf } from '../event/masking.ts'
import type { IngestContext } from './ingest-context.ts'
import type { Cargo } from './pack.ts'
import { decodeText } from './read-body.ts'
import type { Door, IngestRequest } from './receive.ts'
import { unreadableBodyRow } from './rejected-rows.ts'

/** The column is a UInt32. */
const MAX_COUNTED_BYTES = 2 ** 32 - 1

/** Problems that lie in what was sent; the others are of the moment. */
const FAULTS_OF_BODY: ReadonlySet<string> = new Set([
  'empty_body',
  'invalid_encoding',
  'invalid_json',
  'invalid_body',
  'unsupported_encoding',
  'body_too_large',
  'batch_too_large',
])

/** Whether a body was refused as a whole, for what it is. */
export function isFaultOfBody(error: unknown): error is ApiError {
  return error instanceof ApiError && FAULTS_OF_BODY.has(error.code)
}

/** The line of `audit_log` for a batch that was judged. */
export function auditRowOf(
  c: IngestRequest,
  door: Door,
  bytes: number,
  batch: { readonly accepted: number; readonly rejected: number },
  events: readonly unknown[],
): string {
  return toAuditRow({
    ...entryOf(c, door, bytes, 202),
    accepted: batch.accepted,
    rejected: batch.rejected,
    // What was sent, without any value: how many, and the shape of the first.
    snapshot: { count: events.length, first: shapeOf(events[0] ?? null) },
  })
}

/** What of a body is known when it is refused; empty where it did not come to that. */
export interface RefusedBody {
  readonly sent: Uint8Array
  /** Inflated */
  readonly body: Uint8Array
}

/** The rows of a body that was refused as a whole; one that is not JSON is kept with its reason. */
export function refusedCargo(
  c: IngestRequest,
  door: Door,
  { sent, body }: RefusedBody,
  error: ApiError,
  context: IngestContext,
): Cargo {
  const rejectedRows =
    error.code === 'invalid_json'
      ? [unreadableBodyRow(decodeText(body), error.message, door, context)]
      : []
  const bytes = sent.byteLength === 0 ? announcedBytes(c) : sent.byteLength
  const audit = toAuditRow({
    ...entryOf(c, door, bytes, error.status),
    accepted: 0,
    rejected: rejectedRows.length,
    snapshot: { code: error.code },
  })
  return { rejectedRows, auditRows: [audit] }
}

/** What the client said of its length; 0 when it did not. */
function announcedBytes(c: IngestRequest): number {
  const bytes = Number(c.req.header('Content-Length') ?? 0)
  return Number.isSafeInteger(bytes) ? Math.min(bytes, MAX_COUNTED_BYTES) : 0
}

function entryOf(
  c: IngestRequest,
  door: Door,
  bytes: number,
  status: number,
): Omit<AuditEntry, 'accepted' | 'rejected' | 'snapshot'> {
  const { gameId, env } = c.get('scope')
  const { kind, id } = c.get('principal')
  return {
    timeMs: c.get('nowMs'),
    gameId,
    env,
    actorKind: kind,
    actorId: id,
    action: `${door}.track`,
    target: '',
    status,
    traceId: c.get('traceId'),
    bytes,
  }
}
