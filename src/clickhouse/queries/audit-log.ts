/** Who did what to a game, the latest first. */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import type { Parameter } from '../reader.ts'
import { ask } from '../reader.ts'
import { instantSql } from './question.ts'
import type { RowScope } from './rejected-events.ts'

/** A range of the log and what it is restricted to; null does not restrict. */
export interface AuditFilter {
  /** Milliseconds since the epoch; the end is the first instant after the range */
  readonly startMs: number
  readonly endMs: number
  readonly actor: string | null
  readonly action: string | null
  /** HTTP status of the answer */
  readonly status: number | null
}

const rowSchema = z.object({
  time_ms: z.int(),
  env: z.string(),
  actor_kind: z.string(),
  actor_id: z.string(),
  action: z.string(),
  target: z.string(),
  status: z.int(),
  trace_id: z.string(),
  accepted: z.int(),
  rejected: z.int(),
  bytes: z.int(),
  snapshot: z.string(),
})
export type AuditLogRow = z.infer<typeof rowSchema>

/** Where a listing stands: the entry that was listed last. */
export interface AuditPosition {
  readonly timeMs: number
  readonly traceId: string
  readonly action: string
  readonly target: string
  readonly status: number
  readonly env: string
}

/**
 * Up to `limit` entries of the environment, and of calls about the whole game, behind `after` (null for the
 * beginning). With an empty game and environment: of calls about no game. Throws DatabaseError.
 */
export function auditEntries(
  connection: ClickHouseConnection,
  { gameId, env }: RowScope,
  filter: AuditFilter,
  { after, limit }: { readonly after: AuditPosition | null; readonly limit: number },
): Promise<AuditLogRow[]> {
  return ask(connection, {
    sql: `
SELECT
    toUnixTimestamp64Milli(time) AS time_ms, env, actor_kind, actor_id, action, target, status, trace_id,
    accepted, rejected, bytes, snapshot
FROM audit_log FINAL
WHERE ${auditSql(filter, after)}
ORDER BY time DESC, trace_id DESC, action DESC, target DESC, status DESC, env DESC
LIMIT {limit:UInt32}`,
    params: {
      game_id: gameId,
      envs: [...new Set([env, ''])],
      start_ms: filter.startMs,
      end_ms: filter.endMs,
      ...(filter.actor === null ? {} : { actor: filter.actor }),
      ...(filter.action === null ? {} : { action: filter.action }),
      ...(filter.status === null ? {} : { status: filter.status }),
      ...afterParams(after),
      limit,
    },
    row: rowSchema,
  })
}

function auditSql(filter: AuditFilter, after: AuditPosition | null): string {
  const conditions = [
    'game_id = {game_id:String}',
    'env IN {envs:Array(String)}',
    `time >= ${instantSql('start_ms')}`,
    `time < ${instantSql('end_ms')}`,
  ]
  if (filter.actor !== null) conditions.push('actor_id = {actor:String}')
  if (filter.action !== null) conditions.push('action = {action:String}')
  if (filter.status !== null) conditions.push('status = {status:UInt16}')
  if (after !== null) {
    const last = `(${instantSql('after_ms')}, {after_trace:String}, {after_action:String}, {after_target:String}, {after_status:UInt16}, {after_env:String})`
    // The first condition repeats a part of the second, for the index.
    conditions.push(`time <= ${instantSql('after_ms')}`)
    conditions.push(`(time, trace_id, action, target, status, env) < ${last}`)
  }
  return conditions.join(' AND ')
}

function afterParams(after: AuditPosition | null): Record<string, Parameter> {
  if (after === null) return {}
  const { timeMs, traceId, action, target, status, env } = after
  return {
    after_ms: timeMs,
    after_trace: traceId,
    after_action: action,
    after_target: target,
    after_status: status,
    after_env: env,
  }
}
