/** What is reported twice counts once: bodies that are sent again, orders that are reported in several ways. */
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

import { describe, inject, it, vi } from 'vitest'
import { z } from 'zod'

import { runSql } from '../../scripts/database/run-sql.ts'

const stack = inject('stack')
const RUN = Date.now()

type Door = 'events' | 'payments'

async function post(
  body: string | Buffer,
  {
    door = 'events',
    key = stack.writeKey,
    headers = {},
  }: { door?: Door; key?: string; headers?: Record<string, string> } = {},
) {
  const response = await fetch(`${stack.url}/api/${door}/track`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, ...headers },
    body: typeof body === 'string' ? body : Uint8Array.from(body),
  })
  const answer = z
    .object({ accepted: z.int(), rejected: z.int() })
    .parse(await response.json(), { reportInput: true })
  return { status: response.status, ...answer }
}

async function countOf(table: string, condition: string, value: string): Promise<number> {
  const sql = `SELECT count() FROM ${table} FINAL WHERE game_id = {game:String} AND ${condition}`
  return Number(await runSql(stack.clickhouse, sql, { game: stack.gameId, value }))
}

const eventsOf = (user: string) => countOf('events', 'startsWith(user_id, {value:String})', user)
const refusalsOf = (user: string) =>
  countOf(
    'events_rejected',
    `startsWith(JSONExtractString(payload, 'user_id'), {value:String})`,
    user,
  )

/** Sends an event of its own and waits for it, and then for whatever else is on its way. */
async function untilStored(): Promise<void> {
  const user = `once-marker-${crypto.randomUUID()}`
  await post(JSON.stringify({ event: 'user.login', user_id: user, ts: Date.now() }))
  await vi.waitUntil(async () => (await eventsOf(user)) === 1, { timeout: 20_000, interval: 200 })
  await sleep(500)
}

/** Two good events and a bad one of a user, with or without ids of their own. */
function batchOf(user: string, withIds: boolean) {
  const names = ['user.login', 'session.heartbeat', 'nonsense.event']
  return names.map((event, index) => {
    const plain = { event, user_id: `${user}-${index}`, ts: RUN - 60_000 }
    return withIds ? Object.assign(plain, { event_id: `${user}-id-${index}` }) : plain
  })
}

type Attempt = (
  events: readonly object[],
  sentMs: number,
) => [string | Buffer, Record<string, string>]

const NDJSON = { 'Content-Type': 'application/x-ndjson' }
const GZIP = { 'Content-Encoding': 'gzip' }
const list: Attempt = (events) => [JSON.stringify(events), {}]
const lines: Attempt = (events) => [events.map((event) => JSON.stringify(event)).join('\n'), NDJSON]
const zipped: Attempt = (events) => [gzipSync(JSON.stringify(events)), GZIP]
const stamped: Attempt = (events, sentMs) => [JSON.stringify({ events, sent_at: sentMs }), {}]
const zippedStamped: Attempt = (events, sentMs) => [
  gzipSync(JSON.stringify({ events, sent_at: sentMs, sent_uptime_ms: sentMs - RUN + 900_000 })),
  GZIP,
]

describe.concurrent('a body that is sent again after minutes', () => {
  const forms = { list, lines, zipped, stamped, zippedStamped }
  const cases = Object.entries(forms).flatMap(([form, attempt]) =>
    [true, false].map((withIds) => ({ form, attempt, withIds })),
  )

  it.for(cases)(
    'adds no row as $form, event ids: $withIds',
    async ({ form, attempt, withIds }, { expect }) => {
      const user = `once-${form}-${withIds}-${RUN}`
      const events = batchOf(user, withIds)
      // The first attempt was written minutes ago, and again now; the client stamps each anew.
      for (const sentMs of [RUN - 240_000, RUN - 120_000, Date.now()]) {
        const [body, headers] = attempt(events, sentMs)
        expect(await post(body, { headers })).toEqual({ status: 202, accepted: 2, rejected: 1 })
        await sleep(700)
      }
      await untilStored()
      expect({ events: await eventsOf(user), refusals: await refusalsOf(user) }).toEqual({
        events: 2,
        refusals: 1,
      })
    },
  )

  it('adds no event in another form, when the events have ids of their own', async ({ expect }) => {
    const user = `once-forms-${RUN}`
    for (const attempt of [list, lines, zipped, stamped, zippedStamped]) {
      const [body, headers] = attempt(batchOf(user, true), Date.now())
      await post(body, { headers })
    }
    await untilStored()
    expect(await eventsOf(user)).toBe(2)
  })

  it('adds no event when it is compressed anew, or not at all, even without ids', async ({
    expect,
  }) => {
    const user = `once-encodings-${RUN}`
    const otherLevel: Attempt = (events) => [gzipSync(JSON.stringify(events), { level: 1 }), GZIP]
    for (const attempt of [list, zipped, otherLevel, list]) {
      const [body, headers] = attempt(batchOf(user, false), RUN)
      await post(body, { headers })
    }
    await untilStored()
    expect({ events: await eventsOf(user), refusals: await refusalsOf(user) }).toEqual({
      events: 2,
      refusals: 1,
    })
  })

  it('adds no event in another encoding when it carries its send time, even without ids', async ({
    expect,
  }) => {
    const user = `once-stamped-${RUN}`
    for (const attempt of [stamped, zippedStamped]) {
      const [body, headers] = attempt(batchOf(user, false), Date.now())
      await post(body, { headers })
    }
    await untilStored()
    expect(await eventsOf(user)).toBe(2)
  })
})

