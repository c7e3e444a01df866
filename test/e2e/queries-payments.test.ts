/** Payments in the figures of the query API, order by order and at the ends of their range. */
import { afterAll, beforeAll, inject, it } from 'vitest'

import { migrate } from '../../scripts/migrate.ts'
import { dropDatabase } from '../stack/test-database.ts'
import { overviewOf } from './queries/answers.ts'
import { settledPayments } from './queries/settled-payments.ts'
import { insertLines } from './queries/stored-games.ts'

const DAY_MS = 86_400_000
const shared = inject('clickhouse')
const connection = { ...shared, database: `${shared.database}_payments` }
const nowMs = Date.parse('2026-11-20T12:00:00Z')
const asker = { gameId: 'none', env: 'prod', timeZone: 'UTC', nowMs, connection }

beforeAll(() => migrate(connection, () => {}, { retention: { eventsDays: 0, rejectedDays: 0 } }))

afterAll(() => dropDatabase(connection))

/** The last instant before now, so many days earlier. */
const timeAgo = (days: number) =>
  new Date(nowMs - days * DAY_MS - 1).toISOString().slice(0, 23).replace('T', ' ')

/** A line of `payments`: a cent, paid today as the server says, unless told otherwise. */
const paymentLine = (fields: Readonly<Record<string, string | number>>) =>
  JSON.stringify({
    env: asker.env,
    time: timeAgo(0),
    user_id: 'user',
    platform: 'ios',
    status: 'success',
    reported_by: 'server',
    currency: 'USD',
    amount_cents: 1,
    ...fields,
  })

it('an order that is pending before it is paid counts, whoever says so', async ({ expect }) => {
  const said = (order_id: string, reported_by: string, status: string, daysAgo: number) =>
    paymentLine({
      game_id: 'pending-first',
      time: timeAgo(daysAgo),
      order_id,
      reported_by,
      status,
    })
  await insertLines(connection, 'payments', [
    said('by-server', 'server', 'pending', 9),
    said('by-server', 'server', 'success', 0),
    said('by-both', 'server', 'pending', 0),
    said('by-both', 'client', 'success', 0),
    said('by-both', 'server', 'success', 0),
    said('by-client', 'client', 'pending', 9),
    said('by-client', 'client', 'success', 0),
    // What the server said long ago beats what a client says today.
    said('never', 'server', 'failed', 60),
    said('never', 'client', 'success', 0),
    said('not-yet', 'server', 'pending', 60),
    said('not-yet', 'client', 'success', 0),
  ])
  const range = { ...asker, gameId: 'pending-first', startMs: nowMs - DAY_MS, endMs: nowMs }
  const rows = await settledPayments(connection, range, ['success'])
  expect(rows.map(({ order_id }) => order_id)).toEqual(['by-both', 'by-client', 'by-server'])
})

it('amounts of any size fail no page: a sum is exact, or rounded and said to be', async ({
  expect,
}) => {
  const rich = { ...asker, gameId: 'rich' }
  const largest = '18446744073709551615'
  const pay = (order_id: string, currency: string, amount_cents: number | string) =>
    paymentLine({ game_id: rich.gameId, order_id, currency, amount_cents })
  await insertLines(connection, 'payments', [
    pay('o-1', 'USD', largest),
    pay('o-2', 'USD', largest),
    pay('o-3', 'EUR', Number.MAX_SAFE_INTEGER - 1),
    pay('o-4', 'EUR', 1),
    pay('o-5', 'JPY', Number.MAX_SAFE_INTEGER),
    pay('o-6', 'JPY', Number.MAX_SAFE_INTEGER),
  ])
  const { revenue_by_currency, revenue_cents, series, partial, groups } = await overviewOf(
    'by=platform',
    rich,
  )
  expect(revenue_by_currency).toEqual({
    EUR: { revenue_cents: Number.MAX_SAFE_INTEGER, refunds_cents: 0, payers: 1 },
    JPY: { revenue_cents: Number(2n * (2n ** 53n - 1n)), refunds_cents: 0, payers: 1 },
    USD: { revenue_cents: Number(2n * (2n ** 64n - 1n)), refunds_cents: 0, payers: 1 },
  })
  expect(revenue_cents).toBe(Number(2n * BigInt(largest)))
  expect(series.revenue_cents?.at(-1)?.[1]).toBe(revenue_cents)
  expect(groups?.values).toMatchObject([{ value: 'ios', revenue_by_currency }])
  const rounded = ['JPY', 'USD'].map((code) => `revenue_by_currency.${code}.revenue_cents`)
  expect(partial).toEqual(
    [...rounded, ...rounded.map((field) => `groups.${field}`)].map((field) => ({
      field,
      reason: expect.stringMatching(/rounded/),
    })),
  )
})
