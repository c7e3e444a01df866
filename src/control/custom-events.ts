/** Custom events of a game beside the catalog: they add to it and change nothing in it. */
import type { z } from 'zod'

import { MAX_CUSTOM_EVENTS_BYTES } from '../../configs/limits.ts'
import { findAttribute, findEvent } from '../event/catalog.ts'
import type { CustomEvent } from '../event/game-profile.ts'
import { customEventSchema, customEventsSchema } from '../event/game-profile.ts'

type CustomAttribute = CustomEvent['attributes'][string]
interface Fault {
  readonly path: (string | number)[]
  readonly message: string
}

/**
 * Custom events that reuse no id or alias of the catalog, repeat no id and retype no attribute of the catalog, within
 * MAX_CUSTOM_EVENTS_BYTES.
 */
export const gameCustomEventsSchema = customEventsSchema.superRefine(
  (events, context: z.RefinementCtx) => {
    const bytes = new TextEncoder().encode(storedCustomEvents(events)).byteLength
    if (bytes > MAX_CUSTOM_EVENTS_BYTES) {
      context.addIssue(
        `expected at most ${MAX_CUSTOM_EVENTS_BYTES} bytes of JSON; these have ${bytes}`,
      )
    }
    for (const { path, message } of faultsIn(events)) {
      context.addIssue({ code: 'custom', path, message })
    }
  },
)

/** The events as the control database holds them: JSON without what customEventsSchema adds by default. */
export function storedCustomEvents(events: readonly CustomEvent[]): string {
  return JSON.stringify(
    events.map(({ attributes, ...event }) => {
      const told = Object.entries(attributes).map(([name, attribute]) => [
        name,
        withoutDefaults(attribute, defaultsOf(attribute)),
      ])
      return {
        ...withoutDefaults(event, customEventSchema.parse({ id: event.id })),
        ...(told.length > 0 && { attributes: Object.fromEntries(told) }),
      }
    }),
  )
}

const defaultsByType = new Map<CustomAttribute['type'], object>()

/** An attribute of the same type that says nothing else; `values` have no default. */
function defaultsOf(attribute: CustomAttribute): object {
  const { type } = attribute
  const known = defaultsByType.get(type)
  if (known !== undefined) return known
  const least = type === 'enum' ? { type, values: attribute.values } : { type }
  const { any = {} } = customEventSchema.parse({ id: 'any', attributes: { any: least } }).attributes
  defaultsByType.set(type, any)
  return any
}

/** What says which event or which type it is stays. */
const KEPT_FIELDS: ReadonlySet<string> = new Set(['id', 'type', 'values'])

function withoutDefaults(fields: object, defaults: object): Record<string, unknown> {
  const byDefault = new Map<string, unknown>(Object.entries(defaults))
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) => KEPT_FIELDS.has(name) || byDefault.get(name) !== value,
    ),
  )
}

function faultsIn(events: readonly CustomEvent[]): Fault[] {
  const seen = new Set<string>()
  return events.flatMap(({ id, attributes }, index) => {
    const faults = attributeFaults(index, attributes)
    const known = findEvent(id)
    if (known !== undefined) {
      const name = known.id === id ? 'an event' : `an alias of ${known.id}`
      faults.push({
        path: [index, 'id'],
        message: `expected an id of its own; the catalog has it as ${name}`,
      })
    }
    if (seen.has(id)) {
      faults.push({ path: [index, 'id'], message: 'expected an id of its own; it stands twice' })
    }
    seen.add(id)
    return faults
  })
}

function attributeFaults(index: number, attributes: CustomEvent['attributes']): Fault[] {
  return Object.entries(attributes).flatMap(([name, attribute]) => {
    const expected = catalogType(name, attribute)
    if (expected === null) return []
    return [
      {
        path: [index, 'attributes', name],
        message: `expected the type that the catalog gives it: ${expected}`,
      },
    ]
  })
}

/** What the catalog says of an attribute, where the game says something else; otherwise null. */
function catalogType(name: string, attribute: CustomAttribute): string | null {
  const definition = findAttribute(name)
  if (definition === undefined) return null
  if (definition.type !== attribute.type) return definition.expected
  if (definition.type !== 'enum' || attribute.type !== 'enum') return null
  const { values } = definition
  return attribute.values.every((value) => values.includes(value)) ? null : definition.expected
}
