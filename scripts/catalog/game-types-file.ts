/** configs/analytics/game_types.yaml: its format, and its faults against the other catalogs. */
import { z } from 'zod'

import { dottedId, names, repeats, sentence, snakeCase, strangers } from './entry-schema.ts'
import type { EventsFile } from './events-file.ts'
import { requiredOf } from './events-file.ts'
import type { ResolvedMetric } from './metric-graph.ts'
import type { TaxonomyFile } from './taxonomy-file.ts'
import { genreCodes } from './taxonomy-file.ts'

const recommended = {
  events: z.array(dottedId),
  metrics: z.array(snakeCase),
  dimensions: z.array(snakeCase),
}

const gameTypeSchema = z.strictObject({
  id: snakeCase,
  ...names,
  description: sentence,
  genre: dottedId,
  tags: z.array(snakeCase).min(1),
  ...recommended,
})
export type GameTypeEntry = z.output<typeof gameTypeSchema>

export const gameTypesFileSchema = z.strictObject({
  version: z.literal(1),
  every_type: z.strictObject(recommended),
  game_types: z.array(gameTypeSchema).min(1),
})
export type GameTypesFile = z.output<typeof gameTypesFileSchema>

/** The type with what is recommended to every type before its own. */
export function withCommonPart(type: GameTypeEntry, { every_type: common }: GameTypesFile) {
  return {
    ...type,
    events: [...common.events, ...type.events],
    metrics: [...common.metrics, ...type.metrics],
    dimensions: [...common.dimensions, ...type.dimensions],
  }
}

/**
 * References that do not resolve; metrics whose events the type does not recommend; dimensions that none
 * of its events carries; genres, tags that no type has.
 */
export function* gameTypeFaults(
  file: GameTypesFile,
  events: EventsFile,
  metrics: ReadonlyMap<string, ResolvedMetric>,
  taxonomy: TaxonomyFile,
): Generator<string> {
  const tags = new Set(taxonomy.tags.map(({ id }) => id))
  const genres = new Set(genreCodes(taxonomy))
  yield* repeats(
    file.game_types.map(({ id }) => id),
    'game_types',
  )
  for (const type of file.game_types) {
    const place = `game type ${type.id}`
    yield* strangers([type.genre], genres, place, 'genre of the taxonomy')
    yield* strangers(type.tags, tags, place, 'tag of the taxonomy')
    yield* repeats(type.tags, place)
    yield* recommendationFaults(withCommonPart(type, file), place, events, metrics, taxonomy)
  }
  const usedTags = new Set(file.game_types.flatMap((type) => type.tags))
  const usedGenres = new Set(file.game_types.map(({ genre }) => genre))
  yield* strangers([...tags], usedTags, 'tags', 'tag of any game type')
  const leaves = taxonomy.genres.flatMap(({ children }) => children.map(({ code }) => code))
  yield* strangers(leaves, usedGenres, 'genres', 'genre of any game type')
}

function* recommendationFaults(
  type: GameTypeEntry,
  place: string,
  events: EventsFile,
  metrics: ReadonlyMap<string, ResolvedMetric>,
  taxonomy: TaxonomyFile,
): Generator<string> {
  const byId = new Map(events.events.map((event) => [event.id, event]))
  const dimensions = new Map(taxonomy.dimensions.map((dimension) => [dimension.id, dimension]))
  for (const list of ['events', 'metrics', 'dimensions'] as const) yield* repeats(type[list], place)
  yield* strangers(type.events, byId, place, 'event')
  yield* strangers(type.metrics, metrics, place, 'metric')
  yield* strangers(type.dimensions, dimensions, place, 'dimension of the taxonomy')
  for (const metric of type.metrics) {
    for (const event of metrics.get(metric)?.events ?? []) {
      if (!type.events.includes(event)) {
        yield `${place}: ${metric} reads ${event}, which the type does not recommend`
      }
    }
  }
  const carried = new Set(
    type.events.flatMap((id) => {
      const event = byId.get(id)
      return event === undefined ? [] : [...requiredOf(event, events), ...event.optional]
    }),
  )
  for (const id of type.dimensions) {
    const property = dimensions.get(id)?.property
    if (property !== undefined && !carried.has(property)) {
      yield `${place}: dimension ${id}: none of its events carries ${property}`
    }
  }
}
