/** The bodies of /api/admin: what may be said, with what is expected where it is not. */
import { z } from 'zod'

import { MAX_ID_LENGTH, MAX_PROPERTY_NAME_LENGTH, MAX_SCOPE_LENGTH } from '../../configs/limits.ts'
import { ROLES } from '../access/rbac.ts'
import { catalog } from '../catalog/catalog.ts'
import { EVENT_MODES, UNMASKABLE_NAMES } from '../event/game-profile.ts'
import { gameCustomEventsSchema } from './custom-events.ts'
import { canonicalTimeZone } from './time-zone.ts'

/** Seconds that both keys work after a rotation, unless told; and at most. */
const DEFAULT_OVERLAP_SECONDS = 86_400
const MAX_OVERLAP_SECONDS = 30 * 86_400

/** Seconds that a user's token is good for, unless told; and at most. */
const DEFAULT_TOKEN_SECONDS = 86_400
const MAX_TOKEN_SECONDS = 30 * 86_400
const MIN_TOKEN_SECONDS = 60

const MAX_ORIGINS = 100
const MAX_MASKED_PROPERTIES = 256
const MAX_ENVIRONMENTS = 20
const MAX_GAMES_OF_USER = 1_000

/** Ids of games and environments: they are part of object names, headers and sorting keys. */
export const scopeIdSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]*$/,
    'expected A-Z a-z 0-9 _ . - only, and one of A-Z a-z 0-9 first',
  )
  .max(MAX_SCOPE_LENGTH, `expected at most ${MAX_SCOPE_LENGTH} characters`)

const nameSchema = z
  .string()
  .trim()
  .min(1, 'expected a name that is not blank')
  .max(200, 'expected at most 200 characters')

const timeZoneSchema = z.string().transform((value, context) => {
  const timeZone = canonicalTimeZone(value)
  if (timeZone !== null) return timeZone
  context.addIssue('expected a time zone of the IANA database, such as Europe/Berlin or UTC')
  return z.NEVER
})

const gameTypeSchema = z
  .string()
  .refine(
    (id) => id === '' || catalog().gameTypes.has(id),
    'expected an id of GET /api/catalog/game-types, such as casual_puzzle, or an empty string',
  )

/** Compared with the header Origin as it stands, so it is spelled as browsers send it. */
const originSchema = z
  .string()
  .max(256, 'expected at most 256 characters')
  .regex(
    /^(?:\*|null|[a-z][a-z0-9+.-]*:\/\/[^/\s?#@A-Z]+)$/,
    'expected an origin such as https://play.example.com, in lower case and without a path, or *',
  )

const gameFields = {
  name: nameSchema,
  game_type: gameTypeSchema,
  event_mode: z.enum(EVENT_MODES),
  custom_events: gameCustomEventsSchema,
  allowed_origins: z
    .array(originSchema)
    .max(MAX_ORIGINS, `expected at most ${MAX_ORIGINS} origins`),
  pseudonymize: z.boolean(),
  masked_properties: z
    .array(
      z
        .string()
        .min(1, 'expected a name')
        .max(MAX_PROPERTY_NAME_LENGTH)
        .refine(
          (name) => !UNMASKABLE_NAMES.has(name),
          `expected the name of a property, none of ${[...UNMASKABLE_NAMES].join(', ')}; pseudonymize hides user ids`,
        ),
    )
    .max(MAX_MASKED_PROPERTIES, `expected at most ${MAX_MASKED_PROPERTIES} names`),
}

/** POST /games */
export const createGameSchema = z.strictObject({
  game_id: scopeIdSchema,
  name: gameFields.name,
  time_zone: timeZoneSchema.default('UTC'),
  game_type: gameFields.game_type.default(''),
  event_mode: gameFields.event_mode.default('strict'),
  custom_events: gameFields.custom_events.default([]),
  allowed_origins: gameFields.allowed_origins.default([]),
  pseudonymize: gameFields.pseudonymize.default(false),
  masked_properties: gameFields.masked_properties.default([]),
  environments: z
    .array(scopeIdSchema)
    .min(1, 'expected at least one environment')
    .max(MAX_ENVIRONMENTS, `expected at most ${MAX_ENVIRONMENTS} environments`)
    .refine((envs) => new Set(envs).size === envs.length, 'expected each environment once')
    .default(['prod']),
})

/** PATCH /games/{game_id}; `time_zone` may be repeated, not changed */
export const patchGameSchema = z
  .strictObject({ ...gameFields, time_zone: timeZoneSchema })
  .partial()
  .refine(isNotEmpty, 'expected at least one field')
export type GamePatch = z.output<typeof patchGameSchema>

/** POST /games/{game_id}/environments */
export const createEnvironmentSchema = z.strictObject({ env: scopeIdSchema })

/** POST /games/{game_id}/keys */
export const createKeySchema = z.strictObject({
  env: scopeIdSchema,
  kind: z.enum(['write', 'server', 'read']),
  label: z.string().trim().max(200, 'expected at most 200 characters').default(''),
})

/** POST /games/{game_id}/keys/{key_id}/rotate */
export const rotateKeySchema = z.strictObject({
  overlap_seconds: z
    .int('expected whole seconds')
    .min(0, 'expected at least 0 seconds')
    .max(MAX_OVERLAP_SECONDS, `expected at most ${MAX_OVERLAP_SECONDS} seconds`)
    .default(DEFAULT_OVERLAP_SECONDS),
})

const userGamesSchema = z.union(
  [z.literal('*'), z.array(scopeIdSchema).max(MAX_GAMES_OF_USER)],
  `expected "*" for all games, or a list of at most ${MAX_GAMES_OF_USER} game ids`,
)

const userFields = { role: z.enum(ROLES), games: userGamesSchema }

/** POST /users */
export const createUserSchema = z.strictObject({
  user_id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.@+-]*$/, 'expected A-Z a-z 0-9 _ . @ + - only')
    .max(MAX_ID_LENGTH, `expected at most ${MAX_ID_LENGTH} characters`),
  ...userFields,
})

/** PATCH /users/{user_id}; a disabled user's tokens stay withdrawn when the user is enabled again */
export const patchUserSchema = z
  .strictObject({
    ...userFields,
    disabled: z.boolean(),
    withdraw_tokens: z.literal(true, 'expected true; leave it out to keep the tokens'),
  })
  .partial()
  .refine(isNotEmpty, 'expected at least one field')
export type UserPatch = z.output<typeof patchUserSchema>

/** POST /users/{user_id}/tokens */
export const createTokenSchema = z.strictObject({
  ttl_seconds: z
    .int('expected whole seconds')
    .min(MIN_TOKEN_SECONDS, `expected at least ${MIN_TOKEN_SECONDS} seconds`)
    .max(MAX_TOKEN_SECONDS, `expected at most ${MAX_TOKEN_SECONDS} seconds`)
    .default(DEFAULT_TOKEN_SECONDS),
})

function isNotEmpty(body: object): boolean {
  return Object.keys(body).length > 0
}
