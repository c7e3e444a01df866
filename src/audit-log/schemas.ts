/** The shapes of the audit log's address: parameters and answer. */
import { z } from 'zod'

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

const auditPositionSchema = z
  .tuple([z.int(), z.string(), z.string(), z.string(), z.int(), z.string()])
  .transform(([timeMs, traceId, action, target, status, env]) => ({
    timeMs,
    traceId,
    action,
    target,
    status,
    env,
  }))

/** Parameters of GET /api/admin/audit. */
export const auditSearchSchema = z
  .strictObject({
    ...scopeShape,
    actor: textSchema.optional(),
    action: textSchema.optional(),
    status: wholeNumber(100, 599).optional(),
    start: instantSchema.optional(),
    end: instantSchema.optional(),
    limit: wholeNumber(1, MAX_PAGE).default(DEFAULT_PAGE),
    cursor: cursorSchema(auditPositionSchema).optional(),
  })
  .refine(startsBeforeEnd, START_AFTER_END)

const timeSchema = z.iso.datetime()

/** Answer of GET /api/admin/audit. */
export const auditAnswerSchema = z.strictObject({
  start: timeSchema,
  end: timeSchema,
  entries: z.array(
    z.strictObject({
      time: timeSchema,
      env: z.string(),
      actor_kind: z.string(),
      actor_id: z.string(),
      action: z.string(),
      target: z.string(),
      status: z.int(),
      trace_id: z.string(),
      accepted: z.int().nonnegative(),
      rejected: z.int().nonnegative(),
      bytes: z.int().nonnegative(),
      snapshot: z.string(),
    }),
  ),
  next_cursor: z.string().nullable(),
  trace_id: z.string(),
})
export type AuditAnswer = z.output<typeof auditAnswerSchema>
