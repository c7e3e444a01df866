/** What a game has agreed with us: how strict its catalog is, which events it adds, who may send, what is hidden. */
import { z } from 'zod'

import { MAX_CUSTOM_ATTRIBUTES, MAX_CUSTOM_EVENTS } from '../../configs/limits.ts'

const SNAKE = '[a-z][a-z0-9]*(?:_[a-z0-9]+)*'
/** Ids of custom events: as in the catalog, lower case with dots or underscores. */
const customEventIdSchema = z
  .string()
  .max(64, 'expected at most 64 characters')
  .regex(
    new RegExp(`^${SNAKE}(?:\\.${SNAKE})*$`),
    'expected lower-case segments of a-z, 0-9 and _, joined by dots, such as boss.defeated',
  )
const attributeNameSchema = z
  .string()
  .max(64, 'expected at most 64 characters')
  .regex(new RegExp(`^${SNAKE}$`), 'expected snake_case')

const customAttributeSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('string'),
    required: z.boolean().default(false),
    max_length: z.int().min(1).max(4_096).default(128),
  }),
  z.strictObject({
    type: z.enum(['integer', 'number']),
    required: z.boolean().default(false),
    minimum: z.number().nullable().default(null),
  }),
  z.strictObject({ type: z.literal('boolean'), required: z.boolean().default(false) }),
  z.strictObject({
    type: z.literal('enum'),
    required: z.boolean().default(false),
    values: z.array(z.string().min(1).max(128)).min(1).max(256),
  }),
])

/** An event that one game adds to the catalog. */
export const customEventSchema = z.strictObject({
  id: customEventIdSchema,
  description: z.string().max(500).default(''),
  attributes: z
    .record(attributeNameSchema, customAttributeSchema)
    .refine(
      (attributes) => Object.keys(attributes).length <= MAX_CUSTOM_ATTRIBUTES,
      `expected at most ${MAX_CUSTOM_ATTRIBUTES} attributes`,
    )
    .default({}),
})
export type CustomEvent = z.output<typeof customEventSchema>

export const customEventsSchema = z
  .array(customEventSchema)
  .max(MAX_CUSTOM_EVENTS, `expected at most ${MAX_CUSTOM_EVENTS} custom events`)

/** Names whose values decide what an event is, whose it is and when; a game may not mask them. */
export const UNMASKABLE_NAMES: ReadonlySet<string> = new Set([
  'event',
  'event_id',
  'event_time',
  'ts',
  'time',
  'user_id',
  'order_id',
  'refund_id',
  'props',
  'attrs',
  'game_id',
  'env',
])

/**
 * `strict`: an event that neither the catalog nor the game knows is quarantined; `open`: it is accepted as a
 * custom event whose attributes may hold anything.
 */
export const EVENT_MODES = ['strict', 'open'] as const
export type EventMode = (typeof EVENT_MODES)[number]

export interface GameProfile {
  readonly gameId: string
  /** IANA zone in which the game counts its days */
  readonly timeZone: string
  /** Id from game_types.yaml; empty when the game has not said */
  readonly gameType: string
  readonly eventMode: EventMode
  readonly customEvents: readonly CustomEvent[]
  /** Origins whose pages may send events, such as https://play.example.com; `*` allows every one */
  readonly allowedOrigins: readonly string[]
  /** Key under which user and device ids are replaced by pseudonyms; null when ids are stored as sent */
  readonly pseudonymKey: Uint8Array | null
  /** Names of properties whose values are never stored */
  readonly maskedProperties: readonly string[]
}
