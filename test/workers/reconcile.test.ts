/** The hourly count of closed days, on real ClickHouse and D1; the clock is given. */
import {
  applyD1Migrations,
  createExecutionContext,
  createScheduledController,
  waitOnExecutionContext,
} from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, beforeEach, describe, inject, it } from 'vitest'
import { z } from 'zod'

import { ask } from '../../src/clickhouse/reader.ts'
import { toDateTime64 } from '../../src/event/rows.ts'
import worker from '../../src/index.ts'
import { reconcile } from '../../src/reconcile/reconcile.ts'
import { countedByHand, event, randomEvents } from './reconcile-by-hand.ts'
import { exactDays, ownDatabase, run, storeEvents } from './reconcile-support.ts'
import { insertGame } from './support.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

const { bindings, connection } = await ownDatabase('reconcile')
const at = (text: string) => Date.parse(text)
const countAt = (nowMs: number, testEnv: Env = bindings) => reconcile(testEnv, () => nowMs)

beforeAll(() => applyD1Migrations(env.CONTROL_DB, inject('d1Migrations')))
afterAll(() => run(connection, `DROP DATABASE ${connection.database} SYNC`))
// Every test has its games for itself: a run goes through all of them.
beforeEach(async () => {
  await env.CONTROL_DB.batch([
    env.CONTROL_DB.prepare('DELETE FROM environments'),
    env.CONTROL_DB.prepare('DELETE FROM games'),
  ])
})

describe('the exact figures of closed days', () => {
  const cases = [
    { timeZone: 'Europe/Berlin', now: '2026-11-05T10:23:00Z' },
    { timeZone: 'America/New_York', now: '2026-03-20T10:23:00Z' },
    { timeZone: 'America/Santiago', now: '2026-09-20T03:23:00Z' },
    { timeZone: 'Asia/Kolkata', now: '2026-06-20T20:23:00Z' },
    { timeZone: 'Pacific/Apia', now: '2012-01-10T10:23:00Z' },
    { timeZone: 'UTC', now: '2026-11-23T00:23:00Z' },
  ]

  it.for(cases)(
    'are what loops and sets say, in $timeZone',
    async ({ timeZone, now }, { expect }) => {
      const gameId = `hand-${timeZone}`
      const nowMs = at(now)
      await insertGame(gameId, timeZone)
      const events = randomEvents(nowMs % 1_000_003, nowMs)
      const [even, odd] = [0, 1].map((rest) => events.filter((_, index) => index % 2 === rest))
      await storeEvents(connection, { gameId }, even ?? [], odd ?? [])
      await storeEvents(connection, { gameId, env: 'dev' }, [
        event('user.login', 'other', nowMs - 3 * DAY_MS),
      ])

      const done = await countAt(nowMs)
      const counted = await exactDays(connection, gameId)
      const byHand = countedByHand(events, timeZone, nowMs)
      // The first day that is looked at, and the last one that has been over for an hour.
      const [first] = counted
      const last = counted.at(-1)
      if (first === undefined || last === undefined) throw new Error('nothing was counted')
      expect(counted).toEqual(byHand.filter(({ d }) => d >= first.d && d <= last.d))
      const dateFormat = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' })
      const closed = (hours: number) => dateFormat.format(nowMs - hours * HOUR_MS)
      expect(last.d).toBe(dateFormat.format(nowMs - HOUR_MS - DAY_MS))
      expect(first.d <= closed(37 * 24)).toBe(true)
      expect(done).toMatchObject({ games: 1, days: counted.length, failures: 0, left: 0 })
    },
  )

  it('have no row for a day without an event that counts', async ({ expect }) => {
    await insertGame('quiet')
    const nowMs = at('2026-11-23T12:23:00Z')
    await storeEvents(connection, { gameId: 'quiet' }, [
      event('user.register', 'a', at('2026-11-20T10:00:00Z')),
      event('session.end', 'a', at('2026-11-21T10:00:00Z')),
    ])
    expect(await countAt(nowMs)).toMatchObject({ days: 1 })
    expect(await exactDays(connection, 'quiet')).toEqual([
      { d: '2026-11-20', dau: 0, new_users: 1, online_peak: 0, minute: 0, version: nowMs },
    ])
  })
})

