/** The figures of the sketches against those of the oracle, each within the error that it states. */
import { z } from 'zod'

import type { Activity } from './figures.ts'
import { activeOn, datesOf, moneyOf, onlineIn, peaksOf, plusDays } from './figures.ts'
import type { ChaosStack } from './stack.ts'
import { outside } from './tolerance.ts'
import type { ChaosGame } from './traffic.ts'
import { ask } from './watch.ts'

/** Nothing older is sent. */
export const DAYS_BACK = 16

/** Minutes are kept for five days; days before these may have lost the first of theirs. */
export const DAYS_OF_MINUTES = 3

const MINUTE_MS = 60_000

const figureSchema = z.object({ value: z.int(), error: z.number(), exact: z.boolean() })
const instantSchema = z.iso.datetime({ offset: true })
const wholeSchema = z.array(z.unknown()).length(0)

const realtimeSchema = z.object({
  as_of: instantSchema,
  partial: wholeSchema,
  figures: z.object({
    online: figureSchema,
    active_5m: figureSchema,
    active_15m: figureSchema,
    dau_today: figureSchema,
    new_today: figureSchema,
    wau: figureSchema,
    mau: figureSchema,
    registered_total: figureSchema,
    online_peak_today: figureSchema,
  }),
  revenue_by_currency: z.record(z.string(), z.object({ rev_today: z.number() })),
})

const daysSchema = z.object({
  partial: wholeSchema,
  days: z.array(
    z.object({
      day: z.string(),
      dau: figureSchema,
      new_users: figureSchema,
      wau: figureSchema,
      mau: figureSchema,
      online_peak: figureSchema,
    }),
  ),
})

const usersSchema = z
  .object({ users: z.int(), error: z.number() })
  .transform(({ users, error }) => ({ value: users, error }))

const retentionSchema = z.object({
  as_of: instantSchema,
  partial: wholeSchema,
  cohorts: z.array(
    z.object({
      day: z.string(),
      size: usersSchema,
      d1: usersSchema.nullable(),
      d7: usersSchema.nullable(),
      d30: usersSchema.nullable(),
    }),
  ),
})

const breakdownSchema = z.object({
  partial: wholeSchema,
  values: z.array(z.object({ value: z.string(), users: z.int(), error: z.number() })),
})

/** What a live address answers, or in words why that is no answer. */
export async function answerOf<Answer>(
  stack: ChaosStack,
  game: ChaosGame,
  path: string,
  schema: z.ZodType<Answer>,
): Promise<Answer | string> {
  const { status, body } = await ask(stack, game, path)
  const parsed = schema.safeParse(body)
  if (status === 200 && parsed.success) return parsed.data
  const reason = parsed.success ? '' : z.prettifyError(parsed.error).slice(0, 200)
  return `${path}: ${status} ${JSON.stringify(body).slice(0, 200)} ${reason}`
}

/** Everything under /api/analytics/realtime; differences in words. */
export async function compareLive(
  stack: ChaosStack,
  game: ChaosGame,
  activity: Activity,
): Promise<string[]> {
  const wrong = [
    ...(await realtimeDifferences(stack, game, activity)),
    ...(await liveDayDifferences(stack, game, activity)),
    ...(await cohortDifferences(stack, game, activity)),
    ...(await breakdownDifferences(stack, game, activity)),
  ]
  return wrong.map((what) => `${game.gameId} ${what}`)
}

async function realtimeDifferences(
  stack: ChaosStack,
  game: ChaosGame,
  activity: Activity,
): Promise<string[]> {
  const answer = await answerOf(stack, game, 'realtime', realtimeSchema)
  if (typeof answer === 'string') return [answer]
  const asOfMs = Date.parse(answer.as_of)
  const today = activity.dateOf(asOfMs)
  const minute = Math.floor(asOfMs / MINUTE_MS) - 1
  const expected: Readonly<Record<keyof typeof answer.figures, number>> = {
    online: onlineIn(activity, minute, 1),
    active_5m: onlineIn(activity, minute, 5),
    active_15m: onlineIn(activity, minute, 15),
    dau_today: activity.activeUsers.get(today)?.size ?? 0,
    new_today: activity.newUsers.get(today)?.size ?? 0,
    wau: lookBack(activity, today, 7),
    mau: lookBack(activity, today, 30),
    registered_total: activity.firstNew.size,
    // Clocks may be minutes ahead: minutes that have not begun are in the peak of the sketches as well.
    online_peak_today: peaksOf(activity, [today])[0] ?? 0,
  }
  const wrong = Object.entries(expected).flatMap(([name, value]) =>
    outside(
      `realtime.${name}`,
      z.record(z.string(), figureSchema).parse(answer.figures)[name],
      value,
    ),
  )
  const rows = activity.payments.filter(
    ({ trueMs }) => activity.dateOf(trueMs) === today && trueMs <= asOfMs,
  )
  for (const [currency, { revenue_cents: cents }] of Object.entries(moneyOf(rows))) {
    const answered = answer.revenue_by_currency[currency]?.rev_today ?? 0
    if (answered !== cents)
      wrong.push(`realtime.rev_today of ${currency}: ${answered}, expected ${cents}`)
  }
  return wrong
}

