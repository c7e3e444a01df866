/** The answers of the query API against the figures of the oracle. */
import { z } from 'zod'

import type { Activity, CohortFigures } from './figures.ts'
import { cohortsOf, datesOf, overviewOf, plusDays } from './figures.ts'
import type { ChaosStack } from './stack.ts'
import { isWithin } from './tolerance.ts'
import type { ChaosGame } from './traffic.ts'
import { ask } from './watch.ts'

/** Days before today that are asked about; nothing older is sent. */
const DAYS_BACK = 16
const MINUTE_MS = 60_000

const pointsSchema = z
  .array(z.tuple([z.string(), z.number()]))
  .transform((points) => points.map(([, value]) => value))

const figuresSchema = z.object({
  dau: z.int(),
  wau: z.int(),
  mau: z.int(),
  active_users: z.int(),
  new_users: z.int(),
  payers: z.int(),
  active_payers: z.int(),
  revenue_by_currency: z.record(
    z.string(),
    z.object({ revenue_cents: z.number(), refunds_cents: z.number(), payers: z.int() }),
  ),
  series: z.object({
    dau: pointsSchema,
    peak_online: pointsSchema,
    new_users: pointsSchema,
    revenue_cents: pointsSchema,
  }),
})

const liveSchema = z.object({
  as_of: z.iso.datetime({ offset: true }),
  partial: z.array(z.unknown()),
  live: z.object({
    dau_today: z.number(),
    new_users_today: z.number(),
    online_now: z.number(),
    error: z.object({ dau_today: z.number(), new_users_today: z.number(), online_now: z.number() }),
  }),
})

const retentionSchema = z.object({
  as_of: z.iso.datetime({ offset: true }),
  cohorts: z.array(
    z.object({
      day: z.string(),
      size: z.int(),
      retained_d1: z.int().nullable(),
      retained_d7: z.int().nullable(),
      retained_d30: z.int().nullable(),
    }),
  ),
})

/** Every figure of the overview, of retention and of the live block; differences in words. */
export async function compareAnswers(
  stack: ChaosStack,
  game: ChaosGame,
  activity: Activity,
): Promise<string[]> {
  const wrong: string[] = []
  for (const [currency, back] of [
    ['USD', 0],
    ['EUR', 1],
  ] as const) {
    const last = plusDays(activity.dateOf(Date.now()), -back)
    const first = plusDays(last, -DAYS_BACK)
    const range = `start=${first}&end=${plusDays(last, 1)}`
    const { status, body } = await ask(stack, game, `overview?${range}&currency=${currency}`)
    if (status !== 200) return [`${game.gameId} overview: ${status} ${JSON.stringify(body)}`]
    const expected = overviewOf(activity, first, last, currency)
    wrong.push(...differences(expected, figuresSchema.parse(body), `overview of ${last}`))
    wrong.push(...liveDifferences(activity, liveSchema.parse(body)))
    wrong.push(...(await retentionDifferences(stack, game, activity, first, last)))
  }
  return wrong.map((what) => `${game.gameId} ${what}`)
}

async function retentionDifferences(
  stack: ChaosStack,
  game: ChaosGame,
  activity: Activity,
  first: string,
  last: string,
): Promise<string[]> {
  const { status, body } = await ask(
    stack,
    game,
    `retention?start=${first}&end=${plusDays(last, 1)}`,
  )
  if (status !== 200) return [`retention: ${status} ${JSON.stringify(body)}`]
  const { as_of: asOf, cohorts } = retentionSchema.parse(body)
  const expected: CohortFigures[] = cohortsOf(
    activity,
    datesOf(first, last),
    Date.parse(asOf),
    activity.firstRegistered,
  )
  return differences(expected, cohorts, 'retention')
}

/** The live block, each figure within the error that it states. */
function liveDifferences(
  activity: Activity,
  { as_of: asOf, live, partial }: z.infer<typeof liveSchema>,
): string[] {
  const today = activity.dateOf(Date.parse(asOf))
  const minute = Math.floor(Date.parse(asOf) / MINUTE_MS) - 1
  const expected = {
    dau_today: activity.activeUsers.get(today)?.size ?? 0,
    new_users_today: activity.newUsers.get(today)?.size ?? 0,
    online_now: activity.onlineUsers.get(minute)?.size ?? 0,
  }
  const names = ['dau_today', 'new_users_today', 'online_now'] as const
  const wrong = names.flatMap((name) => {
    const isNear = isWithin(live[name], expected[name], live.error[name])
    return isNear ? [] : [`live.${name} of ${today}: ${live[name]}, expected ${expected[name]}`]
  })
  return partial.length === 0 ? wrong : [...wrong, `partial: ${JSON.stringify(partial)}`]
}

/** What of `actual` is not as in `expected`, by path; numbers, texts, nulls, lists and objects. */
export function differences(expected: unknown, actual: unknown, path: string): string[] {
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    return expected.flatMap((value, index) =>
      differences(value, actual[index], `${path}[${index}]`),
    )
  }
  if (isObject(expected) && isObject(actual)) {
    const names = new Set([...Object.keys(expected), ...Object.keys(actual)])
    return [...names].flatMap((name) =>
      differences(Reflect.get(expected, name), Reflect.get(actual, name), `${path}.${name}`),
    )
  }
  if (Object.is(expected, actual)) return []
  return [`${path}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`]
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
