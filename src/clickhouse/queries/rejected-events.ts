/** Which events were refused, and why: the latest of them, and those that a replay may judge again. */
import { z } from 'zod'

import type { ClickHouseConnection } from '../connection.ts'
import type { Parameter } from '../reader.ts'
import { ask } from '../reader.ts'
import { instantSql, SCOPE_SQL } from './question.ts'

/** The game and environment whose rows are read. */
export interface RowScope {
  readonly gameId: string
  readonly env: string
}

/** What rejected events are restricted to; null does not restrict. */
export interface RejectedFilter {
  readonly code: string | null
  readonly verdict: 'quarantined' | 'rejected' | null
  readonly event: string | null
  readonly door: 'events' | 'payments' | null
  readonly pointer: string | null
  readonly rejectionId: string | null
  /** Bounds of received_time in milliseconds since the epoch; the end is the first instant after the range */
  readonly startMs: number | null
  readonly endMs: number | null
  readonly replayed: boolean | null
}

const rowSchema = z.object({
  received_ms: z.int(),
  rejection_id: z.string(),
  trace_id: z.string(),
  event_index: z.int(),
  event_id: z.string(),
  event: z.string(),
  code: z.string(),
  pointer: z.string(),
  detail: z.string(),
  verdict: z.enum(['quarantined', 'rejected']),
  door: z.enum(['events', 'payments']),
  reported_by: z.enum(['client', 'server']),
  /** 0 when the client did not say, or when it has not passed a replay */
  sent_ms: z.int(),
  replayed_ms: z.int(),
  /** Monotonic clock of the client; null when it did not say */
  sent_uptime_ms: z.int().nullable(),
  /** JSON of a RequestOrigin; empty for what a server sent */
  origin: z.string(),
  payload: z.string(),
})
export type RejectedEventRow = z.infer<typeof rowSchema>

const listedRowSchema = rowSchema.extend({ payload_length: z.int() })
export type ListedRejectedEventRow = z.infer<typeof listedRowSchema>

/** Where a listing stands: the row that was listed last. */
export interface RejectedPosition {
  readonly receivedMs: number
  readonly rejectionId: string
  readonly code: string
}

/** Where a replay stands: the row that was examined last. */
export type ReplayPosition = Pick<RejectedPosition, 'rejectionId' | 'code'>

const NOT_YET = `toDateTime64(0, 3, 'UTC')`

const COLUMNS_SQL = `
    toUnixTimestamp64Milli(received_time) AS received_ms, rejection_id, trace_id, event_index, event_id, event,
    code, pointer, detail, verdict, door, reported_by,
    toUnixTimestamp64Milli(sent_time) AS sent_ms, toUnixTimestamp64Milli(replayed_time) AS replayed_ms,
    sent_uptime_ms, origin`

/** A condition on a row of `events_rejected`. */
export function rejectedSql(filter: RejectedFilter): string {
  const conditions = [SCOPE_SQL]
  if (filter.code !== null) conditions.push('code = {code:String}')
  if (filter.verdict !== null) conditions.push('verdict = {verdict:String}')
  if (filter.event !== null) conditions.push('event = {event:String}')
  if (filter.door !== null) conditions.push('door = {door:String}')
  if (filter.pointer !== null) conditions.push('pointer = {pointer:String}')
  if (filter.rejectionId !== null) conditions.push('rejection_id = {rejection_id:String}')
  if (filter.startMs !== null) conditions.push(`received_time >= ${instantSql('start_ms')}`)
  if (filter.endMs !== null) conditions.push(`received_time < ${instantSql('end_ms')}`)
  if (filter.replayed !== null) {
    conditions.push(`replayed_time ${filter.replayed ? '>' : '='} ${NOT_YET}`)
  }
  return conditions.join(' AND ')
}

