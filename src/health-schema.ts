/** The answer of GET /healthz. */
import { z } from 'zod'

const checkShape = {
  ok: z.boolean(),
  latency_ms: z.number().nonnegative(),
}

/** What each part says of itself when it answers is absent when it does not. */
export const healthSchema = z.strictObject({
  status: z.enum(['ok', 'failing']),
  checks: z.strictObject({
    clickhouse: z.strictObject({
      ...checkShape,
      schema_version: z.int().positive().optional().meta({ description: 'Last migration' }),
    }),
    control_db: z.strictObject(checkShape),
    queue: z.strictObject({
      ...checkShape,
      type: z.string().optional().meta({ description: 'ANALYTICS_MQ_TYPE' }),
      backlog: z.number().optional().meta({ description: 'Messages that wait to be stored' }),
      dead_letters: z.number().optional().meta({ description: 'Messages that nobody can store' }),
    }),
  }),
})
