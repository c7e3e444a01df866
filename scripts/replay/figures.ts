/**
 * What a replay must have changed: the figures that follow from the file, and the same figures as the query
 * API answers them. A figure is a text of one or more numbers; two figures are equal or they are not.
 */
import { z } from 'zod'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { ask } from '../../src/clickhouse/reader.ts'
import type { Player, ReplayPlan } from './cookie-cats.ts'
import { DAY_MS, INSTALL_DAYS, installDayOf, VARIANTS } from './cookie-cats.ts'
import { dateOf } from './days.ts'
import { count } from './progress.ts'
import { problemText } from './send.ts'

/** Figures by name, in the order in which they are shown. */
export type Figures = ReadonlyMap<string, string>

/** Who may ask, and what about. */
export interface ReadTarget {
  readonly url: string
  readonly gameId: string
  readonly env: string
  readonly readKey: string
  /** Where rounds are counted; null when the replay sent none */
  readonly clickhouse: ClickHouseConnection | null
}

const ANSWER_TIMEOUT_MS = 60_000

/** No answer now; there may be one later. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError'
}

/** The figures that follow from the file. */
export function expectedFigures(players: readonly Player[], plan: ReplayPlan): Figures {
  const { size, day1, day7 } = retentionOf(players)
  const figures = new Map([
    ['overview: new users', figure(size)],
    ['overview: D1 and D7 in percent', percentages((100 * day1) / size, (100 * day7) / size)],
    ['all cohorts: players, D1, D7', figure(size, day1, day7)],
  ])
  const byVariant = Map.groupBy(players, (player) => player.variant)
  for (const variant of VARIANTS) {
    const group = byVariant.get(variant)
    if (group !== undefined) figures.set(variant, retentionFigure(group))
  }
  const byDay = Map.groupBy(players, installDayOf)
  for (let day = 0; day < INSTALL_DAYS; day += 1) {
    figures.set(
      dateOf(plan.firstInstallDayMs + day * DAY_MS),
      retentionFigure(byDay.get(day) ?? []),
    )
  }
  if (plan.rounds) {
    const rounds = players.reduce((sum, player) => sum + player.rounds, 0)
    figures.set(ROUNDS, figure(rounds))
  }
  return figures
}

const ROUNDS = 'progression.complete events'

function retentionOf(players: readonly Player[]) {
  let day1 = 0
  let day7 = 0
  for (const { retainedDay1, retainedDay7 } of players) {
    day1 += Number(retainedDay1)
    day7 += Number(retainedDay7)
  }
  return { size: players.length, day1, day7 }
}

function retentionFigure(players: readonly Player[]): string {
  const { size, day1, day7 } = retentionOf(players)
  return figure(size, day1, day7)
}

function figure(...numbers: readonly (number | null)[]): string {
  return numbers.map((value) => (value === null ? '-' : count(value))).join(' / ')
}

function percentages(...shares: readonly (number | null)[]): string {
  return shares.map((share) => (share === null ? '-' : share.toFixed(6))).join(' / ')
}

const totalsSchema = z.object({
  size: z.int(),
  retained_d1: z.int(),
  retained_d7: z.int(),
})
const overviewSchema = z.object({
  new_users: z.int(),
  d1: z.number().nullable(),
  d7: z.number().nullable(),
})
const retentionSchema = z.object({
  cohorts: z.array(
    z.object({
      day: z.string(),
      size: z.int(),
      retained_d1: z.int().nullable(),
      retained_d7: z.int().nullable(),
    }),
  ),
  totals: totalsSchema,
  groups: z.object({
    values: z.array(z.object({ value: z.string(), totals: totalsSchema })),
  }),
})
const countRowSchema = z.object({ events: z.int() })

/**
 * The same figures as the API answers them now. Throws UnansweredError when it does not answer, and Error when
 * it refuses or answers something else.
 */
