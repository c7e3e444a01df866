/** A batch that is judged again later: the same events, the same identity, however late and however it was sent. */
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { z } from 'zod'

import { acceptBatch } from '../../../src/ingest/accept-batch.ts'
import { acceptPayments } from '../../../src/ingest/accept-payments.ts'
import { digestOnce } from '../../../src/ingest/body-digest.ts'
import { readEvents, repeatedOf } from '../../../src/ingest/read-events.ts'
import { anIngestContext } from './ingest-context.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const receivedTimeMs = anIngestContext().receivedTimeMs

/** Bodies to rows as a request does it. */
function rowsOf(body: string, nowMs: number, door: 'events' | 'payments' = 'events') {
  const incoming = readEvents(body, 'application/json')
  const { events, sentTimeMs, sentUptimeMs } = incoming
  const context = anIngestContext({
    receivedTimeMs: nowMs,
    sentTimeMs,
    sentUptimeMs,
    bodyDigest: digestOnce(() => repeatedOf(incoming, body)),
  })
  return (door === 'events' ? acceptBatch : acceptPayments)(events, context)
}

const keySchema = z.object({
  game_id: z.string(),
  env: z.string(),
  event: z.string(),
  client_time: z.string(),
  user_id: z.string(),
  event_id: z.string(),
})
const refusalSchema = z.object({ code: z.string(), rejection_id: z.string() })
const paymentSchema = z.object({
  order_id: z.string(),
  status: z.string(),
  refund_id: z.string().default(''),
})

/** What a table tells rows apart by: the day of the client's time for events. */
function eventKeys(rows: readonly string[]): string[] {
  return rows.map((row) => {
    const key = keySchema.parse(JSON.parse(row))
    return JSON.stringify({ ...key, client_time: key.client_time.slice(0, 10) })
  })
}

function refusalKeys(rows: readonly string[]): string[] {
  return rows.map((row) => JSON.stringify(refusalSchema.parse(JSON.parse(row))))
}

const anyEvent = fc.record(
  {
    event: fc.constantFrom('session.heartbeat', 'user.login', 'user_register', 'nonsense.event'),
    user_id: fc.constantFrom('u1', 'u2', ''),
    event_time: fc.integer({ min: receivedTimeMs - 20 * DAY_MS, max: receivedTimeMs }),
    event_id: fc.option(fc.uuid(), { nil: undefined }),
    uptime_ms: fc.option(fc.integer({ min: 0, max: 10_000_000 }), { nil: undefined }),
  },
  { requiredKeys: ['event', 'user_id', 'event_time'] },
)

describe('a batch that is sent again minutes later', () => {
  it('adds no event and no refusal when the body is the same', async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 90 }),
        async (events, minutes) => {
          const body = JSON.stringify(events)
          const first = rowsOf(body, receivedTimeMs)
          const later = rowsOf(body, receivedTimeMs + minutes * MINUTE_MS)
          expect(eventKeys(later.eventRows)).toEqual(eventKeys(first.eventRows))
          expect(refusalKeys(later.rejectedRows)).toEqual(refusalKeys(first.rejectedRows))
        },
      ),
      { seed: 41, numRuns: 500 },
    )
  })

  it('adds no event when only the clocks of the batch are new, with and without event ids', async ({
    expect,
  }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 90 }),
        async (events, minutes) => {
          const attempt = (laterMs: number) => ({
            events,
            sent_at: receivedTimeMs + laterMs,
            sent_uptime_ms: 20_000_000 + laterMs,
          })
          const first = rowsOf(JSON.stringify(attempt(0)), receivedTimeMs)
          const laterMs = minutes * MINUTE_MS
          const later = rowsOf(JSON.stringify(attempt(laterMs)), receivedTimeMs + laterMs)
          expect(eventKeys(later.eventRows)).toEqual(eventKeys(first.eventRows))
        },
      ),
      { seed: 42, numRuns: 500 },
    )
  })

  it.for<[string, object]>([
    ['without event ids', {}],
    ['with event ids', { event_id: 'mine' }],
  ])('adds no refusal when only sent_at is new, %s', async ([, fields], { expect }) => {
    const event = { event: 'nonsense.event', user_id: 'u', ts: receivedTimeMs, ...fields }
    const attempt = (laterMs: number) =>
      rowsOf(
        JSON.stringify({ events: [event], sent_at: receivedTimeMs + laterMs }),
        receivedTimeMs + laterMs,
      )
    const first = attempt(0)
    const later = attempt(5 * MINUTE_MS)
    expect(first.rejectedRows).toHaveLength(1)
    expect(refusalKeys(later.rejectedRows)).toEqual(refusalKeys(first.rejectedRows))
  })

  it('is the same order, whatever else the second attempt says', async ({ expect }) => {
    const payment = { order_id: 'o', user_id: 'u', status: 'success', currency: 'USD' }
    const attempt = (fields: object, laterMs: number) =>
      rowsOf(
        JSON.stringify({ ...payment, ts: receivedTimeMs, ...fields }),
        receivedTimeMs + laterMs,
        'payments',
      )
    const first = attempt({ amount_cents: 100 }, 0)
    const later = attempt({ amount_cents: 900, ts: receivedTimeMs + 1 }, 5 * MINUTE_MS)
    const keys = [...first.paymentRows, ...later.paymentRows].map((row) =>
      JSON.stringify(paymentSchema.parse(JSON.parse(row))),
    )
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(1)
  })
})