describe('events that were accepted in one batch', () => {
  it('are one row each when their days differ, however wrong the clock of the client was', async ({
    expect,
  }) => {
    const user = `once-days-${RUN}`
    const events = [
      '1970-01-01T00:00:00Z',
      '2148-06-07T00:00:00Z',
      '2149-06-07T00:00:00Z',
      '2026-01-01T00:00:00Z',
    ].map((ts) => ({ event: 'user.login', user_id: user, event_id: user, ts, uptime_ms: 1_000 }))
    const { accepted } = await post(JSON.stringify({ events, sent_uptime_ms: 2_000 }))
    await untilStored()
    expect(await eventsOf(user)).toBe(accepted)
  })
})

const moneySchema = z.object({
  revenue_by_currency: z.record(
    z.string(),
    z.object({ revenue_cents: z.int(), refunds_cents: z.int(), payers: z.int() }),
  ),
})

/** What the overview says of a currency; each test has one that nobody else pays in. */
async function moneyIn(currency: string) {
  const response = await fetch(`${stack.url}/api/analytics/overview`, {
    headers: { Authorization: `Bearer ${stack.readKey}` },
  })
  const { revenue_by_currency: money } = moneySchema.parse(await response.json())
  const { revenue_cents: revenue, refunds_cents: refunds } = money[currency] ?? {
    revenue_cents: 0,
    refunds_cents: 0,
  }
  return { revenue, refunds }
}

const asServer = { door: 'payments', key: stack.serverKey } as const
const asClient = { door: 'payments' } as const

function payment(orderId: string, fields: Record<string, unknown>) {
  return JSON.stringify({
    order_id: `${orderId}-${RUN}`,
    user_id: `payer-${orderId}`,
    ts: Date.now(),
    status: 'success',
    ...fields,
  })
}

/** The three ways to report an order, each with an amount of its own: the server's is 300. */
const REPORTS = [
  (orderId: string, currency: string) =>
    post(
      payment(orderId, {
        event: 'purchase',
        status: undefined,
        sku_id: 'gems',
        price_usd: 1,
        amount_cents: 100,
        currency_code: currency,
      }),
    ),
  (orderId: string, currency: string) =>
    post(payment(orderId, { amount_cents: 200, currency }), asClient),
  (orderId: string, currency: string) =>
    post(payment(orderId, { amount_cents: 300, currency }), asServer),
] as const
const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const

describe.concurrent('an order', () => {
  it('is one payment with the amount of the server, however and in whatever order it is reported', async ({
    expect,
  }) => {
    // Each step is stored before the next one: the rows meet in the table, not in one insert.
    for (const step of [0, 1, 2] as const) {
      for (const [index, order] of ORDERS.entries()) {
        const outcome = await REPORTS[order[step]](`three-${index}`, 'BTN')
        expect(outcome).toEqual({ status: 202, accepted: 1, rejected: 0 })
      }
      await untilStored()
    }
    const paid = await countOf('payments', 'currency = {value:String}', 'BTN')
    expect(paid).toBe(ORDERS.length)
    expect(await moneyIn('BTN')).toEqual({ revenue: 300 * ORDERS.length, refunds: 0 })
  })

  it('is one payment when all reports arrive at once', async ({ expect }) => {
    await Promise.all(REPORTS.map((report) => report('at-once', 'GEL')))
    await untilStored()
    expect(await moneyIn('GEL')).toEqual({ revenue: 300, refunds: 0 })
  })

  it('is no revenue when the server says that it failed after the client said success', async ({
    expect,
  }) => {
    await post(payment('failed', { amount_cents: 100, currency: 'MVR' }), asClient)
    await untilStored()
    expect(await moneyIn('MVR')).toEqual({ revenue: 100, refunds: 0 })
    await post(payment('failed', { status: 'failed', currency: 'MVR' }), asServer)
    await untilStored()
    expect(await moneyIn('MVR')).toEqual({ revenue: 0, refunds: 0 })
  })

  it('that is pending and then a success is one payment', async ({ expect }) => {
    const amount = { amount_cents: 500, currency: 'KMF' }
    await post(payment('pending', { ...amount, status: 'pending' }), asServer)
    await untilStored()
    expect(await moneyIn('KMF')).toEqual({ revenue: 0, refunds: 0 })
    await post(payment('pending', amount), asServer)
    await post(payment('pending', amount), asClient)
    await untilStored()
    expect(await moneyIn('KMF')).toEqual({ revenue: 500, refunds: 0 })
  })

  it('may be refunded in parts, each once, and only by the server', async ({ expect }) => {
    await post(payment('parts', { amount_cents: 1_000, currency: 'TOP' }), asServer)
    const refund = (refundId: string, cents: number) =>
      payment('parts', {
        status: 'refunded',
        refund_id: refundId,
        amount_cents: cents,
        currency: 'TOP',
      })
    for (const [id, cents] of [
      ['r1', 300],
      ['r2', 200],
      ['r1', 300],
    ] as const) {
      expect(await post(refund(id, cents), asServer)).toMatchObject({ accepted: 1 })
      await sleep(300)
    }
    expect(await post(refund('r3', 100), asClient)).toMatchObject({ accepted: 0, rejected: 1 })
    await untilStored()
    expect(await moneyIn('TOP')).toEqual({ revenue: 1_000, refunds: 500 })
  })
})