/** Users of the days that end with a date. */
export function lookBack(activity: Activity, last: string, days: number): number {
  return activeOn(activity, datesOf(plusDays(last, 1 - days), last)).size
}

async function liveDayDifferences(
  stack: ChaosStack,
  game: ChaosGame,
  activity: Activity,
): Promise<string[]> {
  const today = activity.dateOf(Date.now())
  const first = plusDays(today, -DAYS_BACK)
  const path = `realtime/days?start=${first}&end=${plusDays(today, 1)}`
  const answer = await answerOf(stack, game, path, daysSchema)
  if (typeof answer === 'string') return [answer]
  const byDay = new Map(answer.days.map((day) => [day.day, day]))
  return datesOf(first, today).flatMap((date) => {
    const told = byDay.get(date)
    const wrong = dayDifferences(`realtime/days ${date}`, activity, date, told)
    if (date < plusDays(today, -DAYS_OF_MINUTES)) return wrong
    const peak = peaksOf(activity, [date])[0] ?? 0
    return wrong.concat(outside(`realtime/days ${date} online_peak`, told?.online_peak, peak))
  })
}

/** A figure with the error that it states. */
export interface Told {
  readonly value: number
  readonly error: number
}

/** The figures of one day; a day on which nobody was seen need not be told. */
export function dayDifferences(
  where: string,
  activity: Activity,
  date: string,
  told: { readonly [name in 'dau' | 'new_users' | 'wau' | 'mau']: Told | undefined } | undefined,
): string[] {
  const wrong = [
    outside(`${where} dau`, told?.dau, activity.activeUsers.get(date)?.size ?? 0),
    outside(`${where} new_users`, told?.new_users, activity.newUsers.get(date)?.size ?? 0),
  ]
  if (told !== undefined) {
    wrong.push(
      outside(`${where} wau`, told.wau, lookBack(activity, date, 7)),
      outside(`${where} mau`, told.mau, lookBack(activity, date, 30)),
    )
  }
  return wrong.flat()
}

/** A user is in the cohort of every day on which an event said that the user is new. */
async function cohortDifferences(
  stack: ChaosStack,
  game: ChaosGame,
  activity: Activity,
): Promise<string[]> {
  const today = activity.dateOf(Date.now())
  const first = plusDays(today, -DAYS_BACK)
  const path = `realtime/retention?start=${first}&end=${plusDays(today, 1)}`
  const answer = await answerOf(stack, game, path, retentionSchema)
  if (typeof answer === 'string') return [answer]
  const lastDay = activity.dateOf(Date.parse(answer.as_of))
  return answer.cohorts.flatMap(({ day, size, d1, d7, d30 }) => {
    const own = [...(activity.newUsers.get(day) ?? [])]
    const returned = (after: number, told: z.infer<typeof usersSchema> | null) => {
      const users = activity.activeUsers.get(plusDays(day, after))
      const expected = own.filter((user) => users?.has(user) === true).length
      const name = `realtime/retention ${day} d${after}`
      const isOver = plusDays(day, after) < lastDay
      if ((told !== null) !== isOver) return [`${name}: ${isOver ? 'missing' : 'not over yet'}`]
      if (told === null) return []
      // Somebody of the cohort and somebody active may share a token.
      return outside(name, told, expected, own.length * (users?.size ?? 0))
    }
    const wrong = outside(`realtime/retention ${day} size`, size, own.length)
    return wrong.concat(returned(1, d1), returned(7, d7), returned(30, d30))
  })
}

async function breakdownDifferences(
  stack: ChaosStack,
  game: ChaosGame,
  activity: Activity,
): Promise<string[]> {
  const today = activity.dateOf(Date.now())
  const path = `realtime/breakdown?metric=dau&by=platform&date=${today}`
  const answer = await answerOf(stack, game, path, breakdownSchema)
  if (typeof answer === 'string') return [answer]
  const told = new Map(
    answer.values.map(({ value, users, error }) => [value, { value: users, error }]),
  )
  const expected = activity.activeByPlatform.get(today) ?? new Map<string, Set<string>>()
  return [...new Set([...told.keys(), ...expected.keys()])].flatMap((platform) =>
    outside(
      `realtime/breakdown ${platform}`,
      told.get(platform) ?? { value: 0, error: 0 },
      expected.get(platform)?.size ?? 0,
    ),
  )
}
