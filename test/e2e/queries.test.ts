/**
 * The figures of the query API on a real ClickHouse: made-up games, every row of which is stored several times,
 * against brute force over the same rows.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, inject, it } from 'vitest'
import { z } from 'zod'

import { quoteName, runSql } from '../../scripts/database/run-sql.ts'
import { newKeys } from '../../scripts/local/control-database.ts'
import type { Stack } from '../../scripts/local/stack.ts'
import { startStack } from '../../scripts/local/stack.ts'
import { migrate } from '../../scripts/migrate.ts'
import { DatabaseError } from '../../src/clickhouse/reader.ts'
import { answerOverview } from '../../src/query/overview.ts'
import { parseOverviewQuery } from '../../src/query/parameters.ts'
import { dropDatabase } from '../stack/test-database.ts'
import { LIVE, overviewOf, retentionOf } from './queries/answers.ts'
import { questionOf, stripIntervals, withoutIntervals } from './queries/comparable.ts'
import * as oracle from './queries/oracle.ts'
import type { StoredEvent, StoredPayment } from './queries/random-game.ts'
import { ALL_STATUSES, comparablePayments, settledPayments } from './queries/settled-payments.ts'
import { GAMES, insertLines, storeGames } from './queries/stored-games.ts'
import { aSession, dimensionReader, eventRow } from './queries/stored-rows.ts'

const DAY_MS = 86_400_000
const shared = inject('clickhouse')
const connection = { ...shared, database: `${shared.database}_queries` }

const [BERLIN] = GAMES
if (BERLIN === undefined) throw new Error('no game')

beforeAll(async () => {
  await migrate(connection, () => {}, { retention: { eventsDays: 0, rejectedDays: 0 } })
  await storeGames(connection)
})

afterAll(() => dropDatabase(connection))

describe.for(GAMES)('$scope.timeZone', ({ scope, centreDate, survivors }) => {
  const asker = { ...scope, connection }
  const date = (days: number) => oracle.plusDays(centreDate, days)
  const searches = [
    `start=${date(-10)}&end=${date(8)}`,
    `start=${date(-10)}&end=${date(8)}&currency=EUR`,
    `start=${date(0)}&end=${date(1)}&currency=JPY`,
    // Instants within days, across the change of clocks.
    `start=${date(-1)}T13:17:05Z&end=${date(2)}T01:02:03.004Z`,
    '',
  ]

  it.for(searches)('overview?%s is exact', async (search, { expect }) => {
    const question = questionOf(search, asker)
    const answer = await overviewOf(search, asker)
    expect(withoutIntervals(answer)).toEqual(oracle.overview(survivors, question))
    expect(answer.series.dau.map(([start]) => Date.parse(start))).toEqual(
      oracle.datesOf(question).map((day) => oracle.startOfDate(day, asker.timeZone)),
    )
  })

  it.for(['register', 'first_active'] as const)(
    'retention of %s is exact',
    async (cohort, { expect }) => {
      const search = `start=${date(-12)}&end=${date(12)}`
      const { cohorts, totals } = await retentionOf(`${search}&cohort=${cohort}`, asker)
      const expected = oracle.retention(survivors, questionOf(search, asker), cohort)
      expect(cohorts).toEqual(expected.cohorts)
      expect(stripIntervals(totals)).toEqual(expected.totals)
      expect(totals.retained_d1).toBeGreaterThan(0)
    },
  )

  it('every order is settled as it should be, whichever statuses are asked for', async ({
    expect,
  }) => {
    const question = { ...questionOf(searches[0] ?? '', asker), ...scope }
    const expected = survivors.payments.filter(
      ({ timeMs }) => timeMs >= question.startMs && timeMs < question.endMs,
    )
    for (const statuses of [ALL_STATUSES, ...ALL_STATUSES.map((status) => [status] as const)]) {
      const rows = await settledPayments(connection, question, statuses)
      const names: readonly string[] = statuses
      expect(rows).toEqual(comparablePayments(expected.filter((row) => names.includes(row.status))))
      expect(rows.length).toBeGreaterThan(0)
    }
  })

  it('cells are null until their day is over', async ({ expect }) => {
    const { cohorts } = await retentionOf('', asker)
    expect(cohorts.at(-1)).toMatchObject({ d1: null, retained_d1: null, retained_d30: null })
    expect(cohorts.at(-2)).toMatchObject({ retained_d1: null })
    expect(cohorts.at(-3)?.retained_d1).toBeTypeOf('number')
    expect(cohorts.at(-3)?.retained_d7).toBeNull()
  })
})

describe('splits and filters', () => {
  const { scope, survivors, centreDate } = BERLIN
  const asker = { ...scope, connection }
  const range = `start=${oracle.plusDays(centreDate, -10)}&end=${oracle.plusDays(centreDate, 12)}`
  const question = questionOf(range, asker)

  it.for(['platform', 'country', 'app_version', 'props.variant', 'props.level', 'props.nothing'])(
    'overview by %s is exact in every group',
    async (by, { expect }) => {
      const withMoney = by === 'platform' || by === 'country'
      const valueOf = dimensionReader(by)
      const ranked = oracle.rankedValues(
        oracle.usersByValue(survivors, { ...question, withMoney }, valueOf),
      )
      const { groups, partial } = await overviewOf(`${range}&by=${by}`, asker)
      expect(groups?.values.map(({ value, users }) => ({ value, users }))).toEqual(ranked)
      for (const { value, users: _, ...figures } of groups?.values ?? []) {
        const keep = (row: StoredEvent | StoredPayment) => valueOf(row) === value
        expect(withoutIntervals(figures)).toEqual(
          oracle.overview(survivors, { ...question, withMoney, keep }),
        )
      }
      expect(groups?.other).toBeNull()
      expect(partial.map(({ field }) => field)).toEqual(withMoney ? [] : ['groups.revenue_cents'])
    },
  )

  it.for(['register', 'first_active'] as const)(
    'retention of %s by props.variant is exact in every group',
    async (cohort, { expect }) => {
      const valueOf = dimensionReader('props.variant')
      const { groups } = await retentionOf(`${range}&cohort=${cohort}&by=props.variant`, asker)
      expect(groups?.values.map(({ value }) => value).toSorted()).toEqual(['gate_30', 'gate_40'])
      for (const { value, users, cohorts, totals } of groups?.values ?? []) {
        const keep = (row: StoredEvent | StoredPayment) => valueOf(row) === value
        const expected = oracle.retention(survivors, { ...question, keep }, cohort)
        expect(cohorts).toEqual(expected.cohorts)
        expect(stripIntervals(totals)).toEqual(expected.totals)
        expect(users).toBe(expected.totals['size'])
      }
    },
  )

  it('beyond 100 values the rest is counted together, exactly', async ({ expect }) => {
    const valueOf = dimensionReader('props.device')
    const asked = { ...question, withMoney: false }
    const ranked = oracle.rankedValues(oracle.usersByValue(survivors, asked, valueOf))
    expect(ranked.length).toBeGreaterThan(100)
    const { groups } = await overviewOf(`${range}&by=props.device`, asker)
    expect(groups?.values.map(({ value }) => value)).toEqual(
      ranked.slice(0, 100).map(({ value }) => value),
    )
    const named = new Set(groups?.values.map(({ value }) => value))
    const { values, ...figures } = groups?.other ?? {}
    expect(values).toBe(ranked.length - 100)
    expect(stripIntervals(figures)).toMatchObject({
      ...oracle.overview(survivors, { ...asked, keep: (row) => !named.has(valueOf(row)) }),
      series: expect.anything(),
    })
  })

  it.for([
    ['filter=platform:ios&filter=platform:', true],
    ["filter=app_version:1.1'beta\\", false],
    ['filter=props.level:3&filter=country:DE', false],
    ['filter=props.nothing:', false],
    ['filter=platform:nobody', true],
  ] as const)('overview with %s is exact', async ([filter, withMoney], { expect }) => {
    const { filters } = parseOverviewQuery(new URLSearchParams(filter), asker)
    const keep = (row: StoredEvent | StoredPayment) =>
      filters.every(({ dimension, values }) =>
        values.includes(
          dimensionReader(
            dimension.kind === 'column' ? dimension.column : `props.${dimension.name}`,
          )(row),
        ),
      )
    const answer = await overviewOf(`${range}&${filter}`, asker)
    expect(withoutIntervals(answer)).toEqual(
      oracle.overview(survivors, { ...question, withMoney, keep }),
    )
  })
})

describe('whatever the database does', () => {
  const asker = { ...BERLIN.scope, connection }

  it('an attempt that lost is not counted where the winner is not read', async ({ expect }) => {
    const winner = aSession({
      eventTimeMs: asker.nowMs - 9 * DAY_MS,
      receivedTimeMs: asker.nowMs - 2,
    })
    const loser = { ...winner, eventTimeMs: asker.nowMs - DAY_MS, receivedTimeMs: asker.nowMs - 1 }
    const lost = { ...asker, gameId: 'lost' }
    // A part each: the index on event_time alone would skip the winner's.
    await insertLines(connection, 'events', [eventRow(winner, lost)])
    await insertLines(connection, 'events', [eventRow(loser, lost)])
    const { series, active_users, mau } = await overviewOf('', lost)
    expect(series.dau.map(([, dau]) => dau)).toEqual([0, 0, 0, 0, 0, 0, 0])
    expect(series.peak_online.map(([, online]) => online)).toEqual([0, 0, 0, 0, 0, 0, 0])
    expect({ active_users, mau }).toEqual({ active_users: 0, mau: 1 })
  })

  it('merges change no figure', async ({ expect }) => {
    const searches = [`by=platform&end=${BERLIN.centreDate}`, `end=${BERLIN.centreDate}`]
    const ask = () => Promise.all(searches.map((search) => overviewOf(search, asker)))
    const before = await ask()
    for (const table of ['events', 'payments']) {
      await runSql(connection, `SYSTEM START MERGES ${table}`)
      await runSql(connection, `OPTIMIZE TABLE ${table} FINAL`)
    }
    expect(await ask()).toEqual(before)
  })

  it('a missing table is an error', async ({ expect, onTestFinished }) => {
    const empty = { ...connection, database: `${connection.database}_empty` }
    onTestFinished(() => dropDatabase(empty))
    await runSql(connection, `CREATE DATABASE ${quoteName(empty.database)}`)
    const elsewhere = { ...asker, connection: empty }
    await expect(overviewOf('', elsewhere)).rejects.toMatchObject({ transient: false, code: 60 })
    await expect(retentionOf('', elsewhere)).rejects.toBeInstanceOf(DatabaseError)
  })

  it('a missing database is an error', async ({ expect }) => {
    const elsewhere = { ...asker, connection: { ...connection, database: 'nowhere' } }
    await expect(overviewOf('', elsewhere)).rejects.toMatchObject({ transient: false, code: 81 })
  })

  it('a wrong password is an error that does not repeat it', async ({ expect }) => {
    const stranger = {
      ...asker,
      connection: { ...connection, user: 'nobody', password: 'geheim-ключ' },
    }
    const error: unknown = await overviewOf('', stranger).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'DatabaseError', transient: false, code: 516 })
    expect(String(error)).not.toMatch(/geheim|SELECT/)
  })

  it('a refused connection is an error that may pass', async ({ expect }) => {
    const nowhere = { ...asker, connection: { ...connection, url: 'http://127.0.0.1:1' } }
    await expect(overviewOf('', nowhere)).rejects.toMatchObject({ transient: true, code: null })
    await expect(retentionOf('', nowhere)).rejects.toMatchObject({ transient: true, code: null })
  })

  it('an answer that looks back to deleted events says so', async ({ expect, onTestFinished }) => {
    const short = { ...connection, database: `${connection.database}_ttl` }
    onTestFinished(() => dropDatabase(short))
    await migrate(short, () => {}, { retention: { eventsDays: 45, rejectedDays: 0 } })
    const elsewhere = { ...asker, connection: short }
    const today = oracle.localDate(asker.nowMs, asker.timeZone)
    const search = (days: number) => `end=${oracle.plusDays(today, -days)}`
    expect((await overviewOf(search(10), elsewhere)).partial).toEqual([])
    expect((await overviewOf(search(20), elsewhere)).partial).toMatchObject([{ field: 'events' }])
    expect((await retentionOf(search(20), elsewhere)).partial).toEqual([])
    expect((await retentionOf(search(40), elsewhere)).partial).toMatchObject([{ field: 'events' }])
  })

  it('an absent sketch object leaves everything but live', async ({ expect }) => {
    const query = parseOverviewQuery(new URLSearchParams(), asker)
    const answer = await answerOverview(query, asker, () => Promise.reject(new Error('gone')))
    expect(answer).toMatchObject({ live: null, partial: [{ field: 'live' }] })
    expect({ ...answer, live: LIVE, partial: [] }).toEqual(await overviewOf('', asker))
  })
})

describe('over HTTP', () => {
  const game = { gameId: 'queries', env: 'prod', name: 'Queries', timeZone: 'UTC', ...newKeys() }
  let stack: Stack

  beforeAll(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'croupier-queries-'))
    stack = await startStack({ dataDir, games: [game], log: () => {} })
    return async () => {
      await stack.stop()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })

  const get = async (path: string, key = game.readKey) => {
    const headers = { Authorization: `Bearer ${key}`, 'X-Game-ID': game.gameId, 'X-Env': game.env }
    const response = await fetch(`${stack.url}/api/analytics/${path}`, { headers })
    const problem = z.looseObject({ code: z.string().optional(), detail: z.string().optional() })
    return { response, status: response.status, body: problem.parse(await response.json()) }
  }

  it('a game without events has figures of 0, ratios of null, and live figures', async ({
    expect,
  }) => {
    const { status, body } = await get('overview')
    expect(status).toBe(200)
    expect(body).toMatchObject({ dau: 0, revenue_cents: 0, pay_rate: null, arpu: null, d1: null })
    expect(body).toMatchObject({ live: { dau_today: 0, online_now: 0, exact: true }, partial: [] })
    expect((await get('retention')).body).toMatchObject({ totals: { size: 0, d1: null } })
  })

  it('a bad parameter is a 400 that names it', async ({ expect }) => {
    const { status, body } = await get('overview?strat=2025-01-01&by=user_id')
    expect(status).toBe(400)
    expect(body).toMatchObject({ code: 'invalid_parameter' })
    expect(body.detail).toMatch(/^by: expected one of .*; strat: is no parameter of this address$/)
  })

  it('a write key asks nothing', async ({ expect }) => {
    expect(await get('overview', game.writeKey)).toMatchObject({ status: 403 })
  })

  it('a missing table is a 502 without SQL', async ({ expect }) => {
    await runSql(stack.clickhouse, 'RENAME TABLE payments TO payments_away')
    for (const path of ['overview', 'overview?by=platform']) {
      const { status, body } = await get(path)
      expect(status).toBe(502)
      expect(body).toMatchObject({ code: 'database_error' })
      expect(JSON.stringify(body)).not.toMatch(/payments|SELECT|dau/)
    }
    await runSql(stack.clickhouse, 'RENAME TABLE payments_away TO payments')
    expect((await get('overview')).status).toBe(200)
  })

  it('a database that is gone is a 503 that says when to come back', async ({ expect }) => {
    await stack.clickhouseServer?.kill()
    for (const path of ['overview', 'retention']) {
      const { response, status, body } = await get(path)
      expect(status).toBe(503)
      expect(body).toMatchObject({ code: 'database_unavailable' })
      expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0)
    }
    await stack.restartClickHouse()
    expect((await get('overview')).status).toBe(200)
  })
})
