/**
 * The catalogs as the API tells them: the generated data with the references between them followed both
 * ways. Built on the first question, because most isolates only take events in.
 */
import {
  ATTRIBUTES,
  COMMON_ATTRIBUTES,
  ENUMS,
  EVENTS,
  EVERY_TYPE,
  FORMULA_FUNCTIONS,
  GAME_TYPES,
  METRICS,
  REVISION,
  STANDARD_DIMENSIONS,
  TAXONOMY,
  VERSIONS,
} from './catalog.generated.ts'
import type {
  CatalogAttribute,
  CatalogEnum,
  CatalogEvent,
  CatalogGameType,
  CatalogIndex,
  CatalogMetric,
  CatalogTaxonomy,
  FormulaFunction,
} from './schemas.ts'

export interface Catalog {
  readonly index: CatalogIndex
  readonly commonAttributes: readonly string[]
  readonly events: ReadonlyMap<string, CatalogEvent>
  /** Ids of events by every other name */
  readonly eventAliases: ReadonlyMap<string, string>
  readonly attributes: ReadonlyMap<string, CatalogAttribute>
  readonly enums: readonly CatalogEnum[]
  readonly functions: readonly FormulaFunction[]
  readonly metrics: ReadonlyMap<string, CatalogMetric>
  readonly gameTypes: ReadonlyMap<string, CatalogGameType>
  readonly taxonomy: CatalogTaxonomy
}

let built: Catalog | undefined

/** The whole catalog; maps keep the order of the files. */
export function catalog(): Catalog {
  built ??= build()
  return built
}

/** The event of this id or alias; undefined when there is none. */
export function findCatalogEvent(name: string): CatalogEvent | undefined {
  const { events, eventAliases } = catalog()
  return events.get(name) ?? events.get(eventAliases.get(name) ?? '')
}

function build(): Catalog {
  const gameTypes = GAME_TYPES.map((type) => ({
    ...type,
    events: [...EVERY_TYPE.events, ...type.events],
    metrics: [...EVERY_TYPE.metrics, ...type.metrics],
    dimensions: [...EVERY_TYPE.dimensions, ...type.dimensions],
  }))
  const metricsByEvent = idsBy(METRICS, ({ inputs }) => inputs.events)
  const typesByEvent = idsBy(gameTypes, ({ events }) => events)
  const typesByMetric = idsBy(gameTypes, ({ metrics }) => metrics)
  const eventsByAttribute = idsBy(EVENTS, ({ required, optional }) => [...required, ...optional])
  return {
    index: toIndex(),
    commonAttributes: COMMON_ATTRIBUTES,
    events: byId(
      EVENTS.map((event) => ({
        ...event,
        metrics: metricsByEvent.get(event.id) ?? [],
        game_types: typesByEvent.get(event.id) ?? [],
      })),
    ),
    eventAliases: new Map(EVENTS.flatMap(({ id, aliases }) => aliases.map((name) => [name, id]))),
    attributes: new Map(
      ATTRIBUTES.map((attribute) => [
        attribute.key,
        { ...attribute, events: eventsByAttribute.get(attribute.key) ?? [] },
      ]),
    ),
    enums: ENUMS,
    functions: FORMULA_FUNCTIONS,
    metrics: byId(
      METRICS.map((metric) => ({
        ...metric,
        dimensions: [...STANDARD_DIMENSIONS, ...metric.dimensions],
        game_types: typesByMetric.get(metric.id) ?? [],
      })),
    ),
    gameTypes: byId(gameTypes),
    taxonomy: TAXONOMY,
  }
}

function toIndex(): CatalogIndex {
  return {
    revision: REVISION,
    versions: VERSIONS,
    counts: {
      events: EVENTS.length,
      attributes: ATTRIBUTES.length,
      enums: ENUMS.length,
      metrics: METRICS.length,
      game_types: GAME_TYPES.length,
      genres: TAXONOMY.genres.reduce((sum, { children }) => sum + 1 + children.length, 0),
      dimensions: TAXONOMY.dimensions.length,
      tags: TAXONOMY.tags.length,
    },
    links: {
      events: '/api/catalog/events',
      attributes: '/api/catalog/attributes',
      enums: '/api/catalog/enums',
      metrics: '/api/catalog/metrics',
      game_types: '/api/catalog/game-types',
      taxonomy: '/api/catalog/taxonomy',
    },
  }
}

function byId<Entry extends { id: string }>(entries: readonly Entry[]): Map<string, Entry> {
  return new Map(entries.map((entry) => [entry.id, entry]))
}

/** For each name that an entry refers to, the ids of the entries that do, in order. */
function idsBy<Entry extends { id: string }>(
  entries: readonly Entry[],
  namesOf: (entry: Entry) => readonly string[],
): Map<string, string[]> {
  const ids = new Map<string, string[]>()
  for (const entry of entries) {
    for (const name of namesOf(entry)) {
      const known = ids.get(name)
      if (known === undefined) ids.set(name, [entry.id])
      else known.push(entry.id)
    }
  }
  return ids
}
