/** The four catalog files of configs/analytics as one checked whole. */
import { parse } from 'yaml'
import { z } from 'zod'

import type { EventsFile } from './events-file.ts'
import { eventsFileFaults, eventsFileSchema } from './events-file.ts'
import type { GameTypesFile } from './game-types-file.ts'
import { gameTypeFaults, gameTypesFileSchema } from './game-types-file.ts'
import type { ResolvedMetric } from './metric-graph.ts'
import type { MetricsFile } from './metrics-file.ts'
import { metricsFileSchema, resolveMetrics } from './metrics-file.ts'
import type { TaxonomyFile } from './taxonomy-file.ts'
import { taxonomyFaults, taxonomyFileSchema } from './taxonomy-file.ts'

/** The texts of the files. */
export interface CatalogTexts {
  readonly events: string
  readonly gameTypes: string
  readonly metrics: string
  readonly taxonomy: string
}

export const CATALOG_FILES: { readonly [Name in keyof CatalogTexts]: string } = {
  events: 'configs/analytics/events.yaml',
  gameTypes: 'configs/analytics/game_types.yaml',
  metrics: 'configs/analytics/metrics.yaml',
  taxonomy: 'configs/analytics/taxonomy.yaml',
}

export interface Catalogs {
  readonly events: EventsFile
  readonly gameTypes: GameTypesFile
  readonly metrics: MetricsFile
  readonly taxonomy: TaxonomyFile
  readonly resolvedMetrics: ReadonlyMap<string, ResolvedMetric>
}

/**
 * The catalogs behind the texts. Throws an Error that lists every fault found, each with its file: first
 * what does not have the format of its file, or, when all have it, what does not fit together.
 * `parseYaml` gives the content of a text or throws an Error.
 */
export function readCatalogs(
  texts: CatalogTexts,
  parseYaml: (text: string) => unknown = parse,
): Catalogs {
  const faults: string[] = []
  const read = <Content>(name: keyof CatalogTexts, schema: z.ZodType<Content>) => {
    const content = readContent(texts[name], schema, parseYaml)
    if ('fault' in content) faults.push(`${CATALOG_FILES[name]}: ${content.fault}`)
    return 'fault' in content ? undefined : content.data
  }
  const events = read('events', eventsFileSchema)
  const taxonomy = read('taxonomy', taxonomyFileSchema)
  const metrics = read('metrics', metricsFileSchema)
  const gameTypes = read('gameTypes', gameTypesFileSchema)
  if (!events || !taxonomy || !metrics || !gameTypes) throw new Error(faults.join('\n'))
  const resolved = resolveMetrics(metrics, events, taxonomy)
  const catalogs = { events, gameTypes, metrics, taxonomy, resolvedMetrics: resolved.metrics }
  const { resolvedMetrics } = catalogs
  for (const [file, found] of [
    [CATALOG_FILES.events, eventsFileFaults(events)],
    [CATALOG_FILES.taxonomy, taxonomyFaults(taxonomy, events)],
    [CATALOG_FILES.metrics, resolved.faults],
    [CATALOG_FILES.gameTypes, gameTypeFaults(gameTypes, events, resolvedMetrics, taxonomy)],
    [CATALOG_FILES.events, unusedFaults(catalogs)],
    [CATALOG_FILES.taxonomy, unusedDimensions(catalogs)],
  ] as const) {
    for (const fault of found) faults.push(`${file}: ${fault}`)
  }
  if (faults.length > 0) throw new Error(faults.join('\n'))
  return catalogs
}

function readContent<Content>(
  text: string,
  schema: z.ZodType<Content>,
  parseYaml: (text: string) => unknown,
): { data: Content } | { fault: string } {
  let content: unknown
  try {
    content = parseYaml(text)
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) }
  }
  const parsed = schema.safeParse(content)
  return parsed.success
    ? { data: parsed.data }
    : { fault: `not of its format\n${z.prettifyError(parsed.error)}` }
}

/** Events that neither a metric nor a game type names need a reason; others must not give one. */
function* unusedFaults({ events, gameTypes, resolvedMetrics }: Catalogs): Generator<string> {
  const used = new Set(gameTypes.every_type.events)
  for (const type of gameTypes.game_types) for (const id of type.events) used.add(id)
  for (const metric of resolvedMetrics.values()) for (const id of metric.events) used.add(id)
  for (const { id, unused_because: reason } of events.events) {
    if (!used.has(id) && reason === undefined) {
      yield `${id}: no metric and no game type names it; use it or say unused_because`
    }
    if (used.has(id) && reason !== undefined) yield `${id}: unused_because, but it is used`
  }
}

/** A column splits anything; a property that splits nothing is a mistake. */
function* unusedDimensions({ metrics, gameTypes, taxonomy }: Catalogs): Generator<string> {
  const used = new Set([...metrics.standard_dimensions, ...gameTypes.every_type.dimensions])
  for (const { by, dimensions } of metrics.metrics) {
    for (const id of by.concat(dimensions)) used.add(id)
  }
  for (const type of gameTypes.game_types) for (const id of type.dimensions) used.add(id)
  for (const { id, property } of taxonomy.dimensions) {
    if (property !== undefined && !used.has(id))
      yield `dimension ${id}: no metric and no game type uses it`
  }
}
