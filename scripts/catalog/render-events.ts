/** src/event/catalog.generated.ts: what the hot path needs of the events, and nothing else. */
import type { AttributeEntry, EventsFile } from './events-file.ts'
import { aliasesOf, requiredOf } from './events-file.ts'
import type { Module } from './module-text.ts'

/** The module as the constants that it exports. */
export function hotPathModule(file: EventsFile): Module {
  return {
    path: 'src/event/catalog.generated.ts',
    sources: ['configs/analytics/events.yaml'],
    imports: [],
    constants: [
      { name: 'COMMON_ATTRIBUTES', value: file.common_attributes },
      {
        name: 'ATTRIBUTES',
        value: Object.entries(file.attributes).map(([key, attribute]) =>
          attributeData(key, attribute, file),
        ),
      },
      { name: 'EVENTS', value: file.events.map((event) => eventData(event, file)) },
      {
        name: 'ALIASES',
        value: file.events.flatMap((event) => aliasesOf(event).map((alias) => [alias, event.id])),
      },
    ],
  }
}

function eventData(event: EventsFile['events'][number], file: EventsFile): unknown {
  const { id, category, optional, counts_as: countsAs } = event
  return { id, category, required: requiredOf(event, file), optional, countsAs }
}

function attributeData(
  key: string,
  attribute: AttributeEntry,
  { defaults, enums }: EventsFile,
): unknown {
  const { type } = attribute
  switch (type) {
    case 'string':
      return { key, type, maxLength: attribute.max_length ?? defaults.max_length }
    case 'string_list':
      return {
        key,
        type,
        maxLength: attribute.max_length ?? defaults.max_length,
        maxItems: attribute.max_items ?? defaults.max_items,
      }
    case 'integer':
    case 'number':
      return { key, type, minimum: attribute.minimum ?? null }
    case 'enum':
      return { key, type, values: enums[key] }
    case 'boolean':
    case 'time':
      return { key, type }
  }
}
