/** configs/analytics/metrics.yaml: its format, and every formula checked against the events. */
import { z } from 'zod'

import { METRIC_UNITS } from '../../src/catalog/schemas.ts'
import { names, repeats, sentence, snakeCase, strangers } from './entry-schema.ts'
import type { EventsFile } from './events-file.ts'
import { requiredOf } from './events-file.ts'
import type { FormulaReading, Vocabulary } from './formula-check.ts'
import { checkFormula } from './formula-check.ts'
import { parseFormula } from './formula-parser.ts'
import type { Expression } from './formula-syntax.ts'
import { FormulaError } from './formula-tokens.ts'
import { dimensionFaults } from './metric-dimensions.ts'
import type { ResolvedMetric } from './metric-graph.ts'
import { cyclesOf, resolveInputs } from './metric-graph.ts'
import { typeFaults } from './metric-type.ts'
import type { TaxonomyFile } from './taxonomy-file.ts'
import { WINDOW_PATTERN } from './window.ts'

const METRIC_TYPES = ['counter', 'gauge', 'ratio', 'histogram'] as const

const metricSchema = z.strictObject({
  id: snakeCase,
  category: snakeCase,
  ...names,
  type: z.enum(METRIC_TYPES),
  unit: z.enum(METRIC_UNITS),
  window: z.string(),
  formula: sentence,
  by: z.array(snakeCase).default([]),
  dimensions: z.array(snakeCase).default([]),
  description: sentence,
})
export type MetricEntry = z.output<typeof metricSchema>

export const metricsFileSchema = z.strictObject({
  version: z.literal(1),
  windows: z.array(z.string().regex(WINDOW_PATTERN, 'expected a window such as 15m')).min(1),
  standard_dimensions: z.array(snakeCase),
  metrics: z.array(metricSchema).min(1),
})
export type MetricsFile = z.output<typeof metricsFileSchema>

/** Metrics with what they read, in order of the file; all faults. */
export function resolveMetrics(
  file: MetricsFile,
  events: EventsFile,
  taxonomy: TaxonomyFile,
): { metrics: Map<string, ResolvedMetric>; faults: string[] } {
  const faults = [...entryFaults(file, taxonomy)]
  const vocabulary = toVocabulary(file, events)
  const readings = new Map<string, FormulaReading>()
  for (const metric of file.metrics) {
    const place = `metric ${metric.id}`
    const tree = parse(metric.formula)
    if (typeof tree === 'string') {
      faults.push(`${place}: formula: ${tree}`)
      continue
    }
    if (!file.windows.includes(metric.window)) continue
    const reading = checkFormula(tree, metric, vocabulary)
    readings.set(metric.id, reading)
    faults.push(...reading.faults.map((fault) => `${place}: formula: ${fault}`))
    for (const fault of typeFaults(metric, tree, reading.measure)) faults.push(`${place}: ${fault}`)
  }
  const cycles = cyclesOf(readings)
  faults.push(...cycles.map((cycle) => `metrics: ${cycle.join(' -> ')} is a circle`))
  if (cycles.length > 0) return { metrics: new Map(), faults }
  const metrics = resolveInputs(file, readings)
  faults.push(...dimensionFaults(metrics, file, taxonomy, vocabulary))
  return { metrics, faults }
}

function* entryFaults(file: MetricsFile, taxonomy: TaxonomyFile): Generator<string> {
  const categories = new Set(taxonomy.metric_categories.map(({ id }) => id))
  const dimensions = new Map(taxonomy.dimensions.map((dimension) => [dimension.id, dimension]))
  const windows = new Set(file.windows)
  yield* repeats(
    file.metrics.map(({ id }) => id),
    'metrics',
  )
  for (const { id, category, window, by, dimensions: own } of file.metrics) {
    const place = `metric ${id}`
    yield* strangers([category], categories, place, 'category of metric_categories')
    yield* strangers([window], windows, place, 'window of windows')
    yield* strangers([...by, ...own], dimensions, place, 'dimension of the taxonomy')
    yield* repeats([...file.standard_dimensions, ...by, ...own], place)
  }
  const used = new Set(file.metrics.map(({ category }) => category))
  yield* strangers([...categories], used, 'metric_categories', 'category of any metric')
  for (const id of file.standard_dimensions) {
    if (dimensions.get(id)?.column === undefined) {
      yield `standard_dimensions: ${id} is no dimension that is a column`
    }
  }
}

/** The tree, or what is wrong with the text. */
function parse(formula: string): Expression | string {
  try {
    return parseFormula(formula)
  } catch (error) {
    if (error instanceof FormulaError) return error.message
    throw error
  }
}

function toVocabulary(file: MetricsFile, events: EventsFile): Vocabulary {
  return {
    events: new Map(
      events.events.map((event) => [
        event.id,
        new Set([...requiredOf(event, events), ...event.optional, ...events.common_attributes]),
      ]),
    ),
    attributes: new Map(
      Object.entries(events.attributes).map(([key, attribute]) => [
        key,
        {
          type: attribute.type,
          unit: 'unit' in attribute ? attribute.unit : undefined,
          values: attribute.type === 'enum' ? events.enums[key] : undefined,
        },
      ]),
    ),
    metrics: new Map(file.metrics.map((metric) => [metric.id, metric])),
    activityEvents: events.events
      .filter(({ counts_as: countsAs }) => countsAs.includes('dau'))
      .map(({ id }) => id),
  }
}
