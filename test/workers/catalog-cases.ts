/**
 * Events of the whole catalog, good and bad, with what must become of each. Everything is computed from the data of
 * the catalog and the documented rules; nothing here asks the code that is tested.
 */
import {
  ALIASES,
  ATTRIBUTES,
  COMMON_ATTRIBUTES,
  EVENTS,
} from '../../src/event/catalog.generated.ts'

export type Attribute = (typeof ATTRIBUTES)[number]
export type Json = Record<string, unknown>

/** Where a client puts its attributes, and under which name it sends the time. */
export interface Form {
  readonly place: 'top' | 'props' | 'attrs'
  readonly timeField: 'event_time' | 'ts'
}

export const FORMS: readonly Form[] = (['top', 'props', 'attrs'] as const).flatMap((place) =>
  (['event_time', 'ts'] as const).map((timeField) => ({ place, timeField })),
)

/** A form for each number, so that a long table goes through all of them. */
export function formOf(index: number): Form {
  return FORMS[index % FORMS.length] ?? { place: 'top', timeField: 'event_time' }
}

export interface GoodEvent {
  readonly name: string
  /** The canonical name */
  readonly event: string
  readonly body: Json
  readonly attributes: Json
  readonly timeMs: number
}

export interface BadEvent {
  readonly title: string
  readonly event: string
  readonly body: Json
  readonly code: string
  readonly pointer: string
  /** Whether a change of the catalog could let it pass as it is */
  readonly isCurable: boolean
}

const attributesByKey = new Map<string, Attribute>(ATTRIBUTES.map((data) => [data.key, data]))

/** Columns of the events table; event_time is one of them, but no attribute that is stored as sent. */
export const COLUMN_KEYS: ReadonlySet<string> = new Set(
  COMMON_ATTRIBUTES.filter((key) => key !== 'event_time'),
)

/** Only the studio's server may send these. */
export const SERVER_EVENTS: ReadonlySet<string> = new Set(['monetization.refund'])

/** What an event needs beyond what the catalog requires: a refund is nothing without money. */
const ALSO_NEEDED: Readonly<Record<string, readonly string[]>> = {
  'monetization.purchase_success': ['price_usd'],
  'monetization.refund': ['price_usd'],
}

/** Values that a rule beyond the type decides about. */
const SPECIAL_VALUES: Json = { currency_code: 'JPY' }

/** Ids and aliases of an event. */
export function namesOf(id: string): string[] {
  return [id, ...ALIASES.flatMap(([alias, event]) => (event === id ? [alias] : []))]
}

/** A value that fits; `variant` goes through the values of an enum and both ends of a range. */
export function fittingValue(key: string, variant: number): unknown {
  if (Object.hasOwn(SPECIAL_VALUES, key)) return SPECIAL_VALUES[key]
  const data = attributesByKey.get(key)
  switch (data?.type) {
    case 'string':
      return variant % 2 === 0 ? `${key}-1` : 'x'.repeat(data.maxLength)
    case 'integer':
      return variant % 2 === 0 ? (data.minimum ?? -3) : 7
    case 'number':
      return variant % 2 === 0 ? (data.minimum ?? -0.5) : 12.25
    case 'boolean':
      return variant % 2 === 0
    case 'enum':
      return data.values[variant % data.values.length]
    case 'string_list':
      return variant % 2 === 0 ? [] : ['a', 'b'.repeat(data.maxLength)]
    case 'time':
    case undefined:
      throw new Error(`the catalog types ${key} as a time, or not at all`)
  }
}

/** Values that do not fit, each with what is wrong. Absent ones (null, the empty string) are not among them. */
export function unfitValues(key: string): [string, unknown][] {
  const data = attributesByKey.get(key)
  const objects: [string, unknown][] = [
    ['an object', { a: 1 }],
    ['a list', [1]],
  ]
  switch (data?.type) {
    case 'string':
      return [
        ['a number', 1],
        ['true', true],
        ['too long', 'x'.repeat(data.maxLength + 1)],
        ...objects,
      ]
    case 'integer':
      return [['a fraction', 7.5], ['text', '7'], ...belowMinimum(data.minimum), ...objects]
    case 'number':
      return [['text', '7'], ['true', true], ...belowMinimum(data.minimum), ...objects]
    case 'boolean':
      return [['text', 'true'], ['a number', 1], ...objects]
    case 'enum':
      return [
        ['outside', `${data.values[0]}x`],
        ['in capitals', data.values[0].toUpperCase()],
        ['a number', 1],
        ...objects,
      ]
    case 'string_list':
      return [
        ['text', 'a'],
        ['a number in it', ['a', 1]],
        ['null in it', ['a', null]],
        ['a list in it', [['a']]],
        ['too long in it', ['x'.repeat(data.maxLength + 1)]],
        ['an object', { a: 1 }],
      ]
    case 'time':
    case undefined:
      throw new Error(`the catalog types ${key} as a time, or not at all`)
  }
}

function belowMinimum(minimum: number | null): [string, unknown][] {
  return minimum === null ? [] : [['below the minimum', minimum - 1]]
}

type Definition = (typeof EVENTS)[number]

/** Attributes without which the event is refused, event_time apart. */
export function neededBy({ id, required }: Definition): string[] {
  const needed: readonly string[] = [...required, ...(ALSO_NEEDED[id] ?? [])]
  return needed.filter((key) => key !== 'event_time')
}

/** Every attribute that the catalog knows for the event, event_time apart. */
export function knownTo(definition: Definition): string[] {
  const known: readonly string[] = [
    ...neededBy(definition),
    ...definition.optional,
    ...COMMON_ATTRIBUTES,
  ]
  return [...new Set(known)].filter((key) => key !== 'event_time')
}

/** The values of some attributes; ids are those of `suffix`. */
export function valuesOf(keys: readonly string[], variant: number, suffix: string): Json {
  const values = Object.fromEntries(keys.map((key) => [key, fittingValue(key, variant)]))
  if ('user_id' in values) values['user_id'] = `user-${suffix}`
  if ('order_id' in values) values['order_id'] = `order-${suffix}`
  return values
}

/** The event as a client would write it. */
export function bodyOf(name: string, attributes: Json, timeMs: number, form: Form): Json {
  const head = { event: name, [form.timeField]: timeMs }
  return form.place === 'top' ? { ...head, ...attributes } : { ...head, [form.place]: attributes }
}

/** Where an attribute stands in such a body. */
export function pointerIn(form: Form, key: string): string {
  return form.place === 'top' ? `/${key}` : `/${form.place}/${key}`
}

/** Where an attribute is missed: columns at the top, others where the event keeps its properties. */
export function missedAt(form: Form, key: string): string {
  if (COLUMN_KEYS.has(key)) return `/${key}`
  return form.place === 'attrs' ? `/attrs/${key}` : `/props/${key}`
}

/** Every event by every name, minimal and full, in every form by its id and in some by its aliases. */
export function goodEvents(nowMs: number): GoodEvent[] {
  let count = 0
  return EVENTS.flatMap((definition) =>
    namesOf(definition.id).flatMap((name) =>
      [neededBy(definition), knownTo(definition)].flatMap((keys) => {
        const forms = name === definition.id ? FORMS : [formOf(count)]
        return forms.map((form): GoodEvent => {
          count += 1
          const timeMs = nowMs - count * 1_000
          const attributes = valuesOf(keys, count, String(count))
          const body = { event_id: `good-${count}`, ...bodyOf(name, attributes, timeMs, form) }
          return { name, event: definition.id, body, attributes, timeMs }
        })
      }),
    ),
  )
}