describe('a closed day', () => {
  const login = (userId: string) => event('user.login', userId, at('2026-11-20T10:00:00Z'))
  const ends = at('2026-11-21T00:00:00Z')
  const dauOf = async (gameId: string) =>
    (await exactDays(connection, gameId)).map(({ dau }) => dau)

  it('is counted at its moments only, and then with what came late', async ({ expect }) => {
    await insertGame('late')
    await storeEvents(connection, { gameId: 'late' }, [login('a')])
    expect(await countAt(ends + HOUR_MS - 1)).toMatchObject({ days: 0 })
    expect(await countAt(ends + HOUR_MS)).toMatchObject({ days: 1 })
    await storeEvents(connection, { gameId: 'late' }, [login('b')])
    expect(await countAt(ends + 25 * HOUR_MS - 1)).toMatchObject({ days: 0 })
    expect(await dauOf('late')).toEqual([1])
    for (const [index, days] of [1, 3, 7, 30].entries()) {
      await storeEvents(connection, { gameId: 'late' }, [login(`late-${index}`)])
      expect(await countAt(ends + days * DAY_MS + 2 * HOUR_MS)).toMatchObject({ days: 1 })
      expect(await countAt(ends + days * DAY_MS + 3 * HOUR_MS)).toMatchObject({ days: 0 })
      expect(await dauOf('late')).toEqual([3 + index])
    }
  })

  it('is left alone while the days around it are due', async ({ expect }) => {
    await insertGame('around')
    const logins = Array.from({ length: 12 }, (_, days) =>
      event('user.login', `user-${days}`, ends - days * DAY_MS - HOUR_MS),
    )
    await storeEvents(connection, { gameId: 'around' }, logins)
    const first = ends + 2 * HOUR_MS
    expect(await countAt(first)).toMatchObject({ days: 12 })
    expect(await countAt(first + DAY_MS)).toMatchObject({ days: 3 })
    const versions = (await exactDays(connection, 'around')).map(({ d, version }) => [d, version])
    // One, three and seven days after their end.
    const due = new Set(['2026-11-20', '2026-11-18', '2026-11-14'])
    expect(versions).toEqual(
      versions.map(([d]) => [d, due.has(String(d)) ? first + DAY_MS : first]),
    )
  })

  it('keeps the newer of two counts, whichever ends last', async ({ expect }) => {
    await insertGame('two-runs')
    await storeEvents(connection, { gameId: 'two-runs' }, [login('a')])
    const nowMs = ends + 2 * HOUR_MS
    await countAt(nowMs)
    const older = { d: '2026-11-20', game_id: 'two-runs', env: 'prod', dau: 99, version: nowMs - 1 }
    await run(connection, `INSERT INTO daily_exact FORMAT JSONEachRow\n${JSON.stringify(older)}`)
    expect(await dauOf('two-runs')).toEqual([1])
  })

  it('is left alone once the first of its rows may have been deleted', async ({ expect }) => {
    await insertGame('expiring')
    const nowMs = Date.now()
    const dayMs = Math.floor(nowMs / DAY_MS) * DAY_MS
    const old = [32, 31, 30, 29].map((days) => event('user.login', 'a', dayMs - days * DAY_MS + 5))
    await storeEvents(connection, { gameId: 'expiring' }, old)
    await run(
      connection,
      `ALTER TABLE events MODIFY TTL toDateTime(event_time) + toIntervalDay(31)
        SETTINGS materialize_ttl_after_modify = 0`,
    )
    try {
      await countAt(nowMs)
      const kept = (await exactDays(connection, 'expiring')).map(({ d }) => d)
      const dates = [30, 29].map((days) =>
        new Date(dayMs - days * DAY_MS).toISOString().slice(0, 10),
      )
      expect(kept).toEqual(dates)
    } finally {
      await run(connection, 'ALTER TABLE events REMOVE TTL')
    }
  })
})

