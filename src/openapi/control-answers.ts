/** What /api/admin answers: rows of the control database as they are shown. Tests parse every answer with them. */
import { z } from 'zod'

import { PERMISSIONS } from '../access/rbac.ts'
import { customEventsSchema, EVENT_MODES } from '../event/game-profile.ts'

const timeSchema = z.iso.datetime()
const gamesSchema = z
  .union([z.literal('*'), z.array(z.string())])
  .meta({ description: 'Ids of games, or * for all' })
const keyKindSchema = z.enum(['write', 'server', 'read'])

/** Whether there are more than a list holds. */
const truncatedSchema = z.boolean().meta({ description: 'Whether there are more than 1,000' })

const listedGameShape = {
  game_id: z.string(),
  name: z.string(),
  time_zone: z.string(),
  game_type: z.string(),
  event_mode: z.enum(EVENT_MODES),
  allowed_origins: z.array(z.string()),
  pseudonymize: z.boolean(),
  masked_properties: z.array(z.string()),
  created_time: timeSchema,
  archived_time: timeSchema.nullable(),
}

/** A game with its custom events and the names of its environments. */
export const gameSchema = z.strictObject({
  ...listedGameShape,
  custom_events: customEventsSchema,
  environments: z.array(z.string()),
})

export const gamesAnswerSchema = z.strictObject({
  games: z.array(z.strictObject(listedGameShape)),
  truncated: truncatedSchema,
})

const environmentShape = { env: z.string(), created_time: timeSchema }

export const environmentsAnswerSchema = z.strictObject({
  environments: z.array(z.strictObject(environmentShape)),
  truncated: truncatedSchema,
})

export const environmentSchema = z.strictObject({ game_id: z.string(), ...environmentShape })

const keyShape = {
  key_id: z.string(),
  env: z.string(),
  kind: keyKindSchema,
  label: z.string(),
  created_time: timeSchema,
  expires_time: timeSchema.nullable(),
}

/** A key without the key itself. */
export const keySchema = z.strictObject({ ...keyShape, revoked_time: timeSchema.nullable() })

export const keysAnswerSchema = z.strictObject({
  keys: z.array(keySchema),
  truncated: truncatedSchema,
})

/** The only answer that holds a key. */
export const newKeySchema = z.strictObject({
  ...keyShape,
  game_id: z.string(),
  key: z.string().meta({ description: 'The key; shown here and never again' }),
  signing_secret: z.string().optional().meta({
    description: 'Of server keys: the secret with which requests are signed; shown once',
  }),
})

export const rotatedKeySchema = newKeySchema.extend({
  replaces: z
    .strictObject({ key_id: z.string(), expires_time: timeSchema })
    .meta({ description: 'The old key, and until when it works' }),
})

export const userSchema = z.strictObject({
  user_id: z.string(),
  role: z.string(),
  games: gamesSchema,
  created_time: timeSchema,
  disabled_time: timeSchema.nullable(),
})

export const usersAnswerSchema = z.strictObject({
  users: z.array(userSchema),
  truncated: truncatedSchema,
})

export const tokenSchema = z.strictObject({
  token: z.string().meta({ description: 'Shown once' }),
  expires_time: timeSchema,
})

export const whoAmISchema = z.strictObject({
  kind: z.enum(['key', 'user', 'admin_key']),
  id: z.string(),
  role: z.string().optional().meta({ description: 'Of users' }),
  key_kind: keyKindSchema.optional().meta({ description: 'Of keys, as game_id and env' }),
  game_id: z.string().optional(),
  env: z.string().optional(),
  games: gamesSchema,
  permissions: z.array(z.enum(PERMISSIONS)),
})
