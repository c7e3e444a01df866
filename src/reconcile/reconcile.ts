/**
 * The hourly count of closed days: what ClickHouse says of them exactly, beside what the sketches said live. Nothing is
 * remembered but the figures themselves: a day is due while its figure is older than the newest moment at which it
 * should have been counted, so what an outage left out is caught up by the next run, and two runs at once do no harm.
 */
import { eventsTtlDays } from '../clickhouse/queries/events-ttl.ts'
import type { DayVersionRow } from '../clickhouse/queries/exact-days.ts'
import { dayVersions } from '../clickhouse/queries/exact-days.ts'
import { configOf } from '../config.ts'
import { gameDay } from '../event/game-day.ts'
import { log } from '../log.ts'
import { LOOK_BACK_DAYS } from './due-days.ts'
import type { ReconciledGame } from './games.ts'
import { gamesToReconcile } from './games.ts'
import type { Clock, GameVersions, Run, RunLimits, Tally, Versions } from './reconcile-game.ts'
import { isOver, reconcileGame } from './reconcile-game.ts'

const DAY_MS = 86_400_000

/** Games whose versions one question asks for: 38 rows each at most. */
const PAGE_GAMES = 200
/** Games that are counted at the same time: a Worker has six connections. */
const PARALLEL_GAMES = 4
/**
 * The platform ends an invocation after 15 minutes and at 10,000 subrequests. What is begun at the last moment takes
 * two minutes more, and as many statements as there are games at the same time.
 */
const LIMITS: RunLimits = {
  runMs: 11 * 60_000,
  maxStatements: 9_000,
  maxEventsPerStatement: 5_000_000,
}
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
  /** Games, or some days of one, that could not be counted or summed; the log names each */
  readonly failures: number
  /** Games that the run was too short for, wholly or for some of their days; a later one begins elsewhere */
  readonly left: number
}

/**
 * Counts every due day of every game. A game that fails is logged, counted in `failures` and due again; the others go
 * on. Throws when nothing can be counted: the control database or ClickHouse does not answer at all.
 */
export async function reconcile(
  env: Env,
  clock: Clock,
  limits: RunLimits = LIMITS,
): Promise<Reconciliation> {
  const startMs = clock()
  const tally: Tally = { days: 0, revenueDays: 0, failures: 0, left: 0, statements: 0 }
  try {
    const connection = configOf(env).clickhouse
    const [games, ttlDays] = await Promise.all([
      gamesToReconcile(env.CONTROL_DB, startMs - (LOOK_BACK_DAYS + MARGIN_DAYS) * DAY_MS),
      eventsTtlDays(connection),
    ])
    const run = { connection, clock, ttlDays, startMs, limits }
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
  if (isOver(run, tally)) {
    tally.left += page.length
    return
  }
  let versionsOf: (game: ReconciledGame) => GameVersions
  try {
    // The two questions for versions.
    tally.statements += 2
    versionsOf = await readVersions(page, run)
  } catch (error) {
    log('error', 'days not counted', { games: page.length, error })
    tally.failures += page.length
    return
  }
  const waiting = page.values()
  const work = async () => {
    for (const game of waiting) await reconcileGame(game, versionsOf(game), run, tally)
  }
  await Promise.all(Array.from({ length: PARALLEL_GAMES }, work))
}

async function readVersions(
  page: readonly ReconciledGame[],
  { connection, clock }: Run,
): Promise<(game: ReconciledGame) => GameVersions> {
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
