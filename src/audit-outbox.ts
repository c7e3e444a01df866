/**
 * The outbox of the audit log: lines that are committed in D1, where they are safe, and then go through the queue to
 * ClickHouse. What the queue does not take waits for the next call.
 */
import { z } from 'zod'

import { sendAuditRows } from './audit.ts'
import { configOf } from './config.ts'
import { within } from './deadline.ts'
import { log } from './log.ts'
import { createEventQueue } from './queue/create-event-queue.ts'

/** Rows of one message, and their bytes: they have room for the largest row, and stay below the platform's limit. */
const MAX_SENT_ROWS = 100
const MAX_SENT_BYTES = 100_000

/** Messages that one call sends, for itself and for those that came meanwhile; the rest waits for the next call. */
const MAX_ROUNDS = 20

/** How long one message may take, in milliseconds. A sender that is older has died with its request. */
const ROUND_DEADLINE_MS = 10_000

interface Sender {
  /** When its present message was begun */
  startMs: number
  /** Whether there may be rows that it has not read */
  hasMore: boolean
}

/** At most one per isolate: calls that overlap would send the same rows each. */
let sender: Sender | null = null

/** Puts a line of toAuditRow into the outbox; the answer is its id, for removeRows. */
export function keepRow(db: D1Database, row: string, nowMs: number): D1PreparedStatement {
  return db
    .prepare('INSERT INTO audit_outbox (row, created_time) VALUES (?, ?) RETURNING id')
    .bind(row, timeOf(nowMs))
}

/** The same, only if the statement before it in the batch has changed something; otherwise no id is answered. */
export function keepRowOfChange(db: D1Database, row: string, nowMs: number): D1PreparedStatement {
  return db
    .prepare(
      'INSERT INTO audit_outbox (row, created_time) SELECT ?, ? WHERE changes() > 0 RETURNING id',
    )
    .bind(row, timeOf(nowMs))
}

/** Removes the rows with these ids. */
export function removeRows(db: D1Database, ids: readonly number[]): D1PreparedStatement {
  return db
    .prepare('DELETE FROM audit_outbox WHERE id IN (SELECT value FROM json_each(?))')
    .bind(JSON.stringify(ids))
}

/**
 * Sends what waits, the oldest first, unless another call of this isolate is at it: then that one goes on until
 * nothing is left. A row may be sent twice, from two isolates; the table keeps one. Never throws.
 */
export async function sendOutbox(env: Env, traceId: string): Promise<void> {
  if (!createEventQueue(configOf(env).queueType, env.EVENTS_QUEUE).stores) return
  if (sender !== null && Date.now() - sender.startMs < ROUND_DEADLINE_MS) {
    sender.hasMore = true
    return
  }
  const own: Sender = { startMs: 0, hasMore: true }
  sender = own
  try {
    for (let round = 0; own.hasMore && round < MAX_ROUNDS; round += 1) {
      own.startMs = Date.now()
      own.hasMore = false
      const isEmpty = await within(ROUND_DEADLINE_MS, sendOldest(env, traceId))
      if (!isEmpty) own.hasMore = true
    }
  } catch (error) {
    // They are committed: the next call sends them.
    log('warn', 'audit rows wait in the outbox', { trace_id: traceId, error })
  } finally {
    if (sender === own) sender = null
  }
}

const outboxSchema = z.array(z.object({ id: z.int(), row: z.string() }))

/** Whether nothing is left after it. */
async function sendOldest(env: Env, traceId: string): Promise<boolean> {
  const db = env.CONTROL_DB
  const { results } = await db
    .prepare('SELECT id, row FROM audit_outbox ORDER BY id LIMIT ?')
    .bind(MAX_SENT_ROWS)
    .all()
  const waiting = outboxSchema.parse(results)
  const sent = withinBytes(waiting)
  if (sent.length === 0) return true
  const request = { traceId, receivedTimeMs: Date.now() }
  await sendAuditRows(
    env,
    sent.map(({ row }) => row),
    request,
  )
  await removeRows(
    db,
    sent.map(({ id }) => id),
  ).run()
  return sent.length === waiting.length && waiting.length < MAX_SENT_ROWS
}

function withinBytes(rows: z.output<typeof outboxSchema>): z.output<typeof outboxSchema> {
  const encoder = new TextEncoder()
  let left = MAX_SENT_BYTES
  return rows.filter(({ row }) => {
    left -= encoder.encode(row).byteLength
    return left >= 0
  })
}

function timeOf(nowMs: number): string {
  return new Date(nowMs).toISOString()
}
