/** Custom events of a game beside the catalog: they add to it and change nothing in it. */
import type { z } from 'zod'

import { findAttribute, findEvent } from '../event/catalog.ts'
import type { CustomEvent } from '../event/game-profile.ts'
import { customEventsSchema } from '../event/game-profile.ts'

type CustomAttribute = CustomEvent['attributes'][string]
interface Fault {
  readonly path: (string | number)[]
  readonly message: string
}

/** Custom events that reuse no id or alias of the catalog, repeat no id and retype no attribute of the catalog. */
export const gameCustomEventsSchema = customEventsSchema.superRefine(
  (events, context: z.RefinementCtx) => {
    for (const { path, message } of faultsIn(events)) {
      context.addIssue({ code: 'custom', path, message })
    }
  },
)

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
