/**
 * The hourly count of closed days: what ClickHouse says of them exactly, beside what the sketches said live. Nothing is
 * remembered but the figures themselves: a day is due while its figure is older than the newest moment at which it
 * should have been counted, so what an outage left out is caught up by the next run, and two runs at once do no harm.
 */
import type { ClickHouseConnection } from '../clickhouse/connection.ts'
import { eventsTtlDays } from '../clickhouse/queries/events-ttl.ts'
import type { DayVersionRow } from '../clickhouse/queries/exact-days.ts'
import { countableEvents, countExactDays, dayVersions } from '../clickhouse/queries/exact-days.ts'
import { refreshDailyRevenue } from '../clickhouse/queries/refresh-daily-revenue.ts'
import { configOf } from '../config.ts'
import type { GameDay } from '../event/calendar.ts'
import { formatDay } from '../event/calendar.ts'
import { gameDay } from '../event/game-day.ts'
import { log } from '../log.ts'
import type { ClosedDays } from './due-days.ts'
import { closedDays, dueDays, groupDays, isOutdated, LOOK_BACK_DAYS } from './due-days.ts'
import type { ReconciledGame } from './games.ts'
import { gamesToReconcile } from './games.ts'

const DAY_MS = 86_400_000

/** Games whose versions one question asks for: 38 rows each at most. */
const PAGE_GAMES = 200
/** Games that are counted at the same time: a Worker has six connections. */
const PARALLEL_GAMES = 4
/** No game is begun later than this after the start; the platform ends an invocation after 15 minutes. */
const RUN_MS = 11 * 60_000
/** No game is begun after so many statements; the platform ends an invocation at 10,000 subrequests. */
const MAX_STATEMENTS = 9_000
/** The largest local date runs a day ahead of that of UTC; the first day that is looked at, one behind it. */
const MARGIN_DAYS = 2

/** What a run has done. */
export interface Reconciliation {
  /** Games in their environments */
  readonly games: number
  /** Days that were counted */
  readonly days: number
  /** Days whose revenue was summed anew */
  readonly revenueDays: number
  /** Games, or some days of one, that could not be counted; the log names each */
  readonly failures: number
  /** Games that the run was too short for; a later one begins elsewhere */
  readonly left: number
}

/** The time in milliseconds since the epoch; a run takes minutes. */
type Clock = () => number

/** What holds for all games of a run. */
interface Run {
  readonly connection: ClickHouseConnection
  readonly clock: Clock
  /** Days for which events are kept; null for ever */
  readonly ttlDays: number | null
  /** No game is begun later */
  readonly lastStartMs: number
}

interface Tally {
  days: number
  revenueDays: number
  failures: number
  left: number
  statements: number
}

/**
 * Counts every due day of every game. A game that fails is logged, counted in `failures` and due again; the others go
 * on. Throws when nothing can be counted: the control database or ClickHouse does not answer at all.
 */
export async function reconcile(env: Env, clock: Clock): Promise<Reconciliation> {
  const startMs = clock()
  const tally: Tally = { days: 0, revenueDays: 0, failures: 0, left: 0, statements: 0 }
  try {
    const connection = configOf(env).clickhouse
    const [games, ttlDays] = await Promise.all([
      gamesToReconcile(env.CONTROL_DB, startMs - (LOOK_BACK_DAYS + MARGIN_DAYS) * DAY_MS),
      eventsTtlDays(connection),
    ])
    const run = { connection, clock, ttlDays, lastStartMs: startMs + RUN_MS }
    for (const page of pagesOf(beginningAt(games, Math.random()))) {
      await reconcilePage(page, run, tally)
    }
    log(tally.failures + tally.left === 0 ? 'info' : 'warn', 'reconciled', {
      games: games.length,
      days: tally.days,
      revenue_days: tally.revenueDays,
      failures: tally.failures,
      left: tally.left,
      duration_ms: clock() - startMs,
    })
    const { days, revenueDays, failures, left } = tally
    return { games: games.length, days, revenueDays, failures, left }
  } catch (error) {
    log('error', 'not reconciled', { error, duration_ms: clock() - startMs })
    throw error
  }
}

