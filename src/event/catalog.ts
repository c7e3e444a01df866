/**
 * What the catalog (configs/analytics/events.yaml), and the events that a game adds to it, say about event names
 * and attribute values, for the hot path: look-ups in maps that are built once, checks that allocate nothing.
 * Presence of required attributes is not checked here: only the caller knows where an event keeps them.
 */
import { ALIASES, ATTRIBUTES, COMMON_ATTRIBUTES, EVENTS } from './catalog.generated.ts'
import type { SketchMetric } from './envelope.ts'
import type { CustomEvent, GameProfile } from './game-profile.ts'

/** Common attributes: columns of the events table, allowed on every event. */
export const COLUMN_ATTRIBUTES = COMMON_ATTRIBUTES

export interface EventDefinition {
  /** Canonical name, such as session.start */
  readonly id: string
  readonly category: string
  readonly required: readonly string[]
  /** Every further attribute that the catalog knows for this event, common ones included */
  readonly optional: readonly string[]
  /** Unique counts that the user of the event enters */
  readonly countsAs: readonly SketchMetric[]
  /** Attributes that a game has typed for its own event; absent for events of the catalog */
  readonly ownAttributes?: ReadonlyMap<string, AttributeDefinition>
}

/** The events that one game may send. */
export interface EventCatalog {
  /** The event of this id or alias; undefined when the game may not send it */
  findEvent(name: string): EventDefinition | undefined
}

type AttributeType =
  /** `maxLength` in UTF-16 code units */
  | { readonly type: 'string'; readonly maxLength: number }
  | { readonly type: 'integer' | 'number'; readonly minimum: number | null }
  | { readonly type: 'enum'; readonly values: readonly string[] }
  | { readonly type: 'string_list'; readonly maxLength: number; readonly maxItems: number }
  /** `time` is a string or a number that src/event/time.ts reads; whether it can is not checked here */
  | { readonly type: 'boolean' | 'time' }

type AttributeData = { readonly key: string } & AttributeType

/** How one attribute is typed, in every event that carries it. */
export type AttributeDefinition = AttributeData & {
  /** Short text of what a value must be, for an answer to the client */
  readonly expected: string
}

/** Category of the events that games add. */
const CUSTOM_CATEGORY = 'custom'

const COMMON_KEYS: ReadonlySet<string> = new Set(COMMON_ATTRIBUTES)

const attributeData: readonly AttributeData[] = ATTRIBUTES
const attributesByKey: ReadonlyMap<string, AttributeDefinition> = new Map(
  attributeData.map((data) => [data.key, { ...data, expected: expectationOf(data) }]),
)

const eventData: readonly EventDefinition[] = EVENTS
const eventsByName: ReadonlyMap<string, EventDefinition> = indexEvents()

/** The event of this id or alias; undefined when the catalog has none. */
export function findEvent(name: string): EventDefinition | undefined {
  return eventsByName.get(name)
}

/**
 * How the attribute is typed in an event; undefined for one that may hold anything: neither the catalog nor the game
 * knows it, or a game's own event carries it without having typed it.
 */
export function findAttribute(
  key: string,
  event?: EventDefinition,
): AttributeDefinition | undefined {
  const own = event?.ownAttributes?.get(key)
  if (own !== undefined) return own
  return event?.category === CUSTOM_CATEGORY && !COMMON_KEYS.has(key)
    ? undefined
    : attributesByKey.get(key)
}

const catalogs = new WeakMap<GameProfile, EventCatalog>()

/** The catalog of a game: the standard events, its own ones, and in open mode every well-formed name. */
export function catalogOf(game: GameProfile): EventCatalog {
  const known = catalogs.get(game)
  if (known !== undefined) return known
  const own = new Map(game.customEvents.map((event) => [event.id, definitionOf(event)]))
  const isOpen = game.eventMode === 'open'
  const catalog: EventCatalog = {
    findEvent: (name) =>
      findEvent(name) ??
      own.get(name) ??
      (isOpen && OPEN_NAME.test(name) ? customDefinition(name, []) : undefined),
  }
  catalogs.set(game, catalog)
  return catalog
}

