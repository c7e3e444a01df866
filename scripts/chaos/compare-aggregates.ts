/** The tables of figures that the sketches and the payments fill, against the oracle. */
import { z } from 'zod'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { DAYS_BACK, DAYS_OF_MINUTES, dayDifferences } from './compare-live.ts'
import { rowsOf } from './compare-tables.ts'
import type { Activity } from './figures.ts'
import { datesOf, peaksOf, plusDays } from './figures.ts'
import { outside } from './tolerance.ts'
import type { ChaosGame } from './traffic.ts'

const MINUTE_MS = 60_000
const numberSchema = z.coerce.number()
const figureSchema = z
  .tuple([numberSchema, numberSchema])
  .transform(([value, error]) => ({ value, error }))

/** daily_users, minute_online, daily_online_peak and daily_revenue; differences in words. */
export async function compareAggregates(
  connection: ClickHouseConnection,
  game: ChaosGame,
  activity: Activity,
): Promise<string[]> {
  const wrong = [
    ...(await compareDays(connection, game, activity)),
    ...(await comparePeaks(connection, game, activity)),
    ...(await compareMinutes(connection, game, activity)),
    ...(await compareRevenue(connection, game, activity)),
  ]
  return wrong.map((what) => `${game.gameId} ${what}`)
}

async function compareDays(
  connection: ClickHouseConnection,
  { gameId }: ChaosGame,
  activity: Activity,
): Promise<string[]> {
  const rows = await rowsOf(
    connection,
    `SELECT toString(d), (dau, dau_error), (new_users, new_users_error), (wau, wau_error), (mau, mau_error)
     FROM daily_users FINAL WHERE game_id = {game:String}`,
    gameId,
    z.tuple([z.string(), figureSchema, figureSchema, figureSchema, figureSchema]),
  )
  const byDay = new Map(
    rows.map(([day, dau, newUsers, wau, mau]) => [day, { dau, new_users: newUsers, wau, mau }]),
  )
  const today = activity.dateOf(Date.now())
  return datesOf(plusDays(today, -DAYS_BACK), today).flatMap((date) =>
    dayDifferences(`daily_users ${date}`, activity, date, byDay.get(date)),
  )
}

async function comparePeaks(
  connection: ClickHouseConnection,
  { gameId }: ChaosGame,
  activity: Activity,
): Promise<string[]> {
  const rows = await rowsOf(
    connection,
    `SELECT toString(d), peak, peak_error FROM daily_online_peak FINAL WHERE game_id = {game:String}`,
    gameId,
    z.tuple([z.string(), numberSchema, numberSchema]),
  )
  const byDay = new Map(rows.map(([day, value, error]) => [day, { value, error }]))
  const today = activity.dateOf(Date.now())
  return datesOf(plusDays(today, -DAYS_OF_MINUTES), today).flatMap((date) =>
    outside(`daily_online_peak ${date}`, byDay.get(date), peaksOf(activity, [date])[0] ?? 0),
  )
}

async function compareMinutes(
  connection: ClickHouseConnection,
  { gameId }: ChaosGame,
  activity: Activity,
): Promise<string[]> {
  const rows = await rowsOf(
    connection,
    `SELECT intDiv(toUnixTimestamp(m), 60), online, online_error FROM minute_online FINAL
     WHERE game_id = {game:String}`,
    gameId,
    z.tuple([numberSchema, numberSchema, numberSchema]),
  )
  const byMinute = new Map(rows.map(([minute, value, error]) => [minute, { value, error }]))
  const now = Math.floor(Date.now() / MINUTE_MS)
  const wrong: string[] = []
  for (const [minute, users] of activity.onlineUsers) {
    // Minutes that are not over are told when they are.
    if (minute >= now - 1 || minute < now - DAYS_OF_MINUTES * 1_440) continue
    const name = `minute_online ${new Date(minute * MINUTE_MS).toISOString()}`
    wrong.push(...outside(name, byMinute.get(minute), users.size))
  }
  for (const minute of byMinute.keys()) {
    if (!activity.onlineUsers.has(minute)) wrong.push(`minute_online ${minute}: nobody was online`)
  }
  return wrong
}

async function compareRevenue(
  connection: ClickHouseConnection,
  { gameId }: ChaosGame,
  activity: Activity,
): Promise<string[]> {
  const rows = await rowsOf(
    connection,
    `SELECT toString(d), currency, revenue_cents, refunds_cents, failed, succeeded
     FROM daily_revenue FINAL WHERE game_id = {game:String}
       AND revenue_cents + refunds_cents + failed + succeeded > 0`,
    gameId,
    z.tuple([z.string(), z.string(), numberSchema, numberSchema, numberSchema, numberSchema]),
  )
  const told = new Map(rows.map(([day, currency, ...sums]) => [`${day} ${currency}`, sums]))
  const expected = new Map<string, number[]>()
  for (const { trueMs, currency, status, amountCents } of activity.payments) {
    if (status === 'pending') continue
    const key = `${activity.dateOf(trueMs)} ${currency}`
    const [revenue = 0, refunds = 0, failed = 0, succeeded = 0] = expected.get(key) ?? []
    expected.set(key, [
      revenue + (status === 'success' ? amountCents : 0),
      refunds + (status === 'refunded' ? amountCents : 0),
      failed + (status === 'failed' ? 1 : 0),
      succeeded + (status === 'success' ? 1 : 0),
    ])
  }
  return [...new Set([...told.keys(), ...expected.keys()])].flatMap((key) => {
    const [is, should] = [told.get(key)?.join(' / '), expected.get(key)?.join(' / ')]
    return is === should
      ? []
      : [`daily_revenue ${key}: ${is ?? 'missing'}, expected ${should ?? 'none'}`]
  })
}
