/** The shape of the live feed's address: its parameters. */
import { z } from 'zod'

import { liveFilterSchema } from '../event/live-entry.ts'
import { scopeShape } from '../search-fields.ts'

/** Parameters of GET /api/events/live. */
export const liveSearchSchema = z.strictObject({ ...liveFilterSchema.shape, ...scopeShape })