/** Another beginning in every run: games that take all the time keep none from its turn for ever. */
function beginningAt<Item>(items: readonly Item[], random: number): Item[] {
  const first = Math.floor(random * items.length)
  return [...items.slice(first), ...items.slice(0, first)]
}

function* pagesOf<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += PAGE_GAMES) yield items.slice(at, at + PAGE_GAMES)
}

async function reconcilePage(
  page: readonly ReconciledGame[],
  run: Run,
  tally: Tally,
): Promise<void> {
  let versionsOf: VersionsOf
  try {
    versionsOf = await readVersions(page, run)
  } catch (error) {
    log('error', 'days not counted', { games: page.length, error })
    tally.failures += page.length
    return
  }
  const waiting = page.values()
  const work = async () => {
    for (const game of waiting) {
      const isOver = run.clock() > run.lastStartMs || tally.statements > MAX_STATEMENTS
      if (isOver) tally.left += 1
      else await reconcileGame(game, versionsOf(game), run, tally)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_GAMES }, work))
}

/** When a figure of a game's days was taken (milliseconds since the epoch), by day. */
type Versions = ReadonlyMap<number, number>
type VersionsOf = (game: ReconciledGame) => { readonly exact: Versions; readonly revenue: Versions }

async function readVersions(
  page: readonly ReconciledGame[],
  { connection, clock }: Run,
): Promise<VersionsOf> {
  const firstDay = gameDay(clock(), 'UTC') - LOOK_BACK_DAYS - MARGIN_DAYS
  const [exact, revenue] = await Promise.all([
    dayVersions(connection, 'daily_exact', page, firstDay),
    dayVersions(connection, 'daily_revenue', page, firstDay),
  ])
  const [exactOf, revenueOf] = [byGame(exact), byGame(revenue)]
  return (game) => ({ exact: exactOf(game), revenue: revenueOf(game) })
}

function byGame(rows: readonly DayVersionRow[]): (game: ReconciledGame) => Versions {
  const grouped = Map.groupBy(rows, (row) => JSON.stringify([row.game_id, row.env]))
  return ({ gameId, env }) => {
    const own = grouped.get(JSON.stringify([gameId, env])) ?? []
    return new Map(own.map(({ day, version }) => [day, version]))
  }
}

async function reconcileGame(
  game: ReconciledGame,
  versions: ReturnType<VersionsOf>,
  run: Run,
  tally: Tally,
): Promise<void> {
  try {
    const nowMs = run.clock()
    const closed = closedDays(nowMs, game.timeZone, run.ttlDays)
    const counted = await countDue(game, closed, dueDays(closed, versions.exact, nowMs), run, tally)
    const revenueDays = closed.days.filter(
      (day) => counted.has(day) || isOutdated(day, versions.revenue, nowMs),
    )
    if (revenueDays.length === 0) return
    const days = revenueDays.map(({ day }) => day)
    // The state of the payments, and the sums.
    tally.statements += 2
    await refreshDailyRevenue(run.connection, game, { days })
    tally.revenueDays += days.length
  } catch (error) {
    tally.failures += 1
    log('error', 'days not counted', { game_id: game.gameId, env: game.env, error })
  }
}

/** Counts the due days that have events, and returns those that were counted. */
async function countDue(
  { gameId, env }: ReconciledGame,
  { offsets }: ClosedDays,
  due: readonly GameDay[],
  { connection, clock }: Run,
  tally: Tally,
): Promise<ReadonlySet<GameDay>> {
  if (due.length === 0) return new Set()
  const scope = { gameId, env, offsets }
  tally.statements += 1
  const counts = await countableEvents(connection, { ...scope, days: due })
  const counted = new Set<GameDay>()
  for (const days of groupDays(due, new Map(counts.map(({ day, events }) => [day, events])))) {
    tally.statements += 1
    try {
      const stored = await countExactDays(connection, { ...scope, days }, clock())
      tally.days += stored
      for (const day of days) counted.add(day)
    } catch (error) {
      // The days of another statement may be fewer rows.
      tally.failures += 1
      const dates = days.map(({ day }) => formatDay(day))
      log('error', 'days not counted', { game_id: gameId, env, days: dates, error })
    }
  }
  return counted
}