describe('a run', () => {
  const nowMs = at('2026-11-23T12:23:00Z')
  const login = (gameId: string) =>
    storeEvents(connection, { gameId }, [event('user.login', 'a', at('2026-11-20T10:00:00Z'))])

  it('goes on when a game fails, and says so', async ({ expect }) => {
    await insertGame('fails-1')
    await insertGame('fails-2', 'Mars/Olympus')
    await insertGame('fails-3')
    for (const gameId of ['fails-1', 'fails-2', 'fails-3']) await login(gameId)
    expect(await countAt(nowMs)).toMatchObject({ games: 3, days: 2, failures: 1, left: 0 })
    expect(await exactDays(connection, 'fails-2')).toEqual([])
    expect(await exactDays(connection, 'fails-3')).toHaveLength(1)
  })

  it('takes every game in every environment, however many there are', async ({ expect }) => {
    await env.CONTROL_DB.batch([
      env.CONTROL_DB.prepare(
        `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 520)
         INSERT INTO games (game_id, name, time_zone) SELECT 'many-' || n, '', 'UTC' FROM numbers`,
      ),
      env.CONTROL_DB.prepare(
        `INSERT INTO environments (game_id, env)
         SELECT game_id, value FROM games, json_each('["prod", "dev"]')`,
      ),
      // One more, so that a page ends between two environments of a game.
      env.CONTROL_DB.prepare(`INSERT INTO environments (game_id, env) VALUES ('many-1', 'beta')`),
    ])
    for (const gameId of ['many-1', 'many-99', 'many-520']) await login(gameId)
    // All others have been counted already.
    await run(
      connection,
      `INSERT INTO daily_exact (d, game_id, env, version)
       SELECT toDate('2026-11-23') - days.number AS d, concat('many-', toString(games.number + 1)) AS game_id,
         envs.env AS env, ${nowMs} AS version
       FROM numbers(45) AS days, numbers(520) AS games, (SELECT arrayJoin(['prod', 'dev']) AS env) AS envs
       WHERE env = 'dev' OR game_id NOT IN ('many-1', 'many-99', 'many-520')`,
    )
    const gone = `UPDATE games SET archived_time = ? WHERE game_id = ?`
    await env.CONTROL_DB.batch([
      env.CONTROL_DB.prepare(gone).bind('2026-01-01T00:00:00.000Z', 'many-2'),
      env.CONTROL_DB.prepare(gone).bind('2026-11-20T00:00:00.000Z', 'many-99'),
    ])
    expect(await countAt(nowMs)).toMatchObject({ games: 1_039, days: 3, failures: 0 })
    for (const gameId of ['many-1', 'many-99', 'many-520']) {
      expect(await exactDays(connection, gameId)).toHaveLength(1)
    }
  })

  it('sums the revenue of the days that it counts, and of those whose sum is outdated', async ({
    expect,
  }) => {
    await insertGame('paying')
    const presentMs = Date.now()
    const dayMs = Math.floor(presentMs / DAY_MS) * DAY_MS
    const times = [dayMs - 2 * DAY_MS + HOUR_MS, dayMs - 5 * DAY_MS + HOUR_MS]
    await storeEvents(connection, { gameId: 'paying' }, [event('user.login', 'a', times[0] ?? 0)])
    const scope = { game_id: 'paying', env: 'prod', currency: 'EUR' }
    const payments = times.map((timeMs, index) => ({
      ...scope,
      order_id: `order-${index}`,
      user_id: 'a',
      time: toDateTime64(timeMs),
      received_time: toDateTime64(timeMs),
      amount_cents: 100 * (index + 1),
      status: 'success',
      reported_by: 'server',
    }))
    const date = (timeMs = 0) => new Date(timeMs).toISOString().slice(0, 10)
    const outdated = { ...scope, d: date(times[1]), revenue_cents: 7, version: times[1] }
    for (const [table, rows] of [
      ['payments', payments],
      ['daily_revenue', [outdated]],
    ] as const) {
      const lines = rows.map((row) => JSON.stringify(row)).join('\n')
      await run(connection, `INSERT INTO ${table} FORMAT JSONEachRow\n${lines}`)
    }
    expect(await countAt(presentMs)).toMatchObject({ days: 1, revenueDays: 2, failures: 0 })
    const sums = await ask(connection, {
      sql: `SELECT toString(d) AS d, toString(revenue_cents) AS cents FROM daily_revenue FINAL
        WHERE game_id = 'paying' ORDER BY d`,
      params: {},
      row: z.object({ d: z.string(), cents: z.string() }),
    })
    expect(sums).toEqual([
      { d: date(times[1]), cents: '200' },
      { d: date(times[0]), cents: '100' },
    ])
    expect(await countAt(presentMs + 1)).toMatchObject({ days: 0, revenueDays: 0 })
  })

  it('throws when ClickHouse does not answer, and catches up afterwards', async ({ expect }) => {
    await insertGame('outage')
    await login('outage')
    const unreachable = { ...bindings, CLICKHOUSE_URL: 'http://127.0.0.1:9' }
    await expect(countAt(nowMs, unreachable)).rejects.toThrow('could not be reached')
    const elsewhere = { ...bindings, CLICKHOUSE_DATABASE: 'no_such_database' }
    await expect(countAt(nowMs, elsewhere)).rejects.toThrow()
    expect(await countAt(nowMs + 40 * HOUR_MS)).toMatchObject({ days: 1, failures: 0 })
  })

  it('names the days that one statement could not count, and counts the others', async ({
    expect,
  }) => {
    await insertGame('no-table')
    await login('no-table')
    await run(connection, 'RENAME TABLE daily_exact TO daily_exact_kept')
    await run(connection, 'CREATE TABLE daily_exact AS daily_exact_kept')
    await run(connection, 'ALTER TABLE daily_exact DROP COLUMN online_peak')
    try {
      expect(await countAt(nowMs)).toMatchObject({ days: 0, failures: 1 })
    } finally {
      await run(connection, 'DROP TABLE daily_exact SYNC')
      await run(connection, 'RENAME TABLE daily_exact_kept TO daily_exact')
    }
    expect(await countAt(nowMs)).toMatchObject({ days: 1, failures: 0 })
  })

  it('is what the cron of the Worker starts', async ({ expect }) => {
    await insertGame('cron')
    const dayMs = Math.floor(Date.now() / DAY_MS) * DAY_MS
    await storeEvents(connection, { gameId: 'cron' }, [
      event('user.login', 'a', dayMs - DAY_MS - 1),
    ])
    const context = createExecutionContext()
    await worker.scheduled(createScheduledController({ cron: '23 * * * *' }), bindings)
    await waitOnExecutionContext(context)
    expect(await exactDays(connection, 'cron')).toMatchObject([{ dau: 1 }])
  })
})
