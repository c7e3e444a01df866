/** The arguments of calls to GameSketches, read at the border: types do not cross an RPC call. */
import { z } from 'zod'

import { MAX_BREAKDOWN_VALUE_LENGTH } from '../configs/limits.ts'
import type { BreakdownColumn, TokenGroup } from '../src/event/envelope.ts'
import { BREAKDOWN_COLUMNS, SKETCH_METRICS } from '../src/event/envelope.ts'
import { zoneOffsetMs } from '../src/event/game-day.ts'
import { isToken } from '../src/sketch/token.ts'
import type { Moment, TokenDelivery } from './figures.ts'
import { newestBucket } from './series.ts'

/** Minutes and days that one call may ask for. */
const MAX_MINUTES = 1_500
const MAX_DAYS = 62

const bucketSchema = z.int().nonnegative()
const valueSchema = z.string().transform(cutValue)

const tokenGroupsSchema = z.array(
  z.object({
    metric: z.enum(SKETCH_METRICS),
    bucket: bucketSchema,
    tokens: z
      .instanceof(Uint32Array)
      .refine((tokens) => tokens.every(isToken), 'a value is no token: its low six bits exceed 38'),
    by: z.tuple([valueSchema, valueSchema, valueSchema, valueSchema]).optional(),
  }),
)

const deliverySchema = z.object({
  gameId: z.string().min(1),
  env: z.string().min(1),
  shard: z.int().nonnegative(),
  counting: z
    .object({
      timeZone: z.string().refine(isTimeZone, 'expected an IANA time zone'),
      shards: z.int().min(1),
      hashId: z.int().min(0).max(255),
    })
    .nullable(),
  groups: tokenGroupsSchema,
})

const momentSchema = z.object({ day: bucketSchema, minute: bucketSchema })
const rangeSchema = z.object({ from: bucketSchema, to: bucketSchema })

const breakdownSchema = z.object({
  metric: z.enum(['dau', 'new_users']),
  day: bucketSchema,
  column: z.enum(BREAKDOWN_COLUMNS),
})

/** Buckets from `from` to `to`, both included. */
export interface BucketRange {
  readonly from: number
  readonly to: number
}

/** Which breakdown is asked for. */
export interface BreakdownQuestion {
  readonly metric: 'dau' | 'new_users'
  readonly day: number
  readonly column: BreakdownColumn
}

/**
 * A delivery, or the bare groups that builds before this one send; values by which users are broken down are cut to
 * MAX_BREAKDOWN_VALUE_LENGTH. Throws TypeError for a wrong shape and RangeError for a bucket that lies in the future.
 */
export function readDelivery(
  delivery: unknown,
  nowMs: number,
): TokenDelivery | { readonly groups: readonly TokenGroup[] } {
  const read = Array.isArray(delivery)
    ? { groups: parse(tokenGroupsSchema, delivery) }
    : parse(deliverySchema, delivery)
  for (const { metric, bucket } of read.groups) {
    const newest = newestBucket(metric, nowMs)
    if (bucket > newest) {
      throw new RangeError(`bucket ${bucket} of ${metric} lies ahead of the newest, ${newest}`)
    }
  }
  // A key with the value undefined is no absent key: exactOptionalPropertyTypes.
  const groups = read.groups.map(({ by, ...group }) =>
    by === undefined ? group : { ...group, by },
  )
  return { ...read, groups }
}

/** A game day and a minute, or TypeError. */
export function readMoment(moment: unknown): Moment {
  return parse(momentSchema, moment)
}

/** Minutes, 1,500 at most; TypeError for a wrong shape, RangeError for a range that is too wide or turned round. */
export function readMinutes(range: unknown): BucketRange {
  return readRange(range, 'minutes', MAX_MINUTES)
}

/** Game days, 62 at most; TypeError for a wrong shape, RangeError for a range that is too wide or turned round. */
export function readDays(range: unknown): BucketRange {
  return readRange(range, 'days', MAX_DAYS)
}

/** Which breakdown is asked for, or TypeError. */
export function readBreakdownQuestion(question: unknown): BreakdownQuestion {
  return parse(breakdownSchema, question)
}

function readRange(range: unknown, unit: string, limit: number): BucketRange {
  const { from, to } = parse(rangeSchema, range)
  if (to < from) throw new RangeError(`from ${from} lies behind to ${to}`)
  const width = to - from + 1
  if (width > limit) throw new RangeError(`expected at most ${limit} ${unit}, got ${width}`)
  return { from, to }
}

/** Stored as UTF-8, so no half of a surrogate pair may be left. */
function cutValue(value: string): string {
  const cut = value.toWellFormed().slice(0, MAX_BREAKDOWN_VALUE_LENGTH)
  return cut.isWellFormed() ? cut : cut.slice(0, -1)
}

function isTimeZone(name: string): boolean {
  try {
    zoneOffsetMs(0, name)
    return true
  } catch {
    return false
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new TypeError(issues.join('; '))
}
