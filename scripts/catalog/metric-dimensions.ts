/** A metric can only be split by what every event that it splits carries. */
import type { Vocabulary } from './formula-check.ts'
import type { ResolvedMetric } from './metric-graph.ts'
import type { MetricsFile } from './metrics-file.ts'
import type { TaxonomyFile } from './taxonomy-file.ts'

/** Dimensions of a metric that one of its events does not carry; each once. */
export function dimensionFaults(
  metrics: ReadonlyMap<string, ResolvedMetric>,
  file: MetricsFile,
  taxonomy: TaxonomyFile,
  vocabulary: Vocabulary,
): Set<string> {
  const properties = new Map(taxonomy.dimensions.map(({ id, property }) => [id, property]))
  const faults = new Set<string>()
  for (const { id, by, dimensions } of file.metrics) {
    for (const dimension of [...by, ...dimensions]) {
      const property = properties.get(dimension)
      if (property === undefined) continue
      for (const part of metrics.get(id)?.split ?? []) {
        if (part.inTotal && by.includes(dimension)) continue
        if (vocabulary.events.get(part.id)?.has(property) === false) {
          faults.add(`metric ${id}: dimension ${dimension}: ${part.id} does not carry ${property}`)
        }
      }
    }
  }
  return faults
}
