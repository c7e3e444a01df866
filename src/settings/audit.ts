/**
 * The audit log of changes of the filters. The settings live in an object and the log begins in a database: no
 * transaction holds both. So a change is announced in the outbox before it is made, as one whose outcome nobody knows
 * (503), and the announcement is replaced by the outcome. Without an announcement nothing is changed.
 */
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { z } from 'zod'

import { MAX_SCOPE_LENGTH } from '../../configs/limits.ts'
import { fromControl } from '../access/control-database.ts'
import { namedScope } from '../access/require-permission.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv, Principal, Scope } from '../app-env.ts'
import { keepRow, removeRows, sendOutbox } from '../audit-outbox.ts'
import type { AuditEntry } from '../event/audit.ts'
import { toAuditRow } from '../event/audit.ts'
import { log } from '../log.ts'

/** What is put on record of a change beside who made it. */
export type AskedRecord = Pick<AuditEntry, 'snapshot' | 'bytes'>

/** Calls whose outcome `onRecord` tells. */
const announcedCalls = new WeakSet<Context<AppEnv>>()

const UNKNOWN_OUTCOME = 503

/**
 * Middleware in front of requirePermission: calls that were refused before they could change anything leave a row as
 * well, at the rate of administrative calls. Those of keys leave none: some keys are public.
 */
export function auditRefusals() {
  return createMiddleware<AppEnv>(async (c, next) => {
    await next()
    const principal: Principal | undefined = c.get('principal')
    if (principal === undefined) return
    if (!announcedCalls.has(c)) {
      if (principal.kind === 'key') return
      const { success } = await c.env.ADMIN_RATE.limit({ key: `${principal.kind} ${principal.id}` })
      if (!success) return
      const row = toAuditRow(entryOf(c, { snapshot: null, bytes: 0 }, c.res.status))
      await fromControl(keepRow(c.env.CONTROL_DB, row, c.get('nowMs')).run())
    }
    c.executionCtx.waitUntil(sendOutbox(c.env, c.get('traceId')))
  })
}

const idSchema = z.object({ id: z.int() })

/** What `change` answers, with a row that tells how it went. Throws what it throws, and control_unavailable. */
export async function onRecord<Changed>(
  c: Context<AppEnv>,
  asked: AskedRecord,
  change: () => Promise<Changed>,
): Promise<Changed> {
  const row = toAuditRow(entryOf(c, asked, UNKNOWN_OUTCOME))
  const announced = await fromControl(keepRow(c.env.CONTROL_DB, row, c.get('nowMs')).first())
  const { id } = idSchema.parse(announced)
  announcedCalls.add(c)
  let status = 200
  try {
    return await change()
  } catch (error) {
    status = error instanceof ApiError ? error.status : 500
    throw error
  } finally {
    if (status !== UNKNOWN_OUTCOME) await tellOutcome(c, id, entryOf(c, asked, status))
  }
}

async function tellOutcome(c: Context<AppEnv>, id: number, entry: AuditEntry): Promise<void> {
  const db = c.env.CONTROL_DB
  try {
    await db.batch([removeRows(db, [id]), keepRow(db, toAuditRow(entry), entry.timeMs)])
  } catch (error) {
    // The announcement stays, so the change is on record; only its outcome is not.
    log('error', 'audit entry without its outcome', { ...entry, error })
  }
}

function entryOf(c: Context<AppEnv>, { snapshot, bytes }: AskedRecord, status: number): AuditEntry {
  // Not set for callers who were refused.
  const scope: Scope | undefined = c.get('scope')
  const [gameId = ''] = namedScope(c).gameIds
  const [env = ''] = namedScope(c).envs
  const { kind, id } = c.get('principal')
  return {
    timeMs: c.get('nowMs'),
    gameId: scope?.gameId ?? gameId.slice(0, MAX_SCOPE_LENGTH),
    env: scope?.env ?? env.slice(0, MAX_SCOPE_LENGTH),
    actorKind: kind,
    actorId: id,
    action: 'settings.change',
    target: 'filters',
    status,
    traceId: c.get('traceId'),
    accepted: 0,
    rejected: 0,
    bytes,
    snapshot,
  }
}
