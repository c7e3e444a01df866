/** docs/reference/attributes.md: every attribute of the catalog with its type. */
import { catalog } from '../../src/catalog/catalog.ts'
import type { CatalogAttribute } from '../../src/catalog/schemas.ts'
import { cell, code, codes, page, table } from './markdown.ts'

/** The page. */
export function attributesPage(): string {
  const { attributes, index } = catalog()
  const all = [...attributes.values()]
  const heads = ['attribute', 'type', 'values and bounds', 'unit', 'events', 'meaning']
  const rowsOf = (isCommon: boolean) =>
    all
      .filter(({ common }) => common === isCommon)
      .map((attribute) => [
        code(attribute.key),
        code(attribute.type),
        boundsOf(attribute),
        code(attribute.unit ?? ''),
        isCommon ? 'all' : String(attribute.events.length),
        cell(attribute.description),
      ])
  return page(
    'Attributes',
    ['configs/analytics/events.yaml'],
    [
      `${index.counts.attributes} attributes. Each means the same in every event that carries it, and its type is ` +
        'checked in every event. The same as JSON: `GET /api/catalog/attributes`.',
      `## Common attributes\n\nColumns of the table of events; any event may carry them.\n\n${table(heads, rowsOf(true))}`,
      `## Properties\n\n\`events\`: how many [events](events.md) name it.\n\n${table(heads, rowsOf(false))}`,
    ],
  )
}

function boundsOf(attribute: CatalogAttribute): string {
  const { values, minimum, max_length: maxLength, max_items: maxItems } = attribute
  if (values !== null) return codes(values)
  return [
    minimum === null ? '' : `at least ${minimum}`,
    maxItems === null ? '' : `at most ${maxItems} entries`,
    maxLength === null ? '' : `at most ${maxLength} characters`,
  ]
    .filter((bound) => bound !== '')
    .join(', ')
}
