/** The arguments of calls to GameSketches, read at the border: types do not cross an RPC call. */
import { z } from 'zod'

import { SKETCH_METRICS, type TokenGroup } from '../src/event/envelope.ts'
import { isToken } from '../src/sketch/token.ts'
import { newestBucket } from './series.ts'

const bucketSchema = z.int().nonnegative()

const tokenGroupsSchema = z.array(
  z.object({
    metric: z.enum(SKETCH_METRICS),
    bucket: bucketSchema,
    tokens: z
      .instanceof(Uint32Array)
      .refine((tokens) => tokens.every(isToken), 'a value is no token: its low six bits exceed 38'),
  }),
)

const momentSchema = z.object({ day: bucketSchema, minute: bucketSchema })

/** Token groups, or TypeError for a wrong shape and RangeError for a bucket that lies in the future. */
export function readTokenGroups(groups: unknown, nowMs: number): TokenGroup[] {
  const read = parse(tokenGroupsSchema, groups)
  for (const { metric, bucket } of read) {
    const newest = newestBucket(metric, nowMs)
    if (bucket > newest) {
      throw new RangeError(`bucket ${bucket} of ${metric} lies ahead of the newest, ${newest}`)
    }
  }
  return read
}

/** A game day and a minute, or TypeError. */
export function readMoment(moment: unknown): { day: number; minute: number } {
  return parse(momentSchema, moment)
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new TypeError(issues.join('; '))
}
