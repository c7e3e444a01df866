/** Metrics that name metrics: circles, and everything that one reads directly or through others. */
import type { FormulaReading, SplitPart } from './formula-check.ts'
import type { MetricEntry, MetricsFile } from './metrics-file.ts'

export interface ResolvedMetric {
  readonly entry: MetricEntry
  /** Events that it reads, directly or through other metrics */
  readonly events: ReadonlySet<string>
  /** `<event id>.<attribute>`, in the same way */
  readonly attributes: ReadonlySet<string>
  /** Metrics that the formula names */
  readonly metrics: ReadonlySet<string>
  /** Events whose split by a dimension is the split of the metric */
  readonly split: readonly SplitPart[]
}

type Readings = ReadonlyMap<
  string,
  Pick<FormulaReading, 'events' | 'attributes' | 'metrics' | 'split'>
>

/** Each circle of names once, as the path that closes it. */
export function cyclesOf(readings: Readings): string[][] {
  const cycles: string[][] = []
  const finished = new Set<string>()
  const visit = (id: string, path: readonly string[]): void => {
    if (finished.has(id)) return
    const start = path.indexOf(id)
    if (start >= 0) {
      cycles.push([...path.slice(start), id])
      return
    }
    for (const next of readings.get(id)?.metrics ?? []) visit(next, [...path, id])
    finished.add(id)
  }
  for (const id of readings.keys()) visit(id, [])
  return cycles
}

/** What each metric reads; the names must have no circle. */
export function resolveInputs(file: MetricsFile, readings: Readings): Map<string, ResolvedMetric> {
  const entries = new Map(file.metrics.map((entry) => [entry.id, entry]))
  const resolved = new Map<string, ResolvedMetric>()
  const resolve = (id: string): ResolvedMetric | undefined => {
    const known = resolved.get(id)
    const entry = entries.get(id)
    const reading = readings.get(id)
    if (known !== undefined || entry === undefined || reading === undefined) return known
    const metric = merge(entry, reading, resolve)
    resolved.set(id, metric)
    return metric
  }
  for (const id of entries.keys()) resolve(id)
  return resolved
}

function merge(
  entry: MetricEntry,
  reading: Pick<FormulaReading, 'events' | 'attributes' | 'metrics' | 'split'>,
  resolve: (id: string) => ResolvedMetric | undefined,
): ResolvedMetric {
  const events = new Set(reading.events)
  const attributes = new Set(reading.attributes)
  for (const id of reading.metrics) {
    const named = resolve(id)
    for (const event of named?.events ?? []) events.add(event)
    for (const attribute of named?.attributes ?? []) attributes.add(attribute)
  }
  const split = reading.split.flatMap((part): SplitPart[] => {
    if (part.kind === 'event') return [part]
    const below = resolve(part.id)?.split ?? []
    return below.map(({ kind, id, inTotal }) => ({ kind, id, inTotal: inTotal || part.inTotal }))
  })
  return { entry, events, attributes, metrics: reading.metrics, split }
}
