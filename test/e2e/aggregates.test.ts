/**
 * From the door to the aggregates, through the real queue, the real objects and a real ClickHouse: what the tables say
 * equals an independent count of what was sent, through duplicates, an outage and a restart.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, it, vi } from 'vitest'
import { z } from 'zod'

import type { GameKeys } from '../../scripts/local/control-database.ts'
import { newKeys } from '../../scripts/local/control-database.ts'
import type { Stack } from '../../scripts/local/stack.ts'
import { startStack } from '../../scripts/local/stack.ts'
import type { SentEvent, SentPayment } from './aggregates/sent.ts'
import { makeEvents, makePayments, revenueOf, truthOf } from './aggregates/sent.ts'
import {
  dailyErrors,
  dailyPeaks,
  dailyRevenue,
  dailyUsers,
  exactDays,
  minutesOnline,
} from './aggregates/tables.ts'
import { localDate, plusDays } from './queries/oracle.ts'

/** Figures leave the objects every 15 seconds, and then wait for the queue. */
const PUBLISHED_MS = 45_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

interface Game extends GameKeys {
  readonly gameId: string
  readonly env: string
  readonly name: string
  readonly timeZone: string
  /** Users of one wave */
  readonly users: number
}

const newGame = (gameId: string, timeZone: string, users: number): Game => {
  return { gameId, env: 'prod', name: gameId, timeZone, users, ...newKeys() }
}

const GAMES = [
  newGame('small', 'UTC', 60),
  newGame('east', 'Asia/Kolkata', 90),
  newGame('far', 'Pacific/Apia', 40),
]

/** One more, whose users are too many to be counted exactly as they come. */
const CROWD = newGame('crowd', 'UTC', 0)
const CROWD_USERS = 6_000
const CROWD_MS = Date.now() - 2 * DAY_MS

const sentEvents = new Map<string, SentEvent[]>(GAMES.map(({ gameId }) => [gameId, []]))
const sentPayments = new Map<string, SentPayment[]>(GAMES.map(({ gameId }) => [gameId, []]))

let dataDir = ''
let stack: Stack

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'aggregates-'))
  stack = await start()
  await sendCrowd()
})

afterAll(async () => {
  await stack.stop()
  await rm(dataDir, { recursive: true, force: true })
})

function start(): Promise<Stack> {
  return startStack({ dataDir, games: [...GAMES, CROWD], log: () => undefined })
}

const answerSchema = z.object({ accepted: z.int() })

async function post(door: 'events' | 'payments', key: string, items: readonly object[]) {
  const response = await fetch(`${stack.url}/api/${door}/track`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}` },
    body: JSON.stringify(items),
  })
  const text = await response.text()
  if (response.status !== 202) throw new Error(`${response.status}: ${text}`)
  const { accepted } = answerSchema.parse(JSON.parse(text))
  if (accepted !== items.length) throw new Error(`${accepted} of ${items.length} accepted: ${text}`)
}

/** Sends a wave of a game in batches of several sizes; some batches twice, as a client does after a lost answer. */
async function sendWave(game: Game, wave: number, nowMs: number): Promise<void> {
  const events = makeEvents(game, wave, nowMs)
  for (let at = 0, size = 7; at < events.length; at += size, size = (size * 5) % 43) {
    const batch = events.slice(at, at + size)
    await post('events', game.writeKey, batch)
    if (size % 2 === 0) await post('events', game.writeKey, batch)
  }
  const payments = makePayments(game.timeZone, wave, nowMs)
  for (const { by, ...report } of wave % 2 === 0 ? payments : payments.toReversed()) {
    const key = by === 'server' ? game.serverKey : game.writeKey
    await post('payments', key, [report])
    if (report.amount_cents % 2 === 0) await post('payments', key, [report])
  }
  sentEvents.get(game.gameId)?.push(...events)
  sentPayments.get(game.gameId)?.push(...payments)
}

function sendWaves(wave: number): Promise<unknown> {
  const nowMs = Date.now()
  return Promise.all(GAMES.map((game) => sendWave(game, wave, nowMs)))
}

/** So many users on the day before yesterday that the sketch of the day estimates. */
async function sendCrowd(): Promise<void> {
  const users = Array.from({ length: CROWD_USERS }, (_, index) => `user-${index}`)
  for (let at = 0; at < CROWD_USERS; at += 1_000) {
    const logins = users.slice(at, at + 1_000).map((user) => ({
      event: 'user.login',
      event_id: user,
      user_id: user,
      session_id: user,
      platform: 'ios',
      ts: CROWD_MS,
    }))
    await post('events', CROWD.writeKey, logins)
  }
}

function truth({ gameId, timeZone }: Game) {
  return {
    ...truthOf(sentEvents.get(gameId) ?? [], timeZone),
    revenue: revenueOf(sentPayments.get(gameId) ?? [], timeZone),
  }
}

async function told({ gameId }: Game) {
  const { clickhouse } = stack
  const [days, minutes, peaks, revenue] = await Promise.all([
    dailyUsers(clickhouse, gameId),
    minutesOnline(clickhouse, gameId),
    dailyPeaks(clickhouse, gameId),
    dailyRevenue(clickhouse, gameId),
  ])
  return { days, minutes, peaks, revenue }
}

/** The dates that the cron has counted at `nowMs`: they have been over for an hour. */
function closedDates({ timeZone }: Game, nowMs: number): string[] {
  const today = localDate(nowMs - HOUR_MS, timeZone)
  return [1, 2, 3, 4, 5].map((days) => plusDays(today, -days)).toReversed()
}

async function runCron(): Promise<void> {
  const response = await fetch(`${stack.url}/cdn-cgi/handler/scheduled`)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`)
}

