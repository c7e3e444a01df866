/** The hourly count when a part of it fails, rows are lost or the run is too short, on real ClickHouse and D1. */
import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, beforeEach, describe, inject, it } from 'vitest'
import { z } from 'zod'

import { ask } from '../../src/clickhouse/reader.ts'
import { toDateTime64 } from '../../src/event/rows.ts'
import { reconcile } from '../../src/reconcile/reconcile.ts'
import { event } from './reconcile-by-hand.ts'
import { exactDays, ownDatabase, run, storeEvents } from './reconcile-support.ts'
import { insertGame } from './support.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

const { bindings, connection } = await ownDatabase('reconcile_interrupted')
const countAt = (nowMs: number) => reconcile(bindings, () => nowMs)
const dateOf = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 10)

beforeAll(() => applyD1Migrations(env.CONTROL_DB, inject('d1Migrations')))
afterAll(() => run(connection, `DROP DATABASE ${connection.database} SYNC`))
// Every test has its games for itself: a run goes through all of them.
beforeEach(async () => {
  await env.CONTROL_DB.batch([
    env.CONTROL_DB.prepare('DELETE FROM environments'),
    env.CONTROL_DB.prepare('DELETE FROM games'),
  ])
})

async function insertRows(table: string, rows: readonly object[]): Promise<void> {
  const lines = rows.map((row) => JSON.stringify(row)).join('\n')
  await run(connection, `INSERT INTO ${table} FORMAT JSONEachRow\n${lines}`)
}

const sumSchema = z.object({ d: z.string(), cents: z.string() })

function revenueOf(gameId: string) {
  return ask(connection, {
    sql: `SELECT toString(d) AS d, toString(revenue_cents) AS cents FROM daily_revenue FINAL
      WHERE game_id = {game_id:String} ORDER BY d`,
    params: { game_id: gameId },
    row: sumSchema,
  })
}

/** Noon: whatever the hour is, the day before is over for long enough, and has no moment in the next hours. */
const noonMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - 12 * HOUR_MS
const timeMs = noonMs - DAY_MS
const firstMomentMs = noonMs - 11 * HOUR_MS

async function insertPayingGame(gameId: string): Promise<void> {
  await insertGame(gameId)
  await storeEvents(connection, { gameId }, [event('user.login', 'a', timeMs)])
  await insertRows('payments', [
    {
      game_id: gameId,
      env: 'prod',
      currency: 'EUR',
      order_id: 'order',
      user_id: 'a',
      time: toDateTime64(timeMs),
      received_time: toDateTime64(timeMs),
      amount_cents: 100,
      status: 'success',
      reported_by: 'server',
    },
  ])
}

describe('a day whose revenue cannot be summed', () => {
  const countWithoutPayments = async (nowMs: number) => {
    await run(connection, 'RENAME TABLE payments TO payments_away')
    try {
      return await countAt(nowMs)
    } finally {
      await run(connection, 'RENAME TABLE payments_away TO payments')
    }
  }

  it('has its users counted, and stays due until its revenue is summed', async ({ expect }) => {
    await insertPayingGame('sum-fails')
    const first = await countWithoutPayments(noonMs)
    expect(first).toMatchObject({ days: 1, revenueDays: 0, failures: 1 })
    const provisional = { d: dateOf(timeMs), dau: 1, version: firstMomentMs - 1 }
    expect(await exactDays(connection, 'sum-fails')).toMatchObject([provisional])

    const second = await countAt(noonMs + HOUR_MS)
    expect(second).toMatchObject({ days: 1, revenueDays: 1, failures: 0 })
    expect(await revenueOf('sum-fails')).toEqual([{ d: dateOf(timeMs), cents: '100' }])
    const counted = { d: dateOf(timeMs), dau: 1, version: noonMs + HOUR_MS }
    expect(await exactDays(connection, 'sum-fails')).toMatchObject([counted])
    const third = await countAt(noonMs + 2 * HOUR_MS)
    expect(third).toMatchObject({ days: 0, revenueDays: 0, failures: 0 })
  })

  it('has its users counted once for each moment, however often the sum fails', async ({
    expect,
  }) => {
    await insertPayingGame('sum-fails-on')
    const days: number[] = []
    for (const hours of [0, 1, 2, 24, 25]) {
      const done = await countWithoutPayments(noonMs + hours * HOUR_MS)
      expect(done).toMatchObject({ failures: 1, revenueDays: 0 })
      days.push(done.days)
    }
    expect(days).toEqual([1, 0, 0, 1, 0])
    const counted = { dau: 1, version: firstMomentMs + DAY_MS - 1 }
    expect(await exactDays(connection, 'sum-fails-on')).toMatchObject([counted])
  })
})

