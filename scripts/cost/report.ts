/** What a run costs: dollars per million events as tables, and the targets. */
import { z } from 'zod'

import { PUBLISH_INTERVAL_MS } from '../../configs/limits.ts'
import { table } from '../reference/markdown.ts'
import type { Item, PriceList } from './price.ts'
import { ASSUMED_RATE_PER_SECOND, dollarsOf, ITEMS, totalOf } from './price.ts'
import type { CountedUsage } from './run.ts'

const MONTH_MS = 30 * 86_400_000

const ITEM_TITLES: Readonly<Record<Item, string>> = {
  worker_requests: 'requests and queue batches',
  worker_cpu_ms: 'CPU milliseconds',
  queue_operations: 'queue operations',
  object_requests: 'object calls and alarms',
  object_gb_seconds: 'object GB seconds',
  object_rows_read: 'object rows read',
  object_rows_written: 'object rows written',
  d1_rows_read: 'D1 rows read',
  d1_rows_written: 'D1 rows written',
  log_lines: 'log lines',
}

const perMillionSchema = z.record(z.enum(ITEMS), z.number())

export const costSchema = z.strictObject({
  /** Date of the prices */
  date: z.string(),
  runs: z.array(
    z.strictObject({
      name: z.string(),
      /** Events of one POST */
      size: z.number(),
      messagesPerBatch: z.number(),
      chunksPerMessage: z.number(),
      /** Operations per million events */
      operations: perMillionSchema,
      /** Dollars per million events */
      dollars: perMillionSchema,
      total: z.number(),
    }),
  ),
  /** Dollars that a game costs in a month in which it publishes all the time */
  publishingPerMonth: z.number(),
})
export type Cost = z.output<typeof costSchema>

/** Dollars per million events, by name of the run. */
export const COST_TARGETS: ReadonlyMap<string, number> = new Map([
  ['1 per POST, coalesced', 0.6],
  ['20 per POST', 0.1],
  ['100 per POST', 0.03],
])

/** How much dearer than the baseline a run may be. */
const BASELINE_TOLERANCE = 1.25

/** Counted operations to what a million events cost. */
export function toCost({ runs, idle }: CountedUsage, prices: PriceList): Cost {
  const publishes = MONTH_MS / PUBLISH_INTERVAL_MS
  return {
    date: prices.date,
    runs: runs.map(({ name, size, events, usage, messagesPerBatch, chunksPerMessage }) => {
      const entries = ITEMS.map((item) => [item, (usage[item] / events) * 1e6])
      const operations = perMillionSchema.parse(Object.fromEntries(entries))
      const dollars = dollarsOf(operations, prices)
      const total = totalOf(dollars)
      return { name, size, messagesPerBatch, chunksPerMessage, operations, dollars, total }
    }),
    publishingPerMonth: totalOf(dollarsOf(idle, prices)) * publishes,
  }
}

/** What is dearer than it should be, a line each; none when all is well. */
export function complaints(cost: Cost, baseline: Cost | null): string[] {
  return cost.runs.flatMap(({ name: run, total }) => {
    const target = COST_TARGETS.get(run)
    const before = baseline?.runs.find(({ name }) => name === run)?.total
    const limits = [
      ...(target === undefined ? [] : [{ name: 'the target', limit: target }]),
      ...(before === undefined
        ? []
        : [{ name: 'the baseline and a quarter', limit: before * BASELINE_TOLERANCE }]),
    ]
    return limits
      .filter(({ limit }) => !(total <= limit))
      .map(
        ({ name, limit }) =>
          `${money(total)} per million events at ${run}; ${name} is ${money(limit)}`,
      )
  })
}

/** The tables of a run. */
export function renderCost(cost: Cost, { date, prices }: PriceList): string {
  return [
    '### Dollars per million events, at list price',
    table(
      ['', ...cost.runs.map(({ name }) => name)],
      [
        ...ITEMS.map((item) => [
          ITEM_TITLES[item],
          ...cost.runs.map((run) => `${money(run.dollars[item])} (${count(run.operations[item])})`),
        ]),
        ['**all**', ...cost.runs.map(({ total }) => `**${money(total)}**`)],
        ['target', ...cost.runs.map(({ name }) => targetText(name))],
        ['chunks of a message', ...cost.runs.map((run) => run.chunksPerMessage.toFixed(2))],
        ['messages of a queue batch', ...cost.runs.map((run) => run.messagesPerBatch.toFixed(1))],
      ],
    ),
    `Prices of ${date}; in parentheses the operations per million events. A game whose figures change all the time ` +
      `publishes them every ${PUBLISH_INTERVAL_MS / 1_000} s; that costs ${money(cost.publishingPerMonth)} a month, however many events it has. Coalesced ` +
      `POSTs are priced as if ${ASSUMED_RATE_PER_SECOND} a second came from a game and continent: as many share a message, and the object is active all the time.`,
    '### Free each month on the paid plan, for the whole account',
    table(
      ['', 'free', ...cost.runs.map(({ name }) => `million events at ${name}`)],
      ITEMS.map((item) => {
        const free = prices[item].free_per_month
        const events = cost.runs.map((run) => millions(free / run.operations[item]))
        return [ITEM_TITLES[item], count(free)].concat(events)
      }),
    ),
  ].join('\n\n')
}

function targetText(name: string): string {
  const target = COST_TARGETS.get(name)
  return target === undefined ? '' : money(target)
}

/** Dollars to a hundredth of a cent. */
export function money(value: number): string {
  return `$${value.toFixed(4)}`
}

function count(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 })
}

function millions(value: number): string {
  return Number.isFinite(value) ? count(value) : 'no limit'
}
