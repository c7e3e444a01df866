/**
 * Replays a real game: the players of Cookie Cats as events over HTTP, then asks the query API and compares
 * every figure with the file. The exit code is 0 only if all of them are equal and nothing was rejected.
 * A second replay sends the same events, which must change nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import {
  countEvents,
  eventsOf,
  type Player,
  readPlayers,
  type ReplayPlan,
} from './replay/cookie-cats.ts'
import { dateOf, firstInstallDayMs, rememberedLastInstallDay } from './replay/days.ts'
import { comparisonTable, countEqual, expectedFigures } from './replay/figures.ts'
import { count, startProgress } from './replay/progress.ts'
import { readBack } from './replay/read-back.ts'
import { batchesOf, requireServer, SendError, sendAll, type SendReport } from './replay/send.ts'
import { readSettings, type ReplaySettings, USAGE } from './replay/settings.ts'
import { comparedFigures, isPlausible, sketchTable } from './replay/sketch-figures.ts'

const ROOT = new URL('../', import.meta.url)
const PLAYERS_FILE = new URL('data/cookie-cats.csv.gz', ROOT)
const DEVELOPMENT_FILE = new URL('.data/dev.json', ROOT)
const ANCHOR_FILE = new URL('.data/replay-anchor.json', ROOT)

async function main(): Promise<number> {
  const settings = await readSettings(process.argv.slice(2), DEVELOPMENT_FILE)
  if (settings === null) {
    console.log(USAGE)
    return 0
  }
  await requireServer(settings.target.url)
  const plan = await planOf(settings, Date.now())
  const players = await readPlayers(PLAYERS_FILE, settings.limit)
  const total = countEvents(players, plan)
  const { url, gameId, env } = settings.target
  console.log(
    `${count(players.length)} players as ${count(total)} events to ${gameId}/${env} at ${url}, ` +
      `installed from ${dateOf(plan.firstInstallDayMs)} on`,
  )

  const startMs = performance.now()
  const report = await send(eventsOf(players, plan), total, settings)
  const seconds = (performance.now() - startMs) / 1_000
  console.log(
    `${describe(report)}; ${seconds.toFixed(1)} s, ${count(Math.round(report.sent / seconds))} events/s`,
  )
  for (const rejection of report.rejections) console.log(`rejected: ${rejection}`)

  const expected = expectedFigures(players, plan)
  const { answered, failure } = await readBack(expected, settings.target, plan, settings.waitMs)
  console.log(`\n${comparisonTable(expected, answered)}\n`)
  if (failure !== null) console.error(`The last question had no answer: ${failure}`)
  const equal = countEqual(expected, answered)
  console.log(`${equal} of ${expected.size} figures are equal`)
  if (equal < expected.size) {
    console.log(
      'Too small: acknowledged events have not arrived; the log of the Worker says why. Otherwise: the ' +
        'comparison is about everything that the game holds, so it needs a game without other players, ' +
        'that counts its days in UTC, and the same --limit in every replay.',
    )
  }
  if (equal < expected.size || report.rejected > 0) return 1
  return (await compareSketches(players, plan, settings)) ? 0 : 1
}

/** Rows and tokens of a message that comes again are stored one after the other. */
const SKETCH_WAIT_MS = 60_000
const SKETCH_POLL_MS = 3_000

/** What the sketches answer, once they have all tokens; false when a figure is further off than its error allows. */
async function compareSketches(
  players: readonly Player[],
  plan: ReplayPlan,
  { target }: ReplaySettings,
): Promise<boolean> {
  const startMs = performance.now()
  let figures = await comparedFigures(players, plan, target)
  while (!figures.every(isPlausible) && performance.now() - startMs < SKETCH_WAIT_MS) {
    await sleep(SKETCH_POLL_MS)
    figures = await comparedFigures(players, plan, target)
  }
  console.log(`\n${sketchTable(figures)}`)
  const wrong = figures.filter((figure) => !isPlausible(figure)).map(({ name }) => name)
  if (wrong.length > 0) console.log(`Too far off: ${wrong.join(', ')}`)
  return wrong.length === 0
}

async function planOf(
  { lastInstallDay, rounds }: ReplaySettings,
  nowMs: number,
): Promise<ReplayPlan> {
  const day = lastInstallDay ?? (await rememberedLastInstallDay(ANCHOR_FILE, nowMs))
  return { firstInstallDayMs: firstInstallDayMs(day, nowMs), rounds }
}

async function send(
  events: Iterable<string>,
  total: number,
  { target, batchSize, concurrency }: ReplaySettings,
): Promise<SendReport> {
  const progress = startProgress('sending', 'events', total)
  try {
    return await sendAll(batchesOf(events, batchSize), target, {
      concurrency,
      onProgress: ({ sent }) => progress.update(sent),
      wait: sleep,
    })
  } finally {
    progress.stop()
  }
}

function describe({ sent, accepted, rejected, retriedPosts }: SendReport): string {
  return (
    `sent ${count(sent)}, accepted ${count(accepted)}, rejected ${count(rejected)}; ` +
    `POSTs sent again: ${count(retriedPosts)}`
  )
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  if (error instanceof SendError) {
    console.error(describe(error.report))
    console.error(
      'What was acknowledged is kept; the same replay again sends it without counting it twice.',
    )
  }
  process.exitCode = 1
}
