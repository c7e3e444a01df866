/** The curves per minute of GET /api/analytics/realtime/series against the oracle. */
import { z } from 'zod'

import { answerOf } from './compare-live.ts'
import type { Activity } from './figures.ts'
import { onlineIn } from './figures.ts'
import type { ChaosStack } from './stack.ts'
import { outside } from './tolerance.ts'
import type { ChaosGame } from './traffic.ts'

const MINUTE_MS = 60_000
const RANGE_MS = 36 * 60 * MINUTE_MS
const CURRENCY = 'EUR'

const instantSchema = z.iso.datetime({ offset: true })
const curveSchema = z
  .array(z.tuple([instantSchema.transform((time) => Date.parse(time)), z.number()]))
  .transform((points) => new Map<number, number>(points))
const curvesShape = {
  online: curveSchema,
  active_5m_sum: curveSchema,
  active_15m_sum: curveSchema,
}
const seriesSchema = z.object({
  ...curvesShape,
  errors: z.object(curvesShape),
  revenue_cents: curveSchema,
  as_of: instantSchema,
  partial: z.array(z.unknown()).length(0),
})

/** Minutes whose users each curve unites. */
const CURVES = [
  ['online', 1],
  ['active_5m_sum', 5],
  ['active_15m_sum', 15],
] as const

/** Every minute of a day and a half that is over; differences in words. */
export async function compareSeries(
  stack: ChaosStack,
  game: ChaosGame,
  activity: Activity,
): Promise<string[]> {
  const startMs = Math.floor((Date.now() - RANGE_MS) / MINUTE_MS) * MINUTE_MS
  const start = new Date(startMs).toISOString()
  const end = new Date(startMs + RANGE_MS + MINUTE_MS).toISOString()
  const path = `realtime/series?start=${start}&end=${end}&currency=${CURRENCY}`
  const answer = await answerOf(stack, game, path, seriesSchema)
  if (typeof answer === 'string') return [answer]
  const first = startMs / MINUTE_MS
  const last = Math.min(
    Math.floor(Date.parse(answer.as_of) / MINUTE_MS) - 1,
    first + RANGE_MS / MINUTE_MS,
  )
  const wrong: string[] = []
  for (let minute = first; minute <= last; minute += 1) {
    const timeMs = minute * MINUTE_MS
    // A minute without anybody has no point.
    const isTold = activity.onlineUsers.has(minute)
    for (const [curve, minutes] of CURVES) {
      const value = answer[curve].get(timeMs)
      const error = answer.errors[curve].get(timeMs) ?? 0
      const name = `realtime/series ${new Date(timeMs).toISOString()} ${curve}`
      if (isTold) {
        const told = value === undefined ? undefined : { value, error }
        wrong.push(...outside(name, told, onlineIn(activity, minute, minutes)))
      } else if (value !== undefined && curve === 'online' && value > 0) {
        wrong.push(`${name}: ${value}, and nobody was online`)
      }
    }
  }
  return [...wrong, ...revenueDifferences(activity, answer.revenue_cents, first, last)].map(
    (what) => `${game.gameId} ${what}`,
  )
}

function revenueDifferences(
  activity: Activity,
  told: ReadonlyMap<number, number>,
  first: number,
  last: number,
): string[] {
  const expected = new Map<number, number>()
  for (const { trueMs, status, currency, amountCents } of activity.payments) {
    const minute = Math.floor(trueMs / MINUTE_MS)
    if (status !== 'success' || currency !== CURRENCY || minute < first || minute > last) continue
    expected.set(minute * MINUTE_MS, (expected.get(minute * MINUTE_MS) ?? 0) + amountCents)
  }
  return [...new Set([...told.keys(), ...expected.keys()])].flatMap((timeMs) => {
    const [is, should] = [told.get(timeMs) ?? 0, expected.get(timeMs) ?? 0]
    const time = new Date(timeMs).toISOString()
    return is === should ? [] : [`realtime/series ${time} revenue: ${is}, expected ${should}`]
  })
}
