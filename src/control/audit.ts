/**
 * The audit log of administrative calls. A change and its row are committed in one transaction (audit_outbox in
 * D1); then the rows go through the queue to ClickHouse. What the queue does not take waits for the next call.
 */
import { createMiddleware } from 'hono/factory'
import { z } from 'zod'

import { fromControl } from '../access/control-database.ts'
import { forgetControlData } from '../access/timed-cache.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv, Scope } from '../app-env.ts'
import { sendAuditRows } from '../audit.ts'
import { configOf } from '../config.ts'
import { toAuditRow } from '../event/audit.ts'
import { log } from '../log.ts'
import { createEventQueue } from '../queue/create-event-queue.ts'
import type { ControlContext } from './call.ts'
import { callOf } from './call.ts'

/** Rows of one message, and their bytes: they have room for the largest row, and stay below the platform's limit. */
const MAX_SENT_ROWS = 100
const MAX_SENT_BYTES = 100_000

/**
 * Middleware: every call of a known caller leaves a row, refused ones too. A call whose row cannot be kept is
 * answered with control_unavailable. Needs `principal`.
 */
export function auditCalls() {
  return createMiddleware<AppEnv>(async (c, next) => {
    await next()
    if (!callOf(c).isRecorded) await fromControl(record(c, c.res.status).run())
    await sendOutbox(c)
  })
}

/**
 * Commits the changes and the row that tells of them, or nothing. Each statement changes rows only if the one
 * before it did; when the last one changed none, throws conflict with this detail. Throws control_unavailable.
 */
export async function commit(
  c: ControlContext,
  changes: readonly D1PreparedStatement[],
  { status, conflict }: { status: 200 | 201; conflict: string },
): Promise<void> {
  const results = await fromControl(c.env.CONTROL_DB.batch([...changes, recordChange(c, status)]))
  if (results.at(-1)?.results.length !== 1) throw new ApiError('conflict', conflict)
  callOf(c).isRecorded = true
  forgetControlData()
}

function record(c: ControlContext, status: number): D1PreparedStatement {
  return c.env.CONTROL_DB.prepare(
    'INSERT INTO audit_outbox (row, created_time) VALUES (?, ?)',
  ).bind(rowOf(c, status), timeOf(c))
}

function recordChange(c: ControlContext, status: number): D1PreparedStatement {
  return c.env.CONTROL_DB.prepare(
    'INSERT INTO audit_outbox (row, created_time) SELECT ?, ? WHERE changes() > 0 RETURNING id',
  ).bind(rowOf(c, status), timeOf(c))
}

function timeOf(c: ControlContext): string {
  return new Date(c.get('nowMs')).toISOString()
}

function rowOf(c: ControlContext, status: number): string {
  const { action, gameId, env, target, snapshot, bytes } = callOf(c)
  // Set for routes of others that are mounted at the same address and are about one game.
  const scope: Scope | undefined = c.get('scope')
  const { kind, id } = c.get('principal')
  return toAuditRow({
    timeMs: c.get('nowMs'),
    gameId: (scope?.gameId ?? gameId).slice(0, MAX_LABEL_LENGTH),
    env: scope?.env ?? env,
    actorKind: kind,
    actorId: id,
    action,
    target: target.slice(0, MAX_LABEL_LENGTH),
    status,
    traceId: c.get('traceId'),
    accepted: 0,
    rejected: 0,
    bytes,
    snapshot,
  })
}

/** Characters of what the path names: it may hold anything. */
const MAX_LABEL_LENGTH = 256

const outboxSchema = z.array(z.object({ id: z.int(), row: z.string() }))

/** A row may be sent twice when two calls overlap; the table keeps one. */
async function sendOutbox(c: ControlContext): Promise<void> {
  if (!createEventQueue(configOf(c.env).queueType, c.env.EVENTS_QUEUE).stores) return
  try {
    const rows = await oldestRows(c.env.CONTROL_DB)
    if (rows.length === 0) return
    const request = { traceId: c.get('traceId'), receivedTimeMs: c.get('nowMs') }
    await sendAuditRows(
      c.env,
      rows.map(({ row }) => row),
      request,
    )
    await c.env.CONTROL_DB.prepare(
      'DELETE FROM audit_outbox WHERE id IN (SELECT value FROM json_each(?))',
    )
      .bind(JSON.stringify(rows.map(({ id }) => id)))
      .run()
  } catch (error) {
    // They are committed: the next call sends them.
    log('warn', 'audit rows wait in the outbox', { trace_id: c.get('traceId'), error })
  }
}

async function oldestRows(db: D1Database): Promise<z.output<typeof outboxSchema>> {
  const { results } = await db
    .prepare('SELECT id, row FROM audit_outbox ORDER BY id LIMIT ?')
    .bind(MAX_SENT_ROWS)
    .all()
  const encoder = new TextEncoder()
  let left = MAX_SENT_BYTES
  return outboxSchema.parse(results).filter(({ row }) => {
    left -= encoder.encode(row).byteLength
    return left >= 0
  })
}
