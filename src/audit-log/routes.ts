/** /api/admin/audit: who did what to a game, archived or not; or, where no game is named, to none. */
import type { Context } from 'hono'
import { Hono } from 'hono'

import { namedScope, requirePermission } from '../access/require-permission.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import { auditEntries } from '../clickhouse/queries/audit-log.ts'
import { configOf } from '../config.ts'
import { toCursor } from '../cursor.ts'
import { formatTime } from '../format-time.ts'
import { readSearch } from '../parameters.ts'
import type { AuditAnswer } from './schemas.ts'
import { auditSearchSchema } from './schemas.ts'

/** The log has a row for every batch: without a start, only this much of it is read. */
const DEFAULT_RANGE_MS = 7 * 86_400_000

/** Routes under /api/admin. */
export function auditRoutes(): Hono<AppEnv> {
  const ofGame = requirePermission('audit:read', { allowArchived: true })
  const ofNoGame = requirePermission('audit:read', { scope: 'all_games' })
  return new Hono<AppEnv>().get(
    '/audit',
    (c, next) => (namesGame(c) ? ofGame(c, next) : ofNoGame(c, next)),
    async (c) => c.json(await list(c)),
  )
}

function namesGame(c: Context<AppEnv>): boolean {
  const { gameIds, envs } = namedScope(c)
  return gameIds.length + envs.length > 0
}

/** Stands for the game in rows of calls about none, such as those about users. */
const NO_GAME = { gameId: '', env: '' } as const

async function list(c: Context<AppEnv>): Promise<AuditAnswer> {
  const search = readSearch(auditSearchSchema, new URL(c.req.url).searchParams)
  // An entry of this very moment belongs to the range.
  const endMs = search.end ?? c.get('nowMs') + 1
  const startMs = search.start ?? endMs - DEFAULT_RANGE_MS
  if (startMs >= endMs) {
    throw new ApiError('invalid_parameter', 'start: expected an instant before the present')
  }
  const rows = await auditEntries(
    configOf(c.env).clickhouse,
    namesGame(c) ? c.get('scope') : NO_GAME,
    {
      startMs,
      endMs,
      actor: search.actor ?? null,
      action: search.action ?? null,
      status: search.status ?? null,
    },
    // One more than asked for tells whether there is a next page.
    { after: search.cursor ?? null, limit: search.limit + 1 },
  )
  const page = rows.slice(0, search.limit)
  const last = page.at(-1)
  return {
    start: formatTime(startMs),
    end: formatTime(endMs),
    entries: page.map(({ time_ms: timeMs, ...entry }) => ({ time: formatTime(timeMs), ...entry })),
    next_cursor:
      rows.length > page.length && last !== undefined
        ? toCursor([last.time_ms, last.trace_id, last.action, last.target, last.status, last.env])
        : null,
    trace_id: c.get('traceId'),
  }
}
