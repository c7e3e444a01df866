/**
 * Asks the query API all the time while things fail. An answer is an error that says so, or figures between what was
 * answered before and what was ever sent; never figures while the database is away.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { z } from 'zod'

import type { GameTruth } from './oracle.ts'
import type { ChaosStack } from './stack.ts'
import type { ChaosGame } from './traffic.ts'

const PAUSE_MS = 150
const ANSWER_TIMEOUT_MS = 90_000

/** A read of the query API: status and body. */
export async function ask(
  stack: ChaosStack,
  game: ChaosGame,
  path: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${stack.url}/api/analytics/${path}`, {
    headers: { Authorization: `Bearer ${stack.keysOf(game).readKey}` },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

const problemSchema = z.object({ code: z.string(), status: z.int() })
const overviewSchema = z.object({
  active_users: z.int(),
  new_users: z.int(),
  revenue_by_currency: z.record(z.string(), z.object({ revenue_cents: z.number() })),
  series: z.object({
    dau: z.array(z.tuple([z.string(), z.number()])),
    peak_online: z.array(z.tuple([z.string(), z.number()])),
  }),
})
const retentionSchema = z.object({ totals: z.object({ size: z.int() }) })

/** Figures that can only rise while rows are added, over a range that holds all of them. */
type Rising = ReadonlyMap<string, number>

function risingOf(path: string, body: unknown): Rising {
  if (path.startsWith('retention')) {
    return new Map([['cohort users', retentionSchema.parse(body).totals.size]])
  }
  const { active_users, new_users, series } = overviewSchema.parse(body)
  const rising = new Map([
    ['active_users', active_users],
    ['new_users', new_users],
  ])
  for (const [day, value] of series.dau) rising.set(`dau of ${day}`, value)
  for (const [day, value] of series.peak_online) rising.set(`peak_online of ${day}`, value)
  return rising
}

export interface WatchReport {
  /** Questions that were answered with figures, and with errors */
  readonly answered: number
  readonly failed: number
  readonly wrong: readonly string[]
}

/** Asks about the games in turn until `isOver`. `range`: parameters of a range that holds everything that is sent. */
export async function watch(
  stack: ChaosStack,
  truths: readonly GameTruth[],
  range: string,
  isOver: () => boolean,
): Promise<WatchReport> {
  const wrong: string[] = []
  const highest = new Map<string, number>()
  let answered = 0
  let failed = 0
  const paths = [`overview?${range}`, `retention?${range}`]
  for (let turn = 0; !isOver(); turn += 1) {
    const truth = truths[turn % truths.length]
    const path = paths[Math.floor(turn / truths.length) % paths.length]
    if (truth === undefined || path === undefined) break
    const fromMs = Date.now()
    try {
      const { status, body } = await ask(stack, truth.game, path)
      if (status === 200) {
        answered += 1
        wrong.push(...judge(stack, truth, path, body, highest, fromMs))
      } else {
        failed += 1
        const problem = problemSchema.safeParse(body)
        if (!problem.success || problem.data.status !== status || status < 500) {
          wrong.push(
            `${truth.game.gameId} ${path}: ${status} ${JSON.stringify(body).slice(0, 200)}`,
          )
        }
      }
    } catch (error) {
      wrong.push(`${truth.game.gameId} ${path}: ${String(error).slice(0, 300)}`)
    }
    // Questions must not be all that the machine does.
    await sleep(Math.max(PAUSE_MS, 2 * (Date.now() - fromMs)))
  }
  return { answered, failed, wrong }
}

/** How long the database is away for the questions that must not be answered with figures. */
const AWAY_MS = 6_000

const moneySchema = z.object({ rev_today: z.null(), partial: z.array(z.unknown()).min(1) })

/**
 * Kills the database and asks everything: figures of rows are errors, and live figures say that money is missing. What
 * is answered once the database is back proves nothing and is passed over.
 */
export async function askWhileAway(
  stack: ChaosStack,
  truths: readonly GameTruth[],
  range: string,
): Promise<string[]> {
  await stack.database.untilBack()
  await stack.database.crash(AWAY_MS)
  const questions = truths.flatMap(({ game }) =>
    [`overview?${range}`, `retention?${range}`, 'realtime'].map((path) => ({ game, path })),
  )
  const wrong = await Promise.all(
    questions.map(async ({ game, path }) => {
      const fromMs = Date.now()
      const { status, body } = await ask(stack, game, path)
      if (status >= 500 || !stack.database.wasAway(fromMs, Date.now())) return []
      if (path === 'realtime' && moneySchema.safeParse(body).success) return []
      const told = JSON.stringify(body).slice(0, 200)
      return [`${game.gameId} ${path}: ${status} while the database was away: ${told}`]
    }),
  )
  await stack.database.untilBack()
  return wrong.flat()
}

function judge(
  stack: ChaosStack,
  truth: GameTruth,
  path: string,
  body: unknown,
  highest: Map<string, number>,
  fromMs: number,
): string[] {
  const wrong: string[] = []
  const say = (what: string) => wrong.push(`${truth.game.gameId} ${path}: ${what}`)
  if (stack.database.wasAway(fromMs, Date.now())) say('200 while the database was away')
  for (const [name, value] of risingOf(path, body)) {
    const key = `${truth.game.gameId} ${path} ${name}`
    const before = highest.get(key) ?? 0
    if (value < before) say(`${name} fell from ${before} to ${value}`)
    if (value > truth.sentUsers.size) {
      say(`${name} is ${value}, of ${truth.sentUsers.size} users that were ever sent`)
    }
    highest.set(key, Math.max(before, value))
  }
  const cents = path.startsWith('overview')
    ? Object.values(overviewSchema.parse(body).revenue_by_currency).reduce(
        (sum, { revenue_cents: revenue }) => sum + revenue,
        0,
      )
    : 0
  if (cents > truth.sentCents) say(`revenue ${cents} of ${truth.sentCents} that was ever sent`)
  return wrong
}
