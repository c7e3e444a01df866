/** Revenue of days: from payments in messages to daily_revenue. */
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, it, vi } from 'vitest'

import { PUBLISH_INTERVAL_MS } from '../../configs/limits.ts'
import { request } from '../../src/clickhouse/request.ts'
import { configOf } from '../../src/config.ts'
import { decodeEnvelope } from '../../src/event/envelope.ts'
import type { Sent } from './aggregates-support.ts'
import { consume, keepingQueue, revenueOf, rowsMessage, settle } from './aggregates-support.ts'
import { aReport, isZero, messagesOf, sumsOf } from './revenue-oracle.ts'
import { countRows } from './support.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const UTC = { timeZone: 'UTC', shards: 1, hashId: 0 }
const DAY_MS = 86_400_000
const DAY = Date.parse('2026-11-20T00:00:00Z') / DAY_MS
const NONE = { currency: 'USD', revenue_cents: '0', refunds_cents: '0', failed: 0, succeeded: 0 }

interface Said {
  readonly order_id: string
  readonly time: string
  readonly [column: string]: string | number
}

/** A message of payments, as ingest packs them; the days are UTC's. */
const payments = (gameId: string, ...rows: readonly Said[]) =>
  rowsMessage(
    gameId,
    'payments',
    rows.map((row) => ({
      user_id: 'u',
      status: 'success',
      reported_by: 'client',
      currency: 'USD',
      amount_cents: 100,
      received_time: '2026-11-22 10:00:00.000',
      ...row,
    })),
    {
      counting: UTC,
      revenueDays: [...new Set(rows.map(({ time }) => Date.parse(time.slice(0, 10)) / DAY_MS))],
    },
  )

