/** Operations to dollars, by the published prices in prices.json. Pure. */
import { z } from 'zod'

const priceSchema = z.strictObject({
  dollars_per_million: z.number().positive(),
  /** What the paid plan includes each month, for the whole account */
  free_per_month: z.number().nonnegative(),
})

export const priceListSchema = z.strictObject({
  /** When the prices were read */
  date: z.iso.date(),
  currency: z.literal('USD'),
  sources: z.array(z.url()).min(1),
  prices: z.strictObject({
    worker_requests: priceSchema,
    worker_cpu_ms: priceSchema,
    queue_operations: priceSchema,
    object_requests: priceSchema,
    object_gb_seconds: priceSchema,
    object_rows_read: priceSchema,
    object_rows_written: priceSchema,
    d1_rows_read: priceSchema,
    d1_rows_written: priceSchema,
    log_lines: priceSchema,
  }),
})
export type PriceList = z.output<typeof priceListSchema>
export type Item = keyof PriceList['prices']

/** Billed items in the order of the list. */
export const ITEMS = priceListSchema.shape.prices.keyof().options

/** How many of each item were used. */
export type Usage = Readonly<Record<Item, number>>

/**
 * POSTs a second of one game and continent for which the time of a coalescing object is priced. A run sends in bursts,
 * which would make the object look cheaper than it is.
 */
export const ASSUMED_RATE_PER_SECOND = 50

/** Durable Objects are billed for this much memory, whatever they use. */
const OBJECT_GB = 0.128

/** What the counting Worker says, as differences over a run. */
export const countsSchema = z.looseObject({
  requests: z.number(),
  batches: z.number(),
  queueWrites: z.number(),
  queueReads: z.number(),
  queueDeletes: z.number(),
  objectRequests: z.number(),
  objectMs: z.number(),
  coalescerMs: z.number(),
  coalescerCalls: z.number(),
  objectRowsRead: z.number(),
  objectRowsWritten: z.number(),
  d1RowsRead: z.number(),
  d1RowsWritten: z.number(),
  logLines: z.number(),
})
export type Counts = z.output<typeof countsSchema>

/** The share of log lines that the platform keeps and bills: `head_sampling_rate`, 1 for all. */
export interface UsageOptions {
  readonly cpuSeconds: number
  readonly logShare: number
}

/**
 * Counts before and after to billed items. Of a coalescing object its time is not the one that was seen, but the most
 * that it can be when POSTs come at the assumed rate, which is all the time: seconds = POSTs / ASSUMED_RATE_PER_SECOND.
 * So its price for a million POSTs is 1e6 / rate * 0.128 GB * $12.50 / 1e6 GB s, $0.032 at 50 POSTs a second.
 */
export function usageBetween(before: Counts, after: Counts, options: UsageOptions): Usage {
  const grown = (name: keyof typeof countsSchema.shape) => after[name] - before[name]
  const seenSeconds = (grown('objectMs') - grown('coalescerMs')) / 1_000
  const objectSeconds = seenSeconds + grown('coalescerCalls') / ASSUMED_RATE_PER_SECOND
  return {
    worker_requests: grown('requests') + grown('batches'),
    worker_cpu_ms: options.cpuSeconds * 1_000,
    queue_operations: grown('queueWrites') + grown('queueReads') + grown('queueDeletes'),
    object_requests: grown('objectRequests'),
    object_gb_seconds: objectSeconds * OBJECT_GB,
    object_rows_read: grown('objectRowsRead'),
    object_rows_written: grown('objectRowsWritten'),
    d1_rows_read: grown('d1RowsRead'),
    d1_rows_written: grown('d1RowsWritten'),
    log_lines: grown('logLines') * options.logShare,
  }
}

/** Dollars of a usage at list price, without what is free. */
export function dollarsOf(usage: Usage, { prices }: PriceList): Readonly<Record<Item, number>> {
  const entries = ITEMS.map((item) => [
    item,
    (usage[item] * prices[item].dollars_per_million) / 1e6,
  ])
  return z.record(z.enum(ITEMS), z.number()).parse(Object.fromEntries(entries))
}

/** The sum over all items. */
export function totalOf(dollars: Readonly<Record<Item, number>>): number {
  return ITEMS.reduce((sum, item) => sum + dollars[item], 0)
}
