/** Messages of aggregates and payments, and what the tables then say, for tests inside workerd. */
import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { vi } from 'vitest'
import { z } from 'zod'

import { PUBLISH_INTERVAL_MS } from '../../configs/limits.ts'
import { ask } from '../../src/clickhouse/reader.ts'
import { configOf } from '../../src/config.ts'
import type { Envelope, RowTable } from '../../src/event/envelope.ts'
import { encodeEnvelope } from '../../src/event/envelope.ts'
import worker from '../../src/index.ts'

/** What the consumer decided about the messages, in this order. */
export async function consume(bodies: readonly Uint8Array[], testEnv: Env = env) {
  const messages = bodies.map((body) => ({
    id: crypto.randomUUID(),
    timestamp: new Date(),
    attempts: 1,
    body,
  }))
  const batch = createMessageBatch('croupier-events', messages)
  const context = createExecutionContext()
  await worker.queue(batch, testEnv)
  const { explicitAcks } = await getQueueResult(batch, context)
  return messages.map(({ id }) => (explicitAcks.includes(id) ? 'acked' : 'retried'))
}

/** What a queue was given, and for how long it should keep it. */
export interface Sent {
  readonly body: Uint8Array
  readonly delaySeconds: number | undefined
}

/** A queue that keeps what it is given for the test. */
export function keepingQueue(sent: Sent[]): Queue {
  const metadata = { metrics: { backlogCount: 0, backlogBytes: 0 } }
  return {
    metrics: () => env.EVENTS_QUEUE.metrics(),
    send: async (body, options) => {
      if (!(body instanceof Uint8Array)) throw new TypeError('expected bytes')
      sent.push({ body, delaySeconds: options?.delaySeconds })
      return { metadata }
    },
    sendBatch: () => Promise.reject(new Error('sends one by one')),
  }
}

/** Consumes the messages, then, when it is time, what the consumer has put on the queue. */
export async function settle(bodies: readonly Uint8Array[]) {
  const sent: Sent[] = []
  const outcomes = await consume(bodies, { ...env, EVENTS_QUEUE: keepingQueue(sent) })
  vi.setSystemTime(Date.now() + PUBLISH_INTERVAL_MS)
  const refreshed = sent.length === 0 ? [] : await consume(sent.map(({ body }) => body))
  return { outcomes, refreshed }
}

/** A message of rows for one table, and whatever else it says. */
export function rowsMessage(
  gameId: string,
  table: RowTable,
  rows: readonly Readonly<Record<string, unknown>>[],
  fields: Partial<Envelope> = {},
): Uint8Array {
  const lines = rows.map((row) => `${JSON.stringify({ game_id: gameId, env: 'prod', ...row })}\n`)
  return encodeEnvelope({
    gameId,
    env: 'prod',
    traceId: '0123456789abcdef',
    receivedTimeMs: Date.now(),
    sections: [{ table, rows: rows.length, ndjson: new TextEncoder().encode(lines.join('')) }],
    tokens: [],
    ...fields,
  })
}

const revenueSchema = z.object({
  d: z.string(),
  currency: z.string(),
  revenue_cents: z.string(),
  refunds_cents: z.string(),
  failed: z.int(),
  succeeded: z.int(),
})
export type RevenueRow = z.output<typeof revenueSchema>

/** The rows of daily_revenue of a game, in the order of their keys. */
export function revenueOf(gameId: string): Promise<RevenueRow[]> {
  return ask(configOf(env).clickhouse, {
    sql: `SELECT toString(d) AS d, currency, toString(revenue_cents) AS revenue_cents,
            toString(refunds_cents) AS refunds_cents, failed, succeeded
          FROM daily_revenue FINAL WHERE game_id = {game:String} AND env = 'prod'
          ORDER BY d, currency`,
    params: { game: gameId },
    row: revenueSchema,
  })
}