describe('a day that has figures of the sketches and no event', () => {
  const empty = { dau: 0, new_users: 0, online_peak: 0, minute: 0 }

  it('is counted as zero, at its moments like any other', async ({ expect }) => {
    await insertGame('lost')
    const scope = { game_id: 'lost', env: 'prod', version: noonMs }
    const dates = [4, 3, 2].map((days) => dateOf(noonMs - days * DAY_MS))
    const [usersDay, peakDay, someDay] = dates
    await insertRows('daily_users', [
      { ...scope, d: usersDay, dau: 7 },
      { ...scope, d: someDay, dau: 2 },
      // Not over, and so not to be counted.
      { ...scope, d: dateOf(noonMs), dau: 3 },
    ])
    await insertRows('daily_online_peak', [
      { ...scope, d: peakDay, peak: 5 },
      { ...scope, d: someDay, peak: 1 },
    ])
    await storeEvents(connection, { gameId: 'lost' }, [
      event('user.login', 'a', noonMs - 2 * DAY_MS),
      event('session.end', 'a', noonMs - 3 * DAY_MS),
    ])
    expect(await countAt(noonMs)).toMatchObject({ days: 3, failures: 0 })
    expect(await exactDays(connection, 'lost')).toEqual([
      { d: usersDay, ...empty, version: noonMs },
      { d: peakDay, ...empty, version: noonMs },
      { d: someDay, ...empty, dau: 1, version: noonMs },
    ])
    expect(await countAt(noonMs + HOUR_MS)).toMatchObject({ days: 0 })
  })

  it('is counted with the rows that come after all', async ({ expect }) => {
    await insertGame('late-rows')
    const row = { game_id: 'late-rows', env: 'prod', version: noonMs }
    await insertRows('daily_users', [{ ...row, d: dateOf(timeMs), dau: 1 }])
    await countAt(noonMs)
    expect(await exactDays(connection, 'late-rows')).toMatchObject([{ dau: 0 }])
    await storeEvents(connection, { gameId: 'late-rows' }, [event('user.login', 'a', timeMs)])
    expect(await countAt(noonMs + DAY_MS)).toMatchObject({ days: 1 })
    expect(await exactDays(connection, 'late-rows')).toMatchObject([{ dau: 1 }])
  })

  it('is left alone once its rows may have been deleted', async ({ expect }) => {
    await insertGame('expired')
    const rows = [32, 31, 30].map((days) => {
      const d = dateOf(noonMs - days * DAY_MS)
      return { d, game_id: 'expired', env: 'prod', version: noonMs }
    })
    await insertRows('daily_users', rows)
    await run(
      connection,
      `ALTER TABLE events MODIFY TTL toDateTime(event_time) + toIntervalDay(31)
        SETTINGS materialize_ttl_after_modify = 0`,
    )
    try {
      await countAt(noonMs)
    } finally {
      await run(connection, 'ALTER TABLE events REMOVE TTL')
    }
    const counted = (await exactDays(connection, 'expired')).map(({ d }) => d)
    expect(counted).toEqual([dateOf(noonMs - 30 * DAY_MS)])
  })
})

describe('a run that is too short for a game', () => {
  const insertSixDays = async (gameId: string) => {
    await insertGame(gameId)
    const logins = [1, 2, 3, 4, 5, 6].map((days) =>
      event('user.login', 'a', noonMs - days * DAY_MS),
    )
    await storeEvents(connection, { gameId }, logins)
  }
  const limits = { runMs: 11 * MINUTE_MS, maxStatements: 9_000, maxEventsPerStatement: 1 }

  it('leaves the rest of its days to the next one when the time is over', async ({ expect }) => {
    await insertSixDays('short-time')
    let timeNowMs = noonMs
    const clock = () => (timeNowMs += MINUTE_MS)
    const cut = await reconcile(bindings, clock, limits)
    expect(cut).toMatchObject({ games: 1, failures: 0, left: 1 })
    expect(cut.days).toBeGreaterThan(0)
    expect(cut.days).toBeLessThan(6)
    expect(timeNowMs - noonMs).toBeLessThanOrEqual(limits.runMs + 3 * MINUTE_MS)
    const rest = await reconcile(bindings, () => noonMs + HOUR_MS, limits)
    expect(rest).toMatchObject({ days: 6 - cut.days, failures: 0, left: 0 })
    expect(await exactDays(connection, 'short-time')).toHaveLength(6)
  })

  it('leaves the rest of its days to the next one after its statements', async ({ expect }) => {
    await insertSixDays('short-statements')
    // Two for versions, one that counts rows, two for the revenue, and three groups of days.
    const cut = await reconcile(bindings, () => noonMs, { ...limits, maxStatements: 7 })
    expect(cut).toMatchObject({ days: 3, revenueDays: 6, failures: 0, left: 1 })
    const rest = await reconcile(bindings, () => noonMs + HOUR_MS, limits)
    expect(rest).toMatchObject({ days: 3, failures: 0, left: 0 })
  })

  it('begins nothing more, neither a game nor its revenue', async ({ expect }) => {
    await insertSixDays('short-1')
    await insertSixDays('short-2')
    const none = await reconcile(bindings, () => noonMs, { ...limits, maxStatements: 1 })
    expect(none).toMatchObject({ games: 2, days: 0, revenueDays: 0, failures: 0, left: 2 })
    const noRevenue = await reconcile(bindings, () => noonMs, { ...limits, maxStatements: 2 })
    expect(noRevenue).toMatchObject({ days: 0, revenueDays: 0, failures: 0, left: 2 })
  })
})
