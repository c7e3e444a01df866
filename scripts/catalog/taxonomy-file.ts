/** configs/analytics/taxonomy.yaml: its format, and its faults against the events. */
import { z } from 'zod'

import { dottedId, names, repeats, sentence, snakeCase, strangers } from './entry-schema.ts'
import type { EventsFile } from './events-file.ts'

const labelled = z.strictObject({ id: snakeCase, ...names })

const dimensionSchema = z
  .strictObject({
    id: snakeCase,
    ...names,
    column: snakeCase.optional(),
    property: snakeCase.optional(),
    description: sentence,
  })
  .refine(({ column, property }) => (column === undefined) !== (property === undefined), {
    error: 'expected a column or a property',
  })

export const taxonomyFileSchema = z.strictObject({
  version: z.literal(1),
  genres: z
    .array(
      z.strictObject({
        code: snakeCase,
        ...names,
        children: z.array(z.strictObject({ code: dottedId, ...names })).default([]),
      }),
    )
    .min(1),
  event_categories: z.array(labelled).min(1),
  metric_categories: z.array(labelled).min(1),
  dimensions: z.array(dimensionSchema).min(1),
  tags: z.array(z.strictObject({ id: snakeCase, ...names, description: sentence })).min(1),
})
export type TaxonomyFile = z.output<typeof taxonomyFileSchema>

/** Codes and ids given twice, children under the wrong parent, dimensions of unknown attributes. */
export function* taxonomyFaults(file: TaxonomyFile, events: EventsFile): Generator<string> {
  yield* repeats([...genreCodes(file)], 'genres')
  for (const { code, children } of file.genres) {
    for (const child of children) {
      if (!child.code.startsWith(`${code}.`) || child.code.split('.').length !== 2) {
        yield `genre ${child.code}: expected ${code}.<name>`
      }
    }
  }
  for (const list of ['event_categories', 'metric_categories', 'dimensions', 'tags'] as const) {
    yield* repeats(
      file[list].map(({ id }) => id),
      list,
    )
  }
  yield* dimensionFaults(file, events)
  const categories = new Set(file.event_categories.map(({ id }) => id))
  const used = new Set(events.events.map(({ category }) => category))
  for (const { id, category } of events.events) {
    yield* strangers([category], categories, id, 'category of event_categories')
  }
  yield* strangers([...categories], used, 'event_categories', 'category of any event')
}

function* dimensionFaults(file: TaxonomyFile, events: EventsFile): Generator<string> {
  const common = new Set(events.common_attributes)
  for (const { id, column, property } of file.dimensions) {
    if (column !== undefined && !common.has(column)) {
      yield `dimension ${id}: ${column} is no common attribute`
    }
    if (property === undefined) continue
    if (common.has(property)) yield `dimension ${id}: ${property} is a column`
    if (!Object.hasOwn(events.attributes, property)) {
      yield `dimension ${id}: ${property} is no attribute`
    }
  }
}

/** All codes of the tree, parents before their children. */
export function* genreCodes({ genres }: TaxonomyFile): Generator<string> {
  for (const { code, children } of genres) {
    yield code
    for (const child of children) yield child.code
  }
}