describe('revenue of a day', () => {
  it('is summed by currency, once however often a message comes', async ({ expect }) => {
    const message = payments(
      'revenue-sum',
      { order_id: 'o-1', time: '2026-11-20 10:00:00' },
      { order_id: 'o-2', time: '2026-11-20 11:00:00', amount_cents: 250 },
      { order_id: 'o-3', time: '2026-11-20 12:00:00', currency: 'JPY' },
      { order_id: 'o-4', time: '2026-11-20 13:00:00', status: 'failed' },
      { order_id: 'o-5', time: '2026-11-20 13:00:00', status: 'pending' },
      {
        order_id: 'o-1',
        time: '2026-11-21 13:00:00',
        status: 'refunded',
        reported_by: 'server',
        amount_cents: 40,
      },
    )
    const { outcomes, refreshed } = await settle([message, message])
    expect({ outcomes, refreshed }).toEqual({ outcomes: ['acked', 'acked'], refreshed: ['acked'] })
    expect((await settle([message])).outcomes).toEqual(['acked'])
    expect(await revenueOf('revenue-sum')).toEqual([
      { ...NONE, d: '2026-11-20', currency: 'JPY', revenue_cents: '100', succeeded: 1 },
      { ...NONE, d: '2026-11-20', revenue_cents: '350', failed: 1, succeeded: 2 },
      { ...NONE, d: '2026-11-21', refunds_cents: '40' },
    ])
  })

  it.for([
    ['the day after', '2026-11-21 00:10:00'],
    ['five days later', '2026-11-25 10:00:00'],
  ] as const)(
    'is 0 where the server says %s that the payment failed',
    async ([, time], { expect }) => {
      const gameId = `revenue-failed-${time.slice(8, 10)}`
      const order = { order_id: 'o-1' }
      await settle([payments(gameId, { ...order, time: '2026-11-20 23:50:00' })])
      expect(await revenueOf(gameId)).toMatchObject([{ revenue_cents: '100', succeeded: 1 }])
      await settle([payments(gameId, { ...order, time, status: 'failed', reported_by: 'server' })])
      expect(await revenueOf(gameId)).toEqual([
        { ...NONE, d: '2026-11-20' },
        { ...NONE, d: time.slice(0, 10), failed: 1 },
      ])
    },
  )

  it.for([
    ['later', '2026-11-20 23:59:59', '2026-11-21 00:00:01'],
    ['earlier', '2026-11-21 00:00:01', '2026-11-20 23:59:59'],
    ['much-later', '2026-10-20 10:00:00', '2026-11-19 10:00:00'],
    ['much-earlier', '2026-11-19 10:00:00', '2026-10-20 10:00:00'],
  ] as const)(
    'moves with a payment that the server puts on the %s day',
    async ([name, said, told], { expect }) => {
      const gameId = `revenue-moved-${name}`
      await settle([payments(gameId, { order_id: 'o-1', time: said })])
      await settle([payments(gameId, { order_id: 'o-1', time: told, reported_by: 'server' })])
      const rows = await revenueOf(gameId)
      const sums = Object.fromEntries(rows.map(({ d, revenue_cents: cents }) => [d, cents]))
      expect(sums).toEqual({ [said.slice(0, 10)]: '0', [told.slice(0, 10)]: '100' })
    },
  )

  it('is summed however many payments a message brings and whatever their ids', async ({
    expect,
  }) => {
    const rows = Array.from({ length: 1_000 }, (_, index) => ({
      order_id: `${'単'.repeat(120)}-${index}`,
      time: '2026-11-20 10:00:00',
    }))
    const { outcomes } = await settle([payments('revenue-many', ...rows)])
    expect(outcomes).toEqual(['acked'])
    expect(await revenueOf('revenue-many')).toMatchObject([
      { revenue_cents: '100000', succeeded: 1_000 },
    ])
  })

  it('stays as it is once the table has deleted the payments', async ({ expect }) => {
    const gameId = 'revenue-expired'
    const expired = payments(gameId, { order_id: 'o-1', time: '2026-03-01 10:00:00' })
    const run = async (sql: string) => {
      const parameters = { mutations_sync: '2', alter_sync: '2' }
      const reply = await request(configOf(env).clickhouse, {
        parameters,
        body: sql,
        deadlineMs: 20_000,
      })
      expect(reply).toMatchObject({ status: 200, code: null })
    }
    await settle([expired])
    const before = await revenueOf(gameId)
    expect(before).toMatchObject([{ d: '2026-03-01', revenue_cents: '100' }])
    await run('ALTER TABLE payments MODIFY TTL toDateTime(time) + toIntervalDay(90)')
    try {
      await run('OPTIMIZE TABLE payments FINAL')
      expect(await countRows('payments', `game_id = '${gameId}'`, {})).toBe(0)
      const again = rowsMessage(gameId, 'payments', [], {
        sections: [],
        counting: UTC,
        revenueDays: [Date.parse('2026-03-01') / DAY_MS],
      })
      expect(await consume([again])).toEqual(['acked'])
      expect(await revenueOf(gameId)).toEqual(before)
    } finally {
      await run('ALTER TABLE payments REMOVE TTL')
    }
  })

  it('equals an independent sum of payments in any order, company and number', async ({
    expect,
  }) => {
    let games = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(aReport, { minLength: 1, maxLength: 30 }),
        fc.nat(),
        async (all, by) => {
          games += 1
          const gameId = `revenue-any-${games}`
          const messages = await messagesOf(gameId, all)
          const again = messages.filter((_, index) => (index + by) % 3 === 0)
          const [first, ...others] = turned([...messages, ...again], by)
          if (first === undefined) throw new Error('no message')
          await settle([first])
          await settle(others)
          await settle(turned(again, by + 1))
          // What else there is has lost its payments.
          const told = (await revenueOf(gameId)).filter((row) => !isZero(row))
          expect(told).toEqual(sumsOf(all))
        },
      ),
      { seed: 5, numRuns: 8 },
    )
  }, 60_000)
})

