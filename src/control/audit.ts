/**
 * The audit log of administrative calls. A change and its row are committed in one transaction. When the answer of
 * the database is lost, the row of the change and the row of the answer (503) stand under one trace id.
 */
import { createMiddleware } from 'hono/factory'

import { fromControl } from '../access/control-database.ts'
import { forgetControlData } from '../access/timed-cache.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv, Scope } from '../app-env.ts'
import { keepRow, keepRowOfChange, sendOutbox } from '../audit-outbox.ts'
import { toAuditRow } from '../event/audit.ts'
import type { ControlContext } from './call.ts'
import { callOf } from './call.ts'

/**
 * Middleware: every call of a user or of the admin key leaves a row, refused ones too. A call whose row cannot be kept
 * is answered with control_unavailable. Keys leave none: some are public, and a row costs more than a call. Needs
 * `principal`.
 */
export function auditCalls() {
  return createMiddleware<AppEnv>(async (c, next) => {
    await next()
    if (c.get('principal').kind === 'key') return
    if (!callOf(c).isRecorded) {
      const row = rowOf(c, c.res.status)
      await fromControl(keepRow(c.env.CONTROL_DB, row, c.get('nowMs')).run())
    }
    c.executionCtx.waitUntil(sendOutbox(c.env, c.get('traceId')))
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
  const db = c.env.CONTROL_DB
  const row = keepRowOfChange(db, rowOf(c, status), c.get('nowMs'))
  try {
    const results = await fromControl(db.batch([...changes, row]))
    if (results.at(-1)?.results.length !== 1) throw new ApiError('conflict', conflict)
    callOf(c).isRecorded = true
  } finally {
    // Also after a failure: the change may have been made although the answer did not arrive.
    forgetControlData()
  }
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