export async function answeredFigures(target: ReadTarget, plan: ReplayPlan): Promise<Figures> {
  const days = {
    start: dateOf(plan.firstInstallDayMs),
    end: dateOf(plan.firstInstallDayMs + INSTALL_DAYS * DAY_MS),
  }
  const overview = overviewSchema.parse(await get(target, 'overview', days))
  const retention = retentionSchema.parse(
    await get(target, 'retention', { ...days, by: 'props.variant' }),
  )
  const figures = new Map([
    ['overview: new users', figure(overview.new_users)],
    ['overview: D1 and D7 in percent', percentages(overview.d1, overview.d7)],
    ['all cohorts: players, D1, D7', totalsFigure(retention.totals)],
  ])
  for (const { value, totals } of retention.groups.values) figures.set(value, totalsFigure(totals))
  for (const { day, size, retained_d1: day1, retained_d7: day7 } of retention.cohorts) {
    figures.set(day, figure(size, day1, day7))
  }
  if (target.clickhouse !== null)
    figures.set(ROUNDS, figure(await countRounds(target.clickhouse, target)))
  return figures
}

function totalsFigure({
  size,
  retained_d1: day1,
  retained_d7: day7,
}: z.output<typeof totalsSchema>) {
  return figure(size, day1, day7)
}

/**
 * An answer of the query API. Throws UnansweredError when there is none, and Error for a refusal.
 * `path`: below /api/analytics
 */
export async function get(
  target: ReadTarget,
  path: string,
  parameters: Record<string, string>,
): Promise<unknown> {
  const url = `${target.url}/api/analytics/${path}?${new URLSearchParams(parameters).toString()}`
  let response: Response
  let body: string
  try {
    response = await fetch(url, {
      headers: {
        Authorization: `Bearer ${target.readKey}`,
        'X-Game-ID': target.gameId,
        'X-Env': target.env,
      },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    })
    body = await response.text()
  } catch (cause) {
    throw new UnansweredError(`${target.url} does not answer`, { cause })
  }
  if (response.ok) return JSON.parse(body)
  const text = problemText(response.status, body)
  throw response.status >= 500 ? new UnansweredError(text) : new Error(text)
}

const healthSchema = z.object({
  checks: z.object({ queue: z.object({ backlog: z.int() }) }),
})

/** Messages that wait in the queue; null when the server does not say. Throws UnansweredError. */
export async function queueBacklog({ url }: ReadTarget): Promise<number | null> {
  try {
    const response = await fetch(`${url}/healthz`, {
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    })
    return healthSchema.safeParse(await response.json()).data?.checks.queue.backlog ?? null
  } catch (cause) {
    throw new UnansweredError(`${url}/healthz does not answer`, { cause })
  }
}

/** No endpoint counts events by name, so the table itself is asked. */
async function countRounds(
  connection: ClickHouseConnection,
  { gameId, env }: ReadTarget,
): Promise<number> {
  try {
    const [row] = await ask(connection, {
      sql: `
SELECT count() AS events FROM events FINAL
WHERE game_id = {game_id:String} AND env = {env:String} AND event = 'progression.complete'`,
      params: { game_id: gameId, env },
      row: countRowSchema,
    })
    return row?.events ?? 0
  } catch (cause) {
    throw new UnansweredError('ClickHouse does not answer', { cause })
  }
}

/** How many of the expected figures are answered as expected. */
export function countEqual(expected: Figures, answered: Figures): number {
  return [...expected].filter(([name, value]) => answered.get(name) === value).length
}

/** The comparison as a table. */
export function comparisonTable(expected: Figures, answered: Figures): string {
  const rows = [...expected].map(([name, value]) => {
    const answer = answered.get(name) ?? '-'
    return [name, value, answer, value === answer ? 'equal' : 'NOT EQUAL']
  })
  const table = [['', 'expected', 'answered', ''], ...rows]
  const widths = [0, 1, 2].map((column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  )
  return table
    .map(([name = '', value = '', answer = '', verdict = '']) =>
      [
        name.padEnd(widths[0] ?? 0),
        value.padStart(widths[1] ?? 0),
        answer.padStart(widths[2] ?? 0),
        verdict,
      ]
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
