/**
 * The due days of one game. Their revenue is summed before their users are counted, because a day is due by the version
 * of its count: a run that ends between the two leaves the day due. A sum that fails does not keep the users waiting:
 * they are counted once for each moment, under a version with which the day is due still.
 */
import type { ClickHouseConnection } from '../clickhouse/connection.ts'
import type { VersionedDay } from '../clickhouse/queries/exact-days.ts'
import { countableEvents, countExactDays } from '../clickhouse/queries/exact-days.ts'
import { refreshDailyRevenue } from '../clickhouse/queries/refresh-daily-revenue.ts'
import type { GameDay, ZoneOffsets } from '../event/calendar.ts'
import { formatDay } from '../event/calendar.ts'
import { log } from '../log.ts'
import { closedDays, dueDays, groupDays, isOutdated, provisionalVersion } from './due-days.ts'
import type { ReconciledGame } from './games.ts'

/** The time in milliseconds since the epoch; a run takes minutes. */
export type Clock = () => number

/** Where a run ends, so that the platform does not end it. */
export interface RunLimits {
  /** No game, sum or group of days is begun later than this after the start, in milliseconds */
  readonly runMs: number
  /** None is begun after more statements than this */
  readonly maxStatements: number
  /** Rows that one statement counts, unless a day alone has more: what it holds in memory grows with them */
  readonly maxEventsPerStatement: number
}

/** What holds for all games of a run. */
export interface Run {
  readonly connection: ClickHouseConnection
  readonly clock: Clock
  /** Days for which events are kept; null for ever */
  readonly ttlDays: number | null
  readonly startMs: number
  readonly limits: RunLimits
}

/** What the run has done so far; see Reconciliation. */
export interface Tally {
  days: number
  revenueDays: number
  failures: number
  left: number
  statements: number
}

/** When a figure of a game's days was taken (milliseconds since the epoch), by day. */
export type Versions = ReadonlyMap<number, number>

export interface GameVersions {
  readonly exact: Versions
  readonly revenue: Versions
}

/** Whether nothing more is to be begun. */
export function isOver({ clock, startMs, limits }: Run, { statements }: Tally): boolean {
  return clock() > startMs + limits.runMs || statements > limits.maxStatements
}

/** Sums and counts the due days of the game. Never throws: what fails is logged and counted in the tally. */
export async function reconcileGame(
  game: ReconciledGame,
  versions: GameVersions,
  run: Run,
  tally: Tally,
): Promise<void> {
  try {
    const isDone = await reconcileDays(game, versions, run, tally)
    if (!isDone) tally.left += 1
  } catch (error) {
    tally.failures += 1
    log('error', 'days not counted', { game_id: game.gameId, env: game.env, error })
  }
}

/** Whether the run was long enough for all due days of the game. */
async function reconcileDays(
  game: ReconciledGame,
  versions: GameVersions,
  run: Run,
  tally: Tally,
): Promise<boolean> {
  if (isOver(run, tally)) return false
  const nowMs = run.clock()
  const { days, offsets } = closedDays(nowMs, game.timeZone, run.ttlDays)
  const due = dueDays({ days, offsets }, versions.exact, nowMs)
  const events = await eventsOf(game, { days: due, offsets }, run, tally)
  const known = days.filter(({ day }) => events.has(day))
  const summed = days.filter(
    (day) => events.has(day.day) || isOutdated(day, versions.revenue, nowMs),
  )
  if (summed.length === 0) return true
  if (isOver(run, tally)) return false
  const isSummed = await sumRevenue(game, summed, run, tally)
  const counted = isSummed ? known : known.filter((day) => !isCounted(day, versions.exact, nowMs))
  const versionOf = (day: GameDay) => (isSummed ? null : provisionalVersion(day, nowMs))
  for (const group of groupDays(counted, events, run.limits.maxEventsPerStatement)) {
    if (isOver(run, tally)) return false
    const countMs = run.clock()
    const versioned = group.map((day) => {
      const { startMs, endMs } = day
      return { day: day.day, startMs, endMs, versionMs: versionOf(day) ?? countMs }
    })
    await countGroup(game, { days: versioned, offsets }, run, tally)
  }
  return true
}

/** Whether the users of the day were counted for its newest moment, and only its revenue is still to be summed. */
function isCounted(day: GameDay, exact: Versions, nowMs: number): boolean {
  return exact.get(day.day) === provisionalVersion(day, nowMs)
}

interface DaysOfZone<Day extends GameDay> {
  readonly days: readonly Day[]
  readonly offsets: ZoneOffsets
}

/** How many rows there are to count, by day: only days that have any, or a figure of the sketches. */
async function eventsOf(
  { gameId, env }: ReconciledGame,
  { days, offsets }: DaysOfZone<GameDay>,
  { connection }: Run,
  tally: Tally,
): Promise<ReadonlyMap<number, number>> {
  if (days.length === 0) return new Map()
  tally.statements += 1
  const counts = await countableEvents(connection, { gameId, env, days, offsets })
  return new Map(counts.map(({ day, events }) => [day, events]))
}

/** Whether the revenue of the days could be summed anew. */
async function sumRevenue(
  game: ReconciledGame,
  summed: readonly GameDay[],
  { connection }: Run,
  tally: Tally,
): Promise<boolean> {
  const days = summed.map(({ day }) => day)
  // The state of the payments, and the sums.
  tally.statements += 2
  try {
    await refreshDailyRevenue(connection, game, { days })
    tally.revenueDays += days.length
    return true
  } catch (error) {
    tally.failures += 1
    const { gameId, env } = game
    log('error', 'revenue not refreshed', {
      game_id: gameId,
      env,
      days: days.map(formatDay),
      error,
    })
    return false
  }
}

async function countGroup(
  { gameId, env }: ReconciledGame,
  { days, offsets }: DaysOfZone<GameDay & VersionedDay>,
  { connection }: Run,
  tally: Tally,
): Promise<void> {
  tally.statements += 1
  try {
    // Other games add to the tally meanwhile: it is read after the wait.
    const stored = await countExactDays(connection, { gameId, env, days, offsets })
    tally.days += stored
  } catch (error) {
    // The days of another statement may be fewer rows.
    tally.failures += 1
    const dates = days.map(({ day }) => formatDay(day))
    log('error', 'days not counted', { game_id: gameId, env, days: dates, error })
  }
}
