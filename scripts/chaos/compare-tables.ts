/** The tables of a game against what must be in them. */
import { z } from 'zod'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { runSql } from '../database/run-sql.ts'
import { ATTEMPT_TIMEOUT_MS } from './client.ts'
import type { GameTruth } from './oracle.ts'
import { paymentRows } from './oracle.ts'

/** Losses that are named. */
const SHOWN_LOSSES = 20

/** What a comparison found. */
export interface Findings {
  /** Events and payments that were acknowledged and are there */
  stored: number
  lost: number
  duplicated: number
  /** Everything else that is not as it must be, in words */
  readonly wrong: string[]
}

export const noFindings = (): Findings => ({ stored: 0, lost: 0, duplicated: 0, wrong: [] })

/** The rows of a question about one game. */
export async function rowsOf<Row>(
  connection: ClickHouseConnection,
  sql: string,
  gameId: string,
  row: z.ZodType<Row>,
): Promise<Row[]> {
  const text = await runSql(connection, `${sql} FORMAT JSONCompactEachRow`, { game: gameId })
  const rows: Row[] = []
  for (const line of text.split('\n')) if (line !== '') rows.push(row.parse(JSON.parse(line)))
  return rows
}

const eventSchema = z.tuple([
  z.string(),
  z.string(),
  z.string(),
  z.coerce.number(),
  z.coerce.number(),
])

/** Every acknowledged event is one row, as it was sent; nothing else is there. */
export async function compareEvents(
  connection: ClickHouseConnection,
  { game, events, sent }: GameTruth,
  findings: Findings,
): Promise<void> {
  const rows = await rowsOf(
    connection,
    `SELECT JSONExtractString(props_json, 'mark'), event, user_id,
       toUnixTimestamp64Milli(client_time), toUnixTimestamp64Milli(event_time)
     FROM events FINAL WHERE game_id = {game:String}`,
    game.gameId,
    eventSchema,
  )
  const seen = new Set<string>()
  for (const [mark, event, userId, clientMs, eventMs] of rows) {
    const expected = events.get(mark)
    if (expected === undefined) {
      const origin = sent.has(mark) ? 'was not acknowledged as accepted' : 'was never sent'
      findings.wrong.push(`${game.gameId} events: ${mark} ${origin}`)
      continue
    }
    if (seen.has(mark)) findings.duplicated += 1
    else findings.stored += 1
    seen.add(mark)
    const lateMs = eventMs - expected.trueMs
    const isTimeRight = expected.isCorrected
      ? lateMs >= -1 && lateMs <= ATTEMPT_TIMEOUT_MS
      : lateMs === 0
    if (event !== expected.event || userId !== expected.userId || clientMs !== expected.clientMs) {
      findings.wrong.push(`${game.gameId} events: ${mark} is ${event} of ${userId} at ${clientMs}`)
    } else if (!isTimeRight) {
      findings.wrong.push(`${game.gameId} events: ${mark} is ${lateMs} ms after its time`)
    }
  }
  for (const [mark, { event, isPoison }] of events) {
    if (seen.has(mark)) continue
    findings.lost += 1
    const kind = isPoison ? `${event}, a row that the database refuses` : event
    if (findings.lost <= SHOWN_LOSSES)
      findings.wrong.push(`${game.gameId} events: ${mark} is lost (${kind})`)
  }
}

const paymentSchema = z.tuple([
  z.string(),
  z.string(),
  z.string(),
  z.string(),
  z.coerce.number(),
  z.string(),
  z.string(),
  z.coerce.number(),
])

/** One row per order, status and refund, as the best reporter said it. */
export async function comparePayments(
  connection: ClickHouseConnection,
  { game, payments, events }: GameTruth,
  findings: Findings,
): Promise<void> {
  const rows = await rowsOf(
    connection,
    `SELECT order_id, status, refund_id, reported_by, amount_cents, currency, user_id,
       toUnixTimestamp64Milli(time)
     FROM payments FINAL WHERE game_id = {game:String}`,
    game.gameId,
    paymentSchema,
  )
  const expected = paymentRows(payments.values())
  const seen = new Set<string>()
  for (const [orderId, status, refundId, reporter, cents, currency, userId, timeMs] of rows) {
    const key = [orderId, status, refundId].join('/')
    const row = expected.get(key)
    if (row === undefined) {
      findings.wrong.push(`${game.gameId} payments: ${key} was not acknowledged`)
      continue
    }
    if (seen.has(key)) findings.duplicated += 1
    seen.add(key)
    const said = [reporter, cents, currency, userId, timeMs].join(' ')
    const right = [row.reporter, row.amountCents, row.currency, row.userId, row.trueMs].join(' ')
    if (said !== right)
      findings.wrong.push(`${game.gameId} payments: ${key} is ${said}, not ${right}`)
  }
  for (const report of payments.values()) {
    // An event that is a payment as well is counted with the events.
    const isOwn = !events.has(report.mark)
    if (!seen.has([report.orderId, report.status, report.refundId].join('/'))) findings.lost += 1
    else if (isOwn) findings.stored += 1
  }
}

/** Every refused event is one row with its code. */
export async function compareRefused(
  connection: ClickHouseConnection,
  { game, refused }: GameTruth,
  findings: Findings,
): Promise<void> {
  const rows = await rowsOf(
    connection,
    `SELECT if(door = 'events', JSONExtractString(payload, 'props', 'mark'),
         JSONExtractString(payload, 'reason')), code
     FROM events_rejected FINAL WHERE game_id = {game:String}`,
    game.gameId,
    z.tuple([z.string(), z.string()]),
  )
  const seen = new Set<string>()
  for (const [mark, code] of rows) {
    const expected = refused.get(mark)
    if (expected !== code) {
      findings.wrong.push(
        `${game.gameId} events_rejected: ${mark} is ${code}, not ${expected ?? 'there'}`,
      )
    }
    if (seen.has(mark))
      findings.wrong.push(`${game.gameId} events_rejected: ${mark} is there twice`)
    seen.add(mark)
  }
  for (const mark of refused.keys()) {
    if (!seen.has(mark)) findings.wrong.push(`${game.gameId} events_rejected: ${mark} is lost`)
  }
}

/** Every acknowledged POST is on record once with its counts, and there are no more than attempts. */
export async function compareAudit(
  connection: ClickHouseConnection,
  { game, posts, attempts }: GameTruth,
  findings: Findings,
): Promise<void> {
  const rows = await rowsOf(
    connection,
    `SELECT trace_id, accepted, rejected FROM audit_log FINAL
     WHERE game_id = {game:String} AND action IN ('events.track', 'payments.track')`,
    game.gameId,
    z.tuple([z.string(), z.int(), z.int()]),
  )
  const seen = new Set<string>()
  for (const [traceId, accepted, rejected] of rows) {
    const expected = posts.get(traceId)
    if (seen.has(traceId))
      findings.wrong.push(`${game.gameId} audit_log: ${traceId} is there twice`)
    seen.add(traceId)
    if (expected === undefined) continue
    if (expected.accepted !== accepted || expected.rejected !== rejected) {
      findings.wrong.push(`${game.gameId} audit_log: ${traceId} has other counts`)
    }
  }
  const lost = [...posts.keys()].filter((traceId) => !seen.has(traceId)).length
  if (lost > 0) findings.wrong.push(`${game.gameId} audit_log: ${lost} acknowledged POSTs are lost`)
  if (seen.size > attempts) {
    findings.wrong.push(`${game.gameId} audit_log: ${seen.size} rows of ${attempts} attempts`)
  }
}
