/**
 * The figures of the sketches beside the exact ones of the file: DAU, new users, weekly users and retention per
 * day, each with the error that it carries.
 */
import { z } from 'zod'

import type { Player, ReplayPlan } from './cookie-cats.ts'
import { DAY_MS, isActiveOn, installDayOf, REPLAY_DAYS } from './cookie-cats.ts'
import { dateOf } from './days.ts'
import type { ReadTarget } from './figures.ts'
import { get } from './figures.ts'
import { count } from './progress.ts'

/** A figure as the sketches tell it, beside what the file says. */
export interface ComparedFigure {
  /** Such as `2026-11-01 dau` */
  readonly name: string
  readonly exactValue: number
  readonly value: number
  /** Half-width of the 95 % interval; 0 when the sketch says that it is exact */
  readonly error: number
}

/**
 * Users that an exact figure may lack: two users share a token with a probability of 2^-27.6, so that one of some
 * ten sets of 4,096 lacks one.
 */
const SHARED_TOKENS = 3

/** Half-widths of the 95 % interval within which every figure must lie: 4.9 standard errors, one in a million. */
const WIDEST = 2.5

const usersSchema = z.object({ users: z.int(), error: z.int() })
const figureSchema = z.object({ value: z.int(), error: z.int() })
const daysSchema = z.object({
  days: z.array(
    z.object({
      day: z.string(),
      dau: figureSchema,
      new_users: figureSchema,
      wau: figureSchema.nullable(),
    }),
  ),
})
const cohortsSchema = z.object({
  cohorts: z.array(
    z.object({
      day: z.string(),
      size: usersSchema,
      d1: usersSchema.nullable(),
      d7: usersSchema.nullable(),
    }),
  ),
})

/** What the sketches answer now, beside the file. Throws as answeredFigures does. */
export async function comparedFigures(
  players: readonly Player[],
  plan: ReplayPlan,
  target: ReadTarget,
): Promise<ComparedFigure[]> {
  const range = {
    start: dateOf(plan.firstInstallDayMs),
    end: dateOf(plan.firstInstallDayMs + REPLAY_DAYS * DAY_MS),
  }
  const { days } = daysSchema.parse(await get(target, 'realtime/days', range))
  const { cohorts } = cohortsSchema.parse(await get(target, 'realtime/retention', range))
  const answered = new Map<string, z.output<typeof figureSchema> | null>()
  for (const { day, dau, new_users: newUsers, wau } of days) {
    answered.set(`${day} dau`, dau)
    answered.set(`${day} new users`, newUsers)
    answered.set(`${day} wau`, wau)
  }
  for (const { day, d1, d7 } of cohorts) {
    answered.set(`${day} D1`, d1 && { value: d1.users, error: d1.error })
    answered.set(`${day} D7`, d7 && { value: d7.users, error: d7.error })
  }
  return [...exactFigures(players, plan)].map(([name, exactValue]) => {
    const { value, error } = answered.get(name) ?? { value: 0, error: 0 }
    return { name, exactValue, value, error }
  })
}

/** `day`: days after the first installation of all. */
function activeOn(player: Player, day: number): boolean {
  return isActiveOn(player, day - installDayOf(player))
}

function exactFigures(players: readonly Player[], plan: ReplayPlan): Map<string, number> {
  const figures = new Map<string, number>()
  for (let day = 0; day < REPLAY_DAYS; day += 1) {
    const date = dateOf(plan.firstInstallDayMs + day * DAY_MS)
    const week = Array.from({ length: 7 }, (_, back) => day - back)
    const installed = players.filter((player) => installDayOf(player) === day)
    figures.set(`${date} dau`, players.filter((player) => activeOn(player, day)).length)
    figures.set(
      `${date} wau`,
      players.filter((player) => week.some((on) => activeOn(player, on))).length,
    )
    if (installed.length === 0) continue
    figures.set(`${date} new users`, installed.length)
    figures.set(`${date} D1`, installed.filter(({ retainedDay1 }) => retainedDay1).length)
    figures.set(`${date} D7`, installed.filter(({ retainedDay7 }) => retainedDay7).length)
  }
  return figures
}

/** Whether the figure is as near as its error lets expect of every single one of them. */
export function isPlausible({ value, exactValue, error }: ComparedFigure): boolean {
  return Math.abs(value - exactValue) <= (error === 0 ? SHARED_TOKENS : WIDEST * error)
}

/** The comparison as a table, and how many estimates lie within their error. */
export function sketchTable(figures: readonly ComparedFigure[]): string {
  const rows = figures.map(({ name, exactValue, value, error }) => [
    name,
    count(exactValue),
    count(value),
    error === 0 ? 'exact' : `± ${count(error)}`,
    signed(value - exactValue),
  ])
  const table = [['', 'file', 'sketch', 'error (95 %)', 'difference'], ...rows]
  const widthOf = (column: number) => Math.max(...table.map((row) => row[column]?.length ?? 0))
  const lines = table.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widthOf(0)) : cell.padStart(widthOf(column)),
      )
      .join('  '),
  )
  const estimates = figures.filter(({ error }) => error > 0)
  const within = estimates.filter(
    ({ value, exactValue, error }) => Math.abs(value - exactValue) <= error,
  ).length
  return (
    `${lines.join('\n')}\n\n${within} of ${estimates.length} estimates of the sketches lie within their 95 % error; ` +
    `${figures.length - estimates.length} figures are exact`
  )
}

function signed(difference: number): string {
  return difference > 0 ? `+${count(difference)}` : count(difference)
}
