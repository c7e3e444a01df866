/**
 * The shapes of the ways in, for the documents that are made from them: bodies as clients usually write them, and the
 * answer. Types and values of attributes come from the catalog. What is taken beyond the usual form is told in words.
 */
import { z } from 'zod'

import {
  MAX_EVENTS_PER_POST,
  MAX_ID_LENGTH,
  MAX_PROPERTY_STRING_LENGTH,
} from '../../configs/limits.ts'
import { ATTRIBUTES } from '../event/catalog.generated.ts'
import type { AttributeDefinition } from '../event/catalog.ts'
import { COLUMN_ATTRIBUTES, findAttribute } from '../event/catalog.ts'
import type { Verdict } from '../event/rejection.ts'
import { CORRECTIONS, FILTERS, REFUSALS, VERDICT_STATUSES } from '../event/rejection.ts'

const timeSchema = z
  .union([z.iso.datetime({ offset: true }), z.number()])
  .meta({ description: 'RFC 3339 with an offset, or seconds or milliseconds since the epoch' })

const idSchema = z.string().min(1).max(MAX_ID_LENGTH)

/** What the catalog says of an attribute, as a schema. */
function schemaOf(definition: AttributeDefinition): z.ZodType {
  switch (definition.type) {
    case 'string':
      return z.string().max(definition.maxLength)
    case 'integer':
      return definition.minimum === null ? z.int() : z.int().min(definition.minimum)
    case 'number':
      return definition.minimum === null ? z.number() : z.number().min(definition.minimum)
    case 'boolean':
      return z.boolean()
    case 'enum':
      return z.enum(definition.values)
    case 'string_list':
      return z.array(z.string().max(definition.maxLength)).max(definition.maxItems)
    case 'time':
      return timeSchema
  }
}

function shapeOf(keys: readonly string[]): Record<string, z.ZodOptional> {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const definition = findAttribute(key)
      return definition === undefined ? [] : [[key, schemaOf(definition).optional()]]
    }),
  )
}

const COLUMN_KEYS: ReadonlySet<string> = new Set(COLUMN_ATTRIBUTES)

/** Attributes that are no columns, as the catalog types them; any other property may hold anything. */
export const propsSchema = z
  .looseObject(
    shapeOf(ATTRIBUTES.map(({ key }) => key).filter((key: string) => !COLUMN_KEYS.has(key))),
  )
  .meta({
    description:
      'Properties of the event. Those of the catalog are typed in every event that carries them; others may hold ' +
      `anything: strings of at most ${MAX_PROPERTY_STRING_LENGTH} characters, 4 levels deep.`,
  })

const { user_id: _, event_time: __, ...otherColumns } = shapeOf(COLUMN_ATTRIBUTES)

const clocksShape = {
  uptime_ms: z
    .number()
    .nonnegative()
    .optional()
    .meta({ description: 'Monotonic clock of the client when it happened, in milliseconds' }),
}

const scopeShape = {
  game_id: z.string().optional().meta({ description: "The key's own; may be left out" }),
  env: z.string().optional().meta({ description: "The key's own; may be left out" }),
}

/** One event in its usual form. */
export const eventSchema = z
  .looseObject({
    event: z.string().min(1).meta({
      description: 'Id or alias of an event of the catalog or of the game; see GET /api/catalog',
      example: 'session.start',
    }),
    user_id: idSchema.meta({ description: 'The player; a pseudonym, never a name or an address' }),
    event_time: timeSchema.optional(),
    ts: timeSchema.optional().meta({ description: 'Another name of event_time' }),
    event_id: idSchema.optional().meta({
      description:
        'Idempotency key. Without it the id is derived from the body and the position in it',
    }),
    ...clocksShape,
    ...otherColumns,
    ...scopeShape,
    props: propsSchema.optional(),
    attrs: z.looseObject({}).optional().meta({ description: 'Another name of props' }),
  })
  .meta({
    description:
      'One event. Required are event, user_id, event_time (or ts) and what the catalog requires of the event. ' +
      'Attributes may stand at the top level, in props or in attrs. null, the empty string and a missing field are ' +
      'the same.',
    override: { anyOf: [{ required: ['event_time'] }, { required: ['ts'] }] },
  })

const centsSchema = z
  .int()
  .nonnegative()
  .meta({ description: 'Minor units of the currency (ISO 4217): 999 is 9.99 USD, 999 JPY' })