/** The parameters that `rejectedSql` refers to. */
export function rejectedParams(
  { gameId, env }: RowScope,
  filter: RejectedFilter,
): Record<string, Parameter> {
  const params: Record<string, Parameter | null> = {
    game_id: gameId,
    env,
    code: filter.code,
    verdict: filter.verdict,
    event: filter.event,
    door: filter.door,
    pointer: filter.pointer,
    rejection_id: filter.rejectionId,
    start_ms: filter.startMs,
    end_ms: filter.endMs,
  }
  return Object.fromEntries(
    Object.entries(params).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  )
}

/**
 * Up to `limit` rows, latest first, behind `after` (null for the beginning). `payload` has up to
 * `payloadLength` characters, `payload_length` says how many are stored. Throws DatabaseError.
 */
export function rejectedEvents(
  connection: ClickHouseConnection,
  scope: RowScope,
  filter: RejectedFilter,
  page: {
    readonly after: RejectedPosition | null
    readonly limit: number
    readonly payloadLength: number
  },
): Promise<ListedRejectedEventRow[]> {
  const { after } = page
  const position = '(received_time, rejection_id, code)'
  const behind =
    after === null
      ? ''
      : ` AND ${position} < (${instantSql('after_ms')}, {after_id:String}, {after_code:String})`
  const latestFirst = 'received_time DESC, rejection_id DESC, code DESC'
  // The payloads are by far the largest column: only those of the page are read.
  return ask(connection, {
    sql: `
SELECT ${COLUMNS_SQL},
    substringUTF8(payload, 1, {payload_length:UInt32}) AS payload,
    lengthUTF8(events_rejected.payload) AS payload_length
FROM events_rejected FINAL
WHERE ${SCOPE_SQL} AND (code, rejection_id) IN (
    SELECT code, rejection_id
    FROM events_rejected FINAL
    WHERE ${rejectedSql(filter)}${behind}
    ORDER BY ${latestFirst}
    LIMIT {limit:UInt32}
)
ORDER BY ${latestFirst}`,
    params: {
      ...rejectedParams(scope, filter),
      ...(after === null
        ? {}
        : { after_ms: after.receivedMs, after_id: after.rejectionId, after_code: after.code }),
      limit: page.limit,
      payload_length: page.payloadLength,
    },
    row: listedRowSchema,
  })
}

/**
 * Up to `limit` rows with their whole payload in the order of the table's key, behind `after` (null for the
 * beginning): however many there are, a page is read from where the last one ended. Throws DatabaseError.
 */
export function rejectedEventsByKey(
  connection: ClickHouseConnection,
  scope: RowScope,
  filter: RejectedFilter,
  { after, limit }: { readonly after: ReplayPosition | null; readonly limit: number },
): Promise<RejectedEventRow[]> {
  return ask(connection, {
    sql: `
SELECT ${COLUMNS_SQL}, payload
FROM events_rejected FINAL
WHERE ${rejectedSql(filter)} AND ${behindKeySql(after)}
ORDER BY code, rejection_id
LIMIT {limit:UInt32}`,
    params: { ...rejectedParams(scope, filter), ...behindKeyParams(after), limit },
    row: rowSchema,
  })
}

/** How many rows lie behind `after` in the order of the table's key. Throws DatabaseError. */
export async function countRejectedEvents(
  connection: ClickHouseConnection,
  scope: RowScope,
  filter: RejectedFilter,
  after: ReplayPosition | null,
): Promise<number> {
  const [row] = await ask(connection, {
    sql: `
SELECT count() AS events
FROM events_rejected FINAL
WHERE ${rejectedSql(filter)} AND ${behindKeySql(after)}`,
    params: { ...rejectedParams(scope, filter), ...behindKeyParams(after) },
    row: z.object({ events: z.int() }),
  })
  return row?.events ?? 0
}

/** Spelled so that the index skips what lies before `after`. */
function behindKeySql(after: ReplayPosition | null): string {
  if (after === null) return 'true'
  return `code >= {after_code:String} AND (code > {after_code:String} OR rejection_id > {after_id:String})`
}

function behindKeyParams(after: ReplayPosition | null): Record<string, Parameter> {
  return after === null ? {} : { after_code: after.code, after_id: after.rejectionId }
}