describe('a refresh of the revenue', () => {
  const order = { order_id: 'o-1', time: '2026-11-20 10:00:00' }

  it('is asked for once for the payments of a while, and again for those after it', async ({
    expect,
  }) => {
    const sent: Sent[] = []
    const testEnv = { ...env, EVENTS_QUEUE: keepingQueue(sent) }
    const gameId = 'revenue-once'
    const days = () => sent.map(({ body }) => decodeEnvelope(body).revenueDays)
    await consume([payments(gameId, order), payments(gameId, order)], testEnv)
    await consume([payments(gameId, { ...order, order_id: 'o-2' })], testEnv)
    expect(days()).toEqual([[DAY]])
    expect(sent.map(({ delaySeconds }) => delaySeconds)).toEqual([PUBLISH_INTERVAL_MS / 1_000])
    await consume([payments(gameId, { ...order, time: '2026-11-22 10:00:00' })], testEnv)
    expect(days()).toEqual([[DAY], [DAY + 2]])
    vi.setSystemTime(Date.now() + PUBLISH_INTERVAL_MS)
    await consume([payments(gameId, { ...order, order_id: 'o-3' })], testEnv)
    expect(days()).toEqual([[DAY], [DAY + 2], [DAY]])
  })

  it('brings the payments back while it cannot be asked for', async ({ expect }) => {
    const full: Queue = {
      ...keepingQueue([]),
      send: () => Promise.reject(new Error('Too Many Requests')),
    }
    const gameId = 'revenue-full'
    const other = rowsMessage(gameId, 'daily_users', [
      { d: '2026-11-20', dau: 1, new_users: 0, version: 1 },
    ])
    const outcomes = await consume([payments(gameId, order), other], { ...env, EVENTS_QUEUE: full })
    expect(outcomes).toEqual(['retried', 'acked'])
    expect(await settle([payments(gameId, order)])).toMatchObject({ refreshed: ['acked'] })
    expect(await revenueOf(gameId)).toMatchObject([{ revenue_cents: '100' }])
  })

  it('comes again when the sums could not be stored, while the payments are done with', async ({
    expect,
  }) => {
    const gameId = 'revenue-down'
    const sent: Sent[] = []
    const outcomes = await consume([payments(gameId, order)], {
      ...env,
      EVENTS_QUEUE: keepingQueue(sent),
    })
    expect(outcomes).toEqual(['acked'])
    const refreshes = sent.map(({ body }) => body)
    const genuine = globalThis.fetch
    vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) => {
      const { body } = init ?? {}
      const isRefresh = typeof body === 'string' && body.includes('INSERT INTO daily_revenue')
      if (!isRefresh) return genuine(input, init)
      const headers = { 'X-ClickHouse-Exception-Code': '241' }
      return Promise.resolve(new Response('Code: 241. DB::Exception', { status: 500, headers }))
    })
    expect(await consume(refreshes)).toEqual(['retried'])
    expect(await revenueOf(gameId)).toEqual([])
    vi.restoreAllMocks()
    expect(await consume(refreshes)).toEqual(['acked'])
    expect(await revenueOf(gameId)).toMatchObject([{ revenue_cents: '100' }])
  })

  it('is not asked for by a message whose payments are not stored', async ({ expect }) => {
    const sent: Sent[] = []
    const unreachable = {
      ...env,
      CLICKHOUSE_URL: 'http://127.0.0.1:9',
      EVENTS_QUEUE: keepingQueue(sent),
    }
    expect(await consume([payments('revenue-unstored', order)], unreachable)).toEqual(['retried'])
    expect(sent).toEqual([])
    const stored = await countRows('payments', `game_id = 'revenue-unstored'`, {})
    expect(stored).toBe(0)
  })
})

function turned<Item>(items: readonly Item[], by: number): Item[] {
  const at = items.length === 0 ? 0 : by % items.length
  return [...items.slice(at), ...items.slice(0, at)].toReversed()
}