/** One payment in its usual form. */
export const paymentSchema = z
  .looseObject({
    order_id: idSchema.meta({ description: 'Identity of the order, with status' }),
    user_id: idSchema,
    status: z.enum(['success', 'refunded', 'refund', 'failed', 'pending']).meta({
      description: 'refunded (or refund) only from a server; refund is another name of refunded',
    }),
    amount_cents: centsSchema.optional(),
    amount: z
      .string()
      .optional()
      .meta({ description: 'The same as a decimal, such as "9.99"', example: '9.99' }),
    currency: z
      .string()
      .optional()
      .meta({ description: 'ISO 4217 code in upper case; also as currency_code', example: 'USD' }),
    ts: timeSchema
      .optional()
      .meta({ description: 'When it was paid; also as event_time or time. Required' }),
    sku_id: z.string().optional().meta({ description: 'The product; also as product_id' }),
    refund_id: idSchema.optional().meta({
      description: 'Identity of the refund within its order, for orders that are refunded in parts',
    }),
    reason: z.string().optional().meta({ description: 'Why it failed or was refunded' }),
    ...clocksShape,
    ...Object.fromEntries(
      Object.entries(otherColumns).filter(([name]) =>
        ['channel', 'platform', 'country', 'region', 'city'].includes(name),
      ),
    ),
    ...scopeShape,
  })
  .meta({
    description:
      'One payment. success and refunded need an amount (amount_cents, or amount) and its currency; pending needs a ' +
      'currency; of failed ones both may be missing.',
  })

const batchClocksShape = {
  sent_at: timeSchema.optional().meta({
    description: 'When the batch was sent, by the clock that stamped its events; new for each try',
  }),
  sent_uptime_ms: z
    .number()
    .nonnegative()
    .optional()
    .meta({ description: 'Monotonic clock of the client when it sent the batch' }),
}

function bodyOf<Item extends z.ZodType>(item: Item) {
  const list = z.array(item).max(MAX_EVENTS_PER_POST)
  return { item, list }
}

const events = bodyOf(eventSchema)
const payments = bodyOf(paymentSchema)

/** Body of the doors for events. */
export const eventsBodySchema = z.union([
  z.strictObject({ events: events.list, ...batchClocksShape }),
  events.list,
  events.item,
])

/** Body of the doors for payments. */
export const paymentsBodySchema = z.union([
  z.strictObject({ payments: payments.list, ...batchClocksShape }),
  z.strictObject({ events: payments.list, ...batchClocksShape }),
  payments.list,
  payments.item,
])

/** Parameters of the doors that take a key. */
export const keyedDoorSchema = z.strictObject({
  key: z.string().optional().meta({
    description: 'A write key, for beacons, which cannot set headers; other keys are refused here',
  }),
  validate: z
    .enum(['only'])
    .optional()
    .meta({ description: 'only: everything is judged, nothing is stored, the answer is 200' }),
  game_id: z.string().optional(),
  env: z.string().optional(),
})

/** Parameters of the doors that take a signature. */
export const signedDoorSchema = keyedDoorSchema.omit({ key: true })

function keysOf<Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] {
  const names: string[] = Object.keys(table)
  return names.filter((name): name is Name => Object.hasOwn(table, name))
}

/** One entry of `results`. */
export const verdictSchema = z
  .strictObject({
    index: z.int().nonnegative().meta({ description: 'Position in the body, from 0' }),
    event_id: z.string().nullable(),
    status: z.enum(VERDICT_STATUSES).meta({
      description:
        'corrected: stored with another time; quarantined: refused and kept, may pass after a change of the ' +
        'catalog; rejected: refused and kept; filtered: the game does not want it at the moment',
    }),
    code: z.enum([...keysOf(REFUSALS), ...keysOf(CORRECTIONS), ...keysOf(FILTERS)]),
    pointer: z.string().meta({ description: 'JSON pointer (RFC 6901) into the event' }),
    detail: z.string().meta({
      description:
        'What was expected; of what was sent it repeats times, lengths and the name of the event, and no other value',
    }),
    advice: z.string().meta({ description: 'What to do about it' }),
  })
  .meta({ description: 'An event that was not simply accepted' }) satisfies z.ZodType<Verdict>

const countSchema = z.int().nonnegative()

/** Answer of every door; accepted + rejected + filtered = events sent. */
export const ingestAnswerSchema = z.strictObject({
  accepted: countSchema,
  rejected: countSchema.meta({ description: 'Refused and kept with their reason' }),
  quarantined: countSchema.meta({
    description: 'Of the rejected those that may pass after a change of the catalog',
  }),
  filtered: countSchema.meta({ description: 'Not stored because of the settings of the game' }),
  results: z.array(verdictSchema).meta({ description: 'The events that were not simply accepted' }),
  trace_id: z.string().regex(/^[0-9a-f]{16}$/),
  stored: z
    .literal(false)
    .optional()
    .meta({ description: 'Present when nothing was stored: validate=only, or no queue is set up' }),
  warnings: z.array(z.string()).optional().meta({ description: 'What was ignored' }),
})
