/**
 * What a Worker hands to EventCoalescer, read at the border: types do not cross an RPC call, and the two may be of
 * different builds.
 */
import { z } from 'zod'

import {
  MAX_COALESCE_MS,
  MAX_COALESCED_EVENTS,
  MAX_COALESCED_POST_CHARACTERS,
  MAX_SKETCH_SHARDS,
} from '../configs/limits.ts'
import type { TokenGroup } from '../src/event/envelope.ts'
import { SKETCH_METRICS } from '../src/event/envelope.ts'
import { isToken } from '../src/sketch/token.ts'
import type { Posted } from './merge-posts.ts'

/** What one POST puts on the queue, and for how long its answer may wait, in milliseconds. */
export interface CoalescedPost extends Posted {
  readonly waitMs: number
}

const rowsSchema = z.array(z.string().endsWith('\n', 'expected a line')).exactOptional()

const tokenGroupSchema: z.ZodType<TokenGroup> = z.strictObject({
  metric: z.enum(SKETCH_METRICS),
  bucket: z.int().nonnegative(),
  tokens: z.instanceof(Uint32Array).refine((tokens) => tokens.every(isToken), 'no token'),
  by: z.tuple([z.string(), z.string(), z.string(), z.string()]).exactOptional(),
})

/** Strict at every level: rows or figures that only a newer build knows must be refused, never left out. */
const postSchema = z
  .strictObject({
    waitMs: z.number().positive().max(MAX_COALESCE_MS),
    context: z.strictObject({
      gameId: z.string().min(1),
      env: z.string().min(1),
      traceId: z.string(),
      receivedTimeMs: z.int().nonnegative(),
      counting: z.strictObject({
        timeZone: z.string().min(1),
        shards: z.int().min(1).max(MAX_SKETCH_SHARDS),
        hashId: z.int().min(0).max(255),
      }),
    }),
    cargo: z.strictObject({
      eventRows: rowsSchema,
      paymentRows: rowsSchema,
      rejectedRows: rowsSchema,
      auditRows: rowsSchema,
      tokens: z.array(tokenGroupSchema).exactOptional(),
      revenueDays: z.array(z.int().nonnegative()).exactOptional(),
    }),
  })
  .refine(isWorthCoalescing, 'the POST is too large to be coalesced')

/**
 * Whether a POST is worth coalescing: at most MAX_COALESCED_EVENTS rows of what clients sent, and
 * MAX_COALESCED_POST_CHARACTERS in all.
 */
export function isWorthCoalescing({ cargo }: Pick<Posted, 'cargo'>): boolean {
  const { eventRows = [], paymentRows = [], rejectedRows = [] } = cargo
  return (
    eventRows.length + paymentRows.length + rejectedRows.length <= MAX_COALESCED_EVENTS &&
    charactersOf(cargo) <= MAX_COALESCED_POST_CHARACTERS
  )
}

/** Characters of all rows of a cargo. */
export function charactersOf(cargo: Posted['cargo']): number {
  const { eventRows = [], paymentRows = [], rejectedRows = [], auditRows = [] } = cargo
  let characters = 0
  for (const rows of [eventRows, paymentRows, rejectedRows, auditRows]) {
    for (const row of rows) characters += row.length
  }
  return characters
}

/** The POST of a call. Throws TypeError, which names the fields, for anything else. */
export function readPost(post: unknown): CoalescedPost {
  const parsed = postSchema.safeParse(post)
  if (parsed.success) return parsed.data
  throw new TypeError(z.prettifyError(parsed.error))
}
