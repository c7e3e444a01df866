/** configs/analytics/events.yaml: its format, and the faults that it has in itself. */
import { z } from 'zod'

import { SKETCH_METRICS } from '../../src/event/envelope.ts'
import { dottedId, repeats, sentence, snakeCase } from './entry-schema.ts'

/** Units that a key spells out: the suffix and the unit must say the same. */
const UNIT_SUFFIXES = { ms: '_ms', mb: '_mb', usd: '_usd', cents: '_cents' } as const

const named = { description: sentence }
const unit = z.enum(['ms', 'mb', 'usd', 'cents', 'ratio', 'fps']).optional()
const maxLength = z.int().positive().optional()
const attributeSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('string'), max_length: maxLength, ...named }),
  z.strictObject({ type: z.literal('integer'), unit, minimum: z.int().optional(), ...named }),
  z.strictObject({ type: z.literal('number'), unit, minimum: z.number().optional(), ...named }),
  z.strictObject({ type: z.literal('boolean'), ...named }),
  z.strictObject({ type: z.literal('enum'), ...named }),
  z.strictObject({
    type: z.literal('string_list'),
    max_length: maxLength,
    max_items: z.int().positive().optional(),
    ...named,
  }),
  z.strictObject({ type: z.literal('time'), ...named }),
])

const eventSchema = z.strictObject({
  id: dottedId,
  category: snakeCase,
  zh_name: sentence,
  required: z.array(snakeCase).default([]),
  optional: z.array(snakeCase).default([]),
  aliases: z.array(snakeCase).default([]),
  counts_as: z.array(z.enum(SKETCH_METRICS)).default([]),
  /** Why no metric and no game type names it */
  unused_because: sentence.optional(),
  ...named,
})

export const eventsFileSchema = z.strictObject({
  version: z.literal(1),
  naming: z.strictObject({
    event_id: z.literal('lower.dot.segments'),
    attribute: z.literal('snake_case'),
    automatic_alias: z.literal('lower_underscore_segments'),
  }),
  defaults: z.strictObject({ max_length: z.int().positive(), max_items: z.int().positive() }),
  enums: z.record(snakeCase, z.array(snakeCase).min(1)),
  common_attributes: z.array(snakeCase).min(1),
  always_required: z.array(snakeCase),
  attributes: z.record(snakeCase, attributeSchema),
  events: z.array(eventSchema).min(1),
})
export type EventsFile = z.output<typeof eventsFileSchema>
export type EventEntry = z.output<typeof eventSchema>
export type AttributeEntry = z.output<typeof attributeSchema>

/** Attributes that are not typed or not used, enums that do not resolve, names given twice. */
export function* eventsFileFaults(file: EventsFile): Generator<string> {
  yield* attributeFaults(file)
  yield* enumFaults(file)
  yield* eventFaults(file)
  yield* repeats(
    file.events.flatMap((event) => [event.id, ...aliasesOf(event)]),
    'names of events',
  )
}

/** Every name of the event besides its id: the underscore spelling, then the listed ones. */
export function aliasesOf({ id, aliases }: Pick<EventEntry, 'id' | 'aliases'>): string[] {
  return [id.replaceAll('.', '_'), ...aliases]
}

/** Attributes that the event must carry, those that every event requires first. */
export function requiredOf(event: EventEntry, file: EventsFile): string[] {
  return [...file.always_required, ...event.required]
}

function* attributeFaults({ attributes, enums, ...file }: EventsFile): Generator<string> {
  const used = new Set(file.common_attributes)
  for (const { required, optional } of file.events) {
    for (const key of required.concat(optional)) used.add(key)
  }
  for (const [key, attribute] of Object.entries(attributes)) {
    if (!used.has(key)) yield `attribute ${key}: no event names it`
    if (attribute.type === 'enum' && !Object.hasOwn(enums, key)) {
      yield `attribute ${key}: there is no enum of this name`
    }
    if (key.endsWith('_id') && attribute.type !== 'string') {
      yield `attribute ${key}: an id is a string`
    }
    const declared = 'unit' in attribute ? attribute.unit : undefined
    for (const [suffixUnit, suffix] of Object.entries(UNIT_SUFFIXES)) {
      if (key.endsWith(suffix) !== (declared === suffixUnit)) {
        yield `attribute ${key}: the suffix ${suffix} and the unit ${suffixUnit} go together`
      }
    }
  }
}

function* enumFaults(file: EventsFile): Generator<string> {
  const { attributes, common_attributes: common } = file
  for (const [key, values] of Object.entries(file.enums)) {
    if (attributes[key]?.type !== 'enum') yield `enum ${key}: no attribute uses it`
    yield* repeats(values, `enum ${key}`)
  }
  yield* repeats(common, 'common_attributes')
  yield* untyped(common, attributes, 'common_attributes')
  for (const key of file.always_required) {
    if (!common.includes(key)) yield `always_required: ${key} is not a common attribute`
  }
}

function* eventFaults(file: EventsFile): Generator<string> {
  const common = new Set(file.common_attributes)
  for (const event of file.events) {
    const { id, required, optional } = event
    yield* untyped([...required, ...optional], file.attributes, id)
    yield* repeats([...requiredOf(event, file), ...optional], id)
    for (const key of optional) {
      if (common.has(key)) yield `${id}: ${key} is common, so it is optional already`
    }
  }
}

function* untyped(
  keys: readonly string[],
  attributes: EventsFile['attributes'],
  place: string,
): Generator<string> {
  for (const key of keys) {
    if (!Object.hasOwn(attributes, key)) yield `${place}: ${key} is not typed in attributes`
  }
}
