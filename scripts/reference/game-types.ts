/** docs/reference/game-types.md: every game type with what is recommended to it. */
import { catalog } from '../../src/catalog/catalog.ts'
import type { CatalogGameType } from '../../src/catalog/schemas.ts'
import { cell, code, codes, page, table } from './markdown.ts'

/** The page. */
export function gameTypesPage(): string {
  const types = [...catalog().gameTypes.values()]
  const shared = {
    events: sharedBy(types, ({ events }) => events),
    metrics: sharedBy(types, ({ metrics }) => metrics),
    dimensions: sharedBy(types, ({ dimensions }) => dimensions),
  }
  const overview = types.map((type) => [
    `[${code(type.id)}](#${type.id})`,
    `${cell(type.en_name)} (${cell(type.zh_name)})`,
    code(type.genre),
    codes(type.tags),
    cell(type.description),
  ])
  const sections = types.map((type) => `### ${type.id}\n\n${listsOf(without(type, shared))}`)
  return page(
    'Game types',
    ['configs/analytics/game_types.yaml', 'configs/analytics/taxonomy.yaml'],
    [
      `${types.length} game types: events to send, metrics to look at, dimensions to split by. The same as JSON: ` +
        '`GET /api/catalog/game-types`.',
      table(['game type', 'name', 'genre', 'tags', 'meaning'], overview),
      `## Recommended to every type\n\n${listsOf(shared)}`,
      '## Recommended besides',
      ...sections,
    ],
  )
}

type Lists = Pick<CatalogGameType, 'events' | 'metrics' | 'dimensions'>

/** What all types have, in the order of the first. */
function sharedBy(
  types: readonly CatalogGameType[],
  listOf: (type: CatalogGameType) => string[],
): string[] {
  const [first, ...others] = types
  const rest = others.map((type) => new Set(listOf(type)))
  return first === undefined ? [] : listOf(first).filter((id) => rest.every((ids) => ids.has(id)))
}

function without(lists: Lists, shared: Lists): Lists {
  return {
    events: lists.events.filter((id) => !shared.events.includes(id)),
    metrics: lists.metrics.filter((id) => !shared.metrics.includes(id)),
    dimensions: lists.dimensions.filter((id) => !shared.dimensions.includes(id)),
  }
}

function listsOf({ events, metrics, dimensions }: Lists): string {
  return Object.entries({ events, metrics, dimensions })
    .filter(([, ids]) => ids.length > 0)
    .map(([name, ids]) => `- ${name}: ${codes(ids)}`)
    .join('\n')
}
