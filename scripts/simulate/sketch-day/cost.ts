/** What a day of an object costs by the published prices, per month of 30 such days. */
import type { DayResult } from './result.ts'

const DAYS = 30
const DAY_SECONDS = 86_400
const MILLION = 1_000_000

/** Memory that is billed while an object is in use, in GB, whatever it needs. */
const BILLED_GB = 0.128

/** A message of up to 64,000 bytes is written, read and deleted. */
const OPERATIONS_PER_MESSAGE = 3

/** Dollars per unit, and the units a month that the paid plan includes. */
interface Price {
  readonly title: string
  readonly dollars: number
  readonly included: number
}

/** developers.cloudflare.com/durable-objects/platform/pricing and /queues/platform/pricing, November 2026 */
export const PRICES = {
  requests: { title: 'requests', dollars: 0.15 / MILLION, included: MILLION },
  duration: { title: 'duration, GB-s', dollars: 12.5 / MILLION, included: 400_000 },
  rowsWritten: { title: 'rows written', dollars: 1 / MILLION, included: 50 * MILLION },
  rowsRead: { title: 'rows read', dollars: 0.001 / MILLION, included: 25_000 * MILLION },
  storage: { title: 'GB stored', dollars: 0.2, included: 5 },
  queue: { title: 'queue operations', dollars: 0.4 / MILLION, included: MILLION },
} as const satisfies Record<string, Price>

export type Billed = keyof typeof PRICES

/** Units a month. */
export type Usage = Readonly<Record<Billed, number>>

/** Dollars a month: of all units, and of those beyond what the plan includes. */
export interface Bill {
  readonly dollars: number
  readonly beyondIncluded: number
}

/** How long sketches are kept: days of active users, days of new users, minutes (durable/series.ts). */
export interface Kept {
  readonly activeDays: number
  readonly newUserDays: number
  readonly minutes: number
}

/** Rows written in a day, among them each alarm that is set or deleted. */
export function rowsWrittenPerDay(perDay: Readonly<Record<string, number>>): number {
  return of(perDay, 'rowsWritten') + of(perDay, 'setAlarms') + of(perDay, 'deletedAlarms')
}

/** Requests of a day: calls of addTokens, by consumers and by shards, and alarms. */
export function requestsPerDay(perDay: Readonly<Record<string, number>>): number {
  return of(perDay, 'calls') + of(perDay, 'alarms')
}

/** Bytes stored once a game has as many days as are kept. At the end of the simulation it has two. */
export function keptBytes({ stored }: DayResult, kept: Kept): number {
  const minuteBytes = of(stored, 'minuteBytes') / Math.max(of(stored, 'minutes'), 1)
  // Sketches and samples of two days, breakdowns of one: no day of a metric has more than half of the sum of both.
  const dayBytes =
    of(stored, 'dayBytes') / 2 + of(stored, 'sampleBytes') / 2 + of(stored, 'breakdownBytes')
  return Math.max(
    of(stored, 'database'),
    dayBytes * Math.max(kept.activeDays, kept.newUserDays) + minuteBytes * kept.minutes,
  )
}

/**
 * Units of a month. Duration is the most that it can be: every object in use all day, as it is when it is called more
 * often than it takes to be put to sleep.
 */
export function usageOf(result: DayResult, kept: Kept): Usage {
  const { perDay, scenario } = result
  const objects = scenario.shards === 1 ? 1 : 1 + scenario.shards
  return {
    requests: requestsPerDay(perDay) * DAYS,
    duration: objects * DAY_SECONDS * BILLED_GB * DAYS,
    rowsWritten: rowsWrittenPerDay(perDay) * DAYS,
    rowsRead: of(perDay, 'rowsRead') * DAYS,
    storage: keptBytes(result, kept) / 1e9,
    queue: of(perDay, 'messages') * OPERATIONS_PER_MESSAGE * DAYS,
  }
}

/** Of the same calls with one row written per sketch and call, and nothing published. */
export function naiveUsageOf(result: DayResult, kept: Kept): Usage {
  const calls = of(result.perDay, 'calls')
  return {
    ...usageOf(result, kept),
    requests: calls * DAYS,
    rowsWritten: result.naiveRowsPerDay * DAYS,
    // Each row is read before it is written.
    rowsRead: result.naiveRowsPerDay * DAYS,
    queue: 0,
  }
}

/** The bill of a month. */
export function billOf(usage: Usage): Bill {
  let dollars = 0
  let beyondIncluded = 0
  for (const [kind, units] of billedUnits(usage)) {
    const price = PRICES[kind]
    dollars += units * price.dollars
    beyondIncluded += Math.max(0, units - price.included) * price.dollars
  }
  return { dollars, beyondIncluded }
}

/** Everything that is billed, with its units. */
export function billedUnits(usage: Usage): [Billed, number][] {
  const kinds: Billed[] = ['requests', 'duration', 'rowsWritten', 'rowsRead', 'storage', 'queue']
  return kinds.map((kind) => [kind, usage[kind]])
}

function of(counts: Readonly<Record<string, number>>, kind: string): number {
  const count = counts[kind]
  if (count === undefined) throw new RangeError(`nothing was counted as ${kind}`)
  return count
}
