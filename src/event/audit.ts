/** Lines of `audit_log`: who did what, when, with what outcome; never a value of a player. */
import { toDateTime64 } from './rows.ts'

export interface AuditEntry {
  /** When the request arrived, in milliseconds since the epoch */
  readonly timeMs: number
  /** Empty for calls that are about no game */
  readonly gameId: string
  /** Empty for calls about the whole game */
  readonly env: string
  readonly actorKind: 'key' | 'user' | 'admin_key'
  readonly actorId: string
  /** Such as events.track or keys.revoke */
  readonly action: string
  /** What it was done to; empty for ingest */
  readonly target: string
  /** HTTP status of the answer */
  readonly status: number
  readonly traceId: string
  readonly accepted: number
  readonly rejected: number
  /** Bytes of the body as sent */
  readonly bytes: number
  /** What was sent, masked by src/event/masking.ts; becomes JSON */
  readonly snapshot: unknown
}

/** Characters of a snapshot that are kept. */
const MAX_SNAPSHOT_LENGTH = 4_096

/** A line of `audit_log`, ending with a newline. */
export function toAuditRow(entry: AuditEntry): string {
  const row = {
    time: toDateTime64(entry.timeMs),
    game_id: entry.gameId,
    env: entry.env,
    actor_kind: entry.actorKind,
    actor_id: entry.actorId,
    action: entry.action,
    target: entry.target,
    status: entry.status,
    trace_id: entry.traceId,
    accepted: entry.accepted,
    rejected: entry.rejected,
    bytes: entry.bytes,
    snapshot: JSON.stringify(entry.snapshot).slice(0, MAX_SNAPSHOT_LENGTH).toWellFormed(),
  }
  return `${JSON.stringify(row)}\n`
}
