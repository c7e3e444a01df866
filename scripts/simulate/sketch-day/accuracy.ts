/** The figures at the end of the day beside the exact counts. */
import { z } from 'zod'

import { BREAKDOWN_COLUMNS } from '../../../src/event/envelope.ts'
import type { Day } from './day.ts'
import { DAY, DAY_MINUTES } from './day.ts'
import type { Players } from './players.ts'
import type { ObjectsRuntime } from './runtime.ts'

const figureSchema = z.object({ value: z.number(), exact: z.boolean(), error: z.number() })

const figuresSchema = z.object({
  realtime: z.object({
    day: z.object({ dau: figureSchema, newUsers: figureSchema, wau: figureSchema }),
    registeredTotal: figureSchema,
  }),
  breakdowns: z.array(
    z.object({
      column: z.enum(BREAKDOWN_COLUMNS),
      values: z.array(z.object({ name: z.string(), users: figureSchema })),
      other: figureSchema.nullable(),
    }),
  ),
  minutes: z.array(z.object({ minute: z.number(), online: figureSchema })),
  cohorts: z.array(
    z.object({
      size: figureSchema,
      d1: figureSchema.extend({ rate: z.number().nullable(), rateError: z.number().nullable() }),
    }),
  ),
})

type Figure = z.output<typeof figureSchema>

/** One figure beside the truth. */
export interface Compared {
  readonly name: string
  readonly figure: number
  readonly exact: number
  /** Half-width of the 95 % interval that the figure came with */
  readonly error: number
}

/** Many figures beside their truths. */
export interface ComparedMany {
  readonly name: string
  readonly figures: number
  /** Root mean square of the relative differences */
  readonly rms: number
  /** The largest relative difference */
  readonly worst: number
  /** Share of the figures whose interval holds the truth */
  readonly held: number
}

export interface Accuracy {
  readonly single: readonly Compared[]
  readonly many: readonly ComparedMany[]
}

interface Subject {
  readonly runtime: ObjectsRuntime
  /** Name of the object that is read */
  readonly primary: string
  readonly day: Day
  readonly players: Players
  /** Who was online in the minutes that were lived through */
  readonly minutes: ReadonlyMap<number, ReadonlySet<number>>
}

/** Asks the object for its figures and holds them against what happened. */
export async function measureAccuracy(subject: Subject): Promise<Accuracy> {
  const { runtime, primary, day, players, minutes } = subject
  const from = DAY * DAY_MINUTES
  const to = from + DAY_MINUTES - 1
  const found = figuresSchema.parse(
    await runtime.figures({ name: primary, day: DAY, minute: to, from, to }),
  )
  const active = Array.from(day.active.keys()).filter((user) => day.active[user] === 1)
  const newUsers = active.filter((user) => user < day.newUsers)
  const cohort = day.yesterdaysNewUsers()
  const returned = cohort.filter((user) => day.active[user] === 1)
  const yesterday = day.pool - day.newUsers + (day.users - day.pool)
  const [{ size, d1 } = { size: null, d1: null }] = found.cohorts
  if (size === null) throw new Error('no cohort was answered')
  const single = [
    compared('DAU', found.realtime.day.dau, active.length),
    compared('new users', found.realtime.day.newUsers, newUsers.length),
    compared('users of seven days', found.realtime.day.wau, yesterday + newUsers.length),
    compared('registered, ever', found.realtime.registeredTotal, newUsers.length + cohort.length),
    compared('cohort of yesterday', size, cohort.length),
    compared('of them back today', d1, returned.length),
  ]
  const online = found.minutes.flatMap(({ minute, online: figure }) => {
    const users = minutes.get(minute)
    return users === undefined ? [] : [compared(String(minute), figure, users.size)]
  })
  const columns = found.breakdowns.map(({ column, values, other }) => {
    if (other !== null) throw new Error(`${column} has more values than were sent`)
    const index = BREAKDOWN_COLUMNS.indexOf(column)
    const exact = Map.groupBy(active, (user) => players.seenWith(user)[index] ?? '')
    if (exact.size !== values.length) throw new Error(`${column} has ${values.length} values`)
    return summary(
      `DAU by ${column}`,
      values.map(({ name, users }) => compared(name, users, exact.get(name)?.length ?? 0)),
    )
  })
  return { single, many: [summary('online, by minute', online), ...columns] }
}

function compared(name: string, { value, error }: Figure, exact: number): Compared {
  return { name, figure: value, exact, error }
}

function summary(name: string, figures: readonly Compared[]): ComparedMany {
  const differences = figures.map(({ figure, exact }) => Math.abs(figure - exact) / exact)
  const squares = differences.reduce((sum, difference) => sum + difference ** 2, 0)
  const held = figures.filter(({ figure, exact, error }) => Math.abs(figure - exact) <= error)
  return {
    name,
    figures: figures.length,
    rms: Math.sqrt(squares / figures.length),
    worst: Math.max(...differences),
    held: held.length / figures.length,
  }
}
