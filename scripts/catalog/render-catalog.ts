/** src/catalog/catalog.generated.ts: everything that /api/catalog serves, each fact once. */
import { createHash } from 'node:crypto'

import type {
  AttributeData,
  EventData,
  GameTypeData,
  MetricData,
  RecommendedData,
} from '../../src/catalog/data.ts'
import type {
  CatalogEnum,
  CatalogIndex,
  CatalogTaxonomy,
  FormulaFunction,
} from '../../src/catalog/schemas.ts'
import type { Catalogs } from './catalogs.ts'
import { CATALOG_FILES } from './catalogs.ts'
import type { AttributeEntry, EventEntry } from './events-file.ts'
import { aliasesOf, requiredOf } from './events-file.ts'
import { FORMULA_FUNCTIONS } from './formula-functions.ts'
import type { ResolvedMetric } from './metric-graph.ts'
import type { Module } from './module-text.ts'

interface ServedData {
  readonly versions: CatalogIndex['versions']
  readonly commonAttributes: readonly string[]
  readonly events: readonly EventData[]
  readonly attributes: readonly AttributeData[]
  readonly enums: readonly CatalogEnum[]
  readonly functions: readonly FormulaFunction[]
  readonly standardDimensions: readonly string[]
  readonly metrics: readonly MetricData[]
  readonly everyType: RecommendedData
  readonly gameTypes: readonly GameTypeData[]
  readonly taxonomy: CatalogTaxonomy
}

/** The module as the constants that it exports; REVISION is a digest of all others. */
export function servedModule(catalogs: Catalogs): Module {
  const served = toServed(catalogs)
  const revision = createHash('sha256').update(JSON.stringify(served)).digest('hex').slice(0, 16)
  return {
    path: 'src/catalog/catalog.generated.ts',
    sources: Object.values(CATALOG_FILES),
    imports: [
      "import type { AttributeData, EventData, GameTypeData, MetricData, RecommendedData } from './data.ts'",
      "import type { CatalogEnum, CatalogTaxonomy, FormulaFunction } from './schemas.ts'",
    ],
    constants: [
      { name: 'REVISION', value: revision },
      { name: 'VERSIONS', value: served.versions },
      list('COMMON_ATTRIBUTES', 'string', served.commonAttributes),
      list('EVENTS', 'EventData', served.events),
      list('ATTRIBUTES', 'AttributeData', served.attributes),
      list('ENUMS', 'CatalogEnum', served.enums),
      list('FORMULA_FUNCTIONS', 'FormulaFunction', served.functions),
      list('STANDARD_DIMENSIONS', 'string', served.standardDimensions),
      list('METRICS', 'MetricData', served.metrics),
      { name: 'EVERY_TYPE', type: 'RecommendedData', value: served.everyType },
      list('GAME_TYPES', 'GameTypeData', served.gameTypes),
      { name: 'TAXONOMY', type: 'CatalogTaxonomy', value: served.taxonomy },
    ],
  }
}

function list(name: string, type: string, value: unknown) {
  return { name, type: `readonly ${type}[]`, value }
}

function toServed(catalogs: Catalogs): ServedData {
  const { events, gameTypes, metrics, resolvedMetrics } = catalogs
  return {
    versions: {
      events: events.version,
      game_types: gameTypes.version,
      metrics: metrics.version,
      taxonomy: catalogs.taxonomy.version,
    },
    commonAttributes: events.common_attributes,
    events: events.events.map((event) => toEvent(event, catalogs)),
    attributes: Object.entries(events.attributes).map(([key, attribute]) =>
      toAttribute(key, attribute, catalogs),
    ),
    enums: Object.entries(events.enums).map(([id, values]) => {
      return { id, description: events.attributes[id]?.description ?? '', values }
    }),
    functions: [...FORMULA_FUNCTIONS].map(([name, { signature, meaning }]) => {
      return { name, signature, meaning }
    }),
    standardDimensions: metrics.standard_dimensions,
    metrics: [...resolvedMetrics.values()].map((metric) => toMetric(metric, catalogs)),
    everyType: gameTypes.every_type,
    gameTypes: gameTypes.game_types,
    taxonomy: toTaxonomy(catalogs),
  }
}

function toEvent(event: EventEntry, { events }: Catalogs): EventData {
  return {
    id: event.id,
    category: event.category,
    zh_name: event.zh_name,
    description: event.description,
    required: requiredOf(event, events),
    optional: event.optional,
    aliases: aliasesOf(event),
    counts_as: event.counts_as,
    unused_because: event.unused_because ?? null,
  }
}

function toAttribute(key: string, attribute: AttributeEntry, catalogs: Catalogs): AttributeData {
  const { type, description } = attribute
  const { defaults, enums, common_attributes: common } = catalogs.events
  const isText = type === 'string' || type === 'string_list'
  return {
    key,
    type,
    unit: ('unit' in attribute ? attribute.unit : undefined) ?? null,
    minimum: ('minimum' in attribute ? attribute.minimum : undefined) ?? null,
    max_length: isText ? (attribute.max_length ?? defaults.max_length) : null,
    max_items: type === 'string_list' ? (attribute.max_items ?? defaults.max_items) : null,
    values: type === 'enum' ? (enums[key] ?? null) : null,
    description,
    common: common.includes(key),
  }
}

function toMetric({ entry, ...inputs }: ResolvedMetric, { events }: Catalogs): MetricData {
  return {
    id: entry.id,
    category: entry.category,
    en_name: entry.en_name,
    zh_name: entry.zh_name,
    description: entry.description,
    type: entry.type,
    unit: entry.unit,
    window: entry.window,
    formula: entry.formula,
    by: entry.by,
    dimensions: entry.dimensions,
    inputs: {
      events: events.events.map((event) => event.id).filter((event) => inputs.events.has(event)),
      attributes: [...inputs.attributes].toSorted(),
      metrics: [...inputs.metrics],
    },
  }
}

function toTaxonomy({ taxonomy }: Catalogs): CatalogTaxonomy {
  const { genres, event_categories, metric_categories, tags } = taxonomy
  return {
    genres,
    event_categories,
    metric_categories,
    dimensions: taxonomy.dimensions.map(({ column, property, ...dimension }) => ({
      ...dimension,
      kind: column === undefined ? 'property' : 'column',
      attribute: column ?? property ?? '',
    })),
    tags,
  }
}
