/** The shapes of GET and POST /api/analytics/filters. */
import { z } from 'zod'

import { gameSettingsSchema, settingsPatchSchema } from '../event/game-settings.ts'

/** Body of POST /filters: what is absent stays as it is. */
export const filtersBodySchema = settingsPatchSchema.extend({
  /** Must be those of the request */
  game_id: z.string('expected a string').optional(),
  env: z.string('expected a string').optional(),
  /** The version that the change was made for; absent: whatever the present one is */
  version: z.int('expected an integer').nonnegative('expected at least 0').optional(),
})

/** Answer of GET /filters. */
export const filtersAnswerSchema = z.strictObject({
  ...gameSettingsSchema.shape,
  /** A change holds for every request that arrives this many seconds after it */
  reaches_ingest_within_seconds: z.number(),
})
export type FiltersAnswer = z.output<typeof filtersAnswerSchema>

/** Answer of POST /filters: the settings after the change. */
export const filtersChangedSchema = z.strictObject({
  ok: z.literal(true),
  ...filtersAnswerSchema.shape,
})
export type FiltersChanged = z.output<typeof filtersChangedSchema>
