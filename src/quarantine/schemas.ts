/** The shapes of the rejected events' addresses: parameters, bodies, answers. */
import { z } from 'zod'

import { MAX_REPLAYED_EVENTS } from '../../configs/limits.ts'
import { cursorSchema } from '../cursor.ts'
import {
  DEFAULT_PAGE,
  instantSchema,
  MAX_PAGE,
  scopeShape,
  START_AFTER_END,
  startsBeforeEnd,
  textSchema,
  wholeNumber,
} from '../search-fields.ts'

const DEFAULT_GROUPS = 100

const yesOrNo = z
  .enum(['true', 'false'], 'expected true or false')
  .transform((text) => text === 'true')

const verdictSchema = z.enum(['quarantined', 'rejected'], 'expected quarantined or rejected')
const doorSchema = z.enum(['events', 'payments'], 'expected events or payments')

const filterShape = {
  ...scopeShape,
  code: textSchema.optional(),
  verdict: verdictSchema.optional(),
  event: textSchema.optional(),
  door: doorSchema.optional(),
  pointer: textSchema.optional(),
  start: instantSchema.optional(),
  end: instantSchema.optional(),
  replayed: yesOrNo.optional(),
}

const rejectedPositionSchema = z
  .tuple([z.int(), z.string(), z.string()])
  .transform(([receivedMs, rejectionId, code]) => ({ receivedMs, rejectionId, code }))

/** Parameters of GET /api/events/rejected. */
export const rejectedSearchSchema = z
  .strictObject({
    ...filterShape,
    rejection_id: textSchema.optional(),
    limit: wholeNumber(1, MAX_PAGE).default(DEFAULT_PAGE),
    cursor: cursorSchema(rejectedPositionSchema).optional(),
  })
  .refine(startsBeforeEnd, START_AFTER_END)

export type RejectedSearch = z.output<typeof rejectedSearchSchema>

/** Parameters of GET /api/events/rejected/summary. */
export const rejectedSummarySearchSchema = z
  .strictObject({ ...filterShape, limit: wholeNumber(1, MAX_PAGE).default(DEFAULT_GROUPS) })
  .refine(startsBeforeEnd, START_AFTER_END)

const replayPositionSchema = z
  .tuple([z.string(), z.string()])
  .transform(([code, rejectionId]) => ({ code, rejectionId }))

const expectedLimit = `expected a whole number from 1 to ${MAX_REPLAYED_EVENTS}`

/** Body of POST /api/events/rejected/replay. */
export const replayBodySchema = z
  .strictObject(
    {
      code: textSchema.optional(),
      event: textSchema.optional(),
      start: instantSchema.optional(),
      end: instantSchema.optional(),
      limit: z
        .int(expectedLimit)
        .min(1, expectedLimit)
        .max(MAX_REPLAYED_EVENTS, expectedLimit)
        .default(MAX_REPLAYED_EVENTS),
      dry_run: z.boolean('expected true or false').default(false),
      cursor: cursorSchema(replayPositionSchema).optional(),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? 'expected an object' : undefined) },
  )
  .refine(startsBeforeEnd, START_AFTER_END)

const timeSchema = z.iso.datetime()
const traceIdSchema = z.string()

/** Answer of GET /api/events/rejected. */
export const rejectedAnswerSchema = z.strictObject({
  events: z.array(
    z.strictObject({
      received_time: timeSchema,
      rejection_id: z.string(),
      trace_id: z.string().meta({ description: 'Trace id of the request that sent it' }),
      event_index: z.int().nonnegative(),
      event_id: z.string(),
      event: z.string(),
      code: z.string(),
      pointer: z.string(),
      detail: z.string(),
      verdict: verdictSchema,
      door: doorSchema,
      reported_by: z.enum(['client', 'server']),
      sent_time: timeSchema.nullable(),
      replayed_time: timeSchema.nullable(),
      payload: z.string().meta({
        description:
          'The event as received, without secrets; whole only when rejection_id is given',
      }),
      payload_length: z.int().nonnegative().meta({ description: 'Characters that are stored' }),
    }),
  ),
  next_cursor: z.string().nullable(),
  trace_id: traceIdSchema,
})
export type RejectedAnswer = z.output<typeof rejectedAnswerSchema>

/** Answer of GET /api/events/rejected/summary. */
export const rejectedSummaryAnswerSchema = z.strictObject({
  events: z.int().nonnegative().meta({ description: 'Events of all groups' }),
  groups: z.array(
    z.strictObject({
      code: z.string(),
      event: z.string(),
      pointer: z.string(),
      events: z.int().positive(),
      replayable: z.int().nonnegative(),
      first_time: timeSchema,
      last_time: timeSchema,
      example: z.strictObject({ rejection_id: z.string(), detail: z.string() }),
    }),
  ),
  more_groups: z.int().nonnegative(),
  trace_id: traceIdSchema,
})
export type RejectedSummaryAnswer = z.output<typeof rejectedSummaryAnswerSchema>

/** Answer of POST /api/events/rejected/replay; examined = replayed + filtered + still_refused + unreadable. */
export const replayAnswerSchema = z.strictObject({
  examined: z.int().nonnegative(),
  replayed: z
    .int()
    .nonnegative()
    .meta({ description: 'Events that pass; stored unless dry_run is set' }),
  filtered: z
    .int()
    .nonnegative()
    .meta({ description: 'Events that pass but are not taken by the settings of the game' }),
  still_refused: z.array(z.strictObject({ code: z.string(), count: z.int().positive() })),
  unreadable: z
    .int()
    .nonnegative()
    .meta({ description: 'Events whose payload was too long to be kept whole' }),
  remaining: z
    .int()
    .nonnegative()
    .meta({ description: 'Events beyond the limit that were not examined' }),
  next_cursor: z.string().nullable().meta({ description: 'Goes on with what remains' }),
  dry_run: z.boolean(),
  trace_id: traceIdSchema,
})
export type ReplayAnswer = z.output<typeof replayAnswerSchema>