const reconciliationSchema = z.object({
  days: z.array(
    z.object({
      day: z.string(),
      exact: z.object({ dau: z.int() }).nullable(),
      difference: z
        .object({
          dau: z.int().nullable(),
          new_users: z.int().nullable(),
          online_peak: z.int().nullable(),
        })
        .nullable(),
    }),
  ),
})

async function reconciliation({ readKey, timeZone }: Game) {
  const now = localDate(Date.now(), timeZone)
  const range = new URLSearchParams({ start: plusDays(now, -5), end: now })
  const response = await fetch(`${stack.url}/api/analytics/reconciliation?${range.toString()}`, {
    headers: { Authorization: `Bearer ${readKey}` },
  })
  return reconciliationSchema.parse(await response.json(), { reportInput: true })
}

describe('the aggregates', () => {
  it('equal what was sent, through an outage of ClickHouse', async ({ expect }) => {
    await sendWaves(1)
    await stack.clickhouseServer?.kill()
    // Accepted while nothing can be stored; figures are published into the outage, too.
    await sendWaves(2)
    await stack.restartClickHouse()
    for (const game of GAMES) {
      await vi.waitFor(async () => expect(await told(game)).toEqual(truth(game)), {
        timeout: PUBLISHED_MS,
        interval: 500,
      })
    }
  })

  it('equal what was sent, through a restart of the Worker', async ({ expect }) => {
    await sendWaves(3)
    await stack.stop()
    stack = await start()
    await sendWaves(4)
    for (const game of GAMES) {
      await vi.waitFor(async () => expect(await told(game)).toEqual(truth(game)), {
        timeout: PUBLISHED_MS,
        interval: 500,
      })
    }
  })
})

describe('the cron', () => {
  it('counts closed days exactly as they were sent, and the difference is 0', async ({
    expect,
  }) => {
    await runCron()
    const nowMs = Date.now()
    for (const game of GAMES) {
      const { days, peaks } = truth(game)
      const closed = closedDates(game, nowMs)
      const peakOf = (date: string) => peaks.find(({ d }) => d === date)?.peak ?? 0
      const expected = days
        .filter(({ d }) => closed.includes(d))
        .map(({ d, dau, new_users }) => ({ d, dau, new_users, peak: peakOf(d) }))
      expect(expected.length).toBeGreaterThanOrEqual(2)
      expect(await exactDays(stack.clickhouse, game.gameId)).toEqual(expected)
      const compared = (await reconciliation(game)).days.filter(({ exact }) => exact !== null)
      expect(compared.map(({ day, difference }) => [day, difference])).toEqual(
        expected.map(({ d }) => [d, { dau: 0, new_users: 0, online_peak: 0 }]),
      )
    }
  })

  it('stays right when it runs again after an outage, and leaves the other aggregates alone', async ({
    expect,
  }) => {
    const before = await Promise.all(GAMES.map(told))
    await stack.clickhouseServer?.kill()
    await fetch(`${stack.url}/cdn-cgi/handler/scheduled`)
    await stack.restartClickHouse()
    await runCron()
    expect(await Promise.all(GAMES.map(told))).toEqual(before)
    for (const game of GAMES) {
      const { days } = truth(game)
      for (const { d, dau } of await exactDays(stack.clickhouse, game.gameId)) {
        expect(days.find((each) => each.d === d)?.dau).toBe(dau)
      }
    }
  })

  it('tells how far an estimate is off', async ({ expect }) => {
    const { clickhouse } = stack
    const estimate = await vi.waitUntil(
      async () => {
        const [row] = await dailyErrors(clickhouse, CROWD.gameId)
        // The first figures may be those of a part.
        return row !== undefined && Math.abs(row.dau - CROWD_USERS) <= 1.5 * row.dau_error && row
      },
      { timeout: PUBLISHED_MS, interval: 500 },
    )
    expect(estimate.dau_error).toBeGreaterThan(0)
    expect(estimate.dau_error).toBeLessThan(CROWD_USERS * 0.03)
    await runCron()
    const { days } = await reconciliation(CROWD)
    const compared = days.find(({ exact }) => exact !== null)
    expect(compared).toMatchObject({
      day: localDate(CROWD_MS, CROWD.timeZone),
      exact: { dau: CROWD_USERS },
      difference: { dau: estimate.dau - CROWD_USERS },
    })
  })
})