/** Names of events that nobody has defined: bounded, so that they can be shown and typed. */
const OPEN_NAME = /^(?=.{1,64}$)[A-Za-z][A-Za-z0-9_]*(?:[.:-][A-Za-z0-9_]+)*$/

function definitionOf({ id, attributes }: CustomEvent): EventDefinition {
  const entries = Object.entries(attributes)
  const required = entries.filter(([, type]) => type.required).map(([key]) => key)
  const ownAttributes = new Map(
    entries.map(([key, attribute]) => {
      const data: AttributeData = { key, ...typeOf(attribute) }
      return [key, { ...data, expected: expectationOf(data) }]
    }),
  )
  return { ...customDefinition(id, required), ownAttributes }
}

function typeOf(attribute: CustomEvent['attributes'][string]): AttributeType {
  switch (attribute.type) {
    case 'string':
      return { type: 'string', maxLength: attribute.max_length }
    case 'integer':
    case 'number':
      return { type: attribute.type, minimum: attribute.minimum }
    case 'boolean':
      return { type: 'boolean' }
    case 'enum':
      return { type: 'enum', values: attribute.values }
  }
}

function customDefinition(id: string, required: readonly string[]): EventDefinition {
  return {
    id,
    category: CUSTOM_CATEGORY,
    required: [...ALWAYS_REQUIRED, ...required],
    optional: [],
    countsAs: [],
  }
}

/** Without these an event belongs to nobody or to no day. */
const ALWAYS_REQUIRED = ['user_id', 'event_time'] as const

/**
 * Null when the value fits the definition, otherwise a short text of what was expected, such as
 * `an integer of at least 0`. The text is a constant of the definition and never holds the value.
 */
export function checkAttribute(definition: AttributeDefinition, value: unknown): string | null {
  return fits(definition, value) ? null : definition.expected
}

function fits(definition: AttributeDefinition, value: unknown): boolean {
  switch (definition.type) {
    case 'string':
      return typeof value === 'string' && value.length <= definition.maxLength
    case 'integer':
      return Number.isSafeInteger(value) && isAtLeast(value, definition.minimum)
    case 'number':
      return Number.isFinite(value) && isAtLeast(value, definition.minimum)
    case 'boolean':
      return typeof value === 'boolean'
    case 'enum':
      return typeof value === 'string' && definition.values.includes(value)
    case 'string_list':
      return isStringList(value, definition.maxLength, definition.maxItems)
    case 'time':
      return typeof value === 'string' || Number.isFinite(value)
  }
}

function isAtLeast(value: unknown, minimum: number | null): boolean {
  return minimum === null || (typeof value === 'number' && value >= minimum)
}

function isStringList(value: unknown, maxLength: number, maxItems: number): boolean {
  if (!Array.isArray(value) || value.length > maxItems) return false
  for (const item of value) {
    if (typeof item !== 'string' || item.length > maxLength) return false
  }
  return true
}

function expectationOf(data: AttributeData): string {
  switch (data.type) {
    case 'string':
      return `a string of at most ${data.maxLength} characters`
    case 'integer':
      return data.minimum === null ? 'an integer' : `an integer of at least ${data.minimum}`
    case 'number':
      return data.minimum === null ? 'a number' : `a number of at least ${data.minimum}`
    case 'boolean':
      return 'true or false'
    case 'enum':
      return `one of ${data.values.join(', ')}`
    case 'string_list':
      return `a list of at most ${data.maxItems} strings of at most ${data.maxLength} characters`
    case 'time':
      return 'an RFC 3339 time with an offset, or seconds or milliseconds since the epoch'
  }
}

function indexEvents(): Map<string, EventDefinition> {
  const byName = new Map<string, EventDefinition>()
  for (const event of eventData) {
    const common = COLUMN_ATTRIBUTES.filter((key) => !event.required.includes(key))
    byName.set(event.id, { ...event, optional: [...event.optional, ...common] })
  }
  for (const [alias, id] of ALIASES) {
    const event = byName.get(id)
    if (event !== undefined) byName.set(alias, event)
  }
  return byName
}
