/** Operations of the catalog: the same for everybody, so no key is needed. */
import { z } from 'zod'

import {
  attributesAnswerSchema,
  catalogEventSchema,
  catalogGameTypeSchema,
  catalogIndexSchema,
  catalogMetricSchema,
  catalogTaxonomySchema,
  enumsAnswerSchema,
  eventsAnswerSchema,
  gameTypesAnswerSchema,
  metricsAnswerSchema,
} from '../catalog/schemas.ts'
import type { Operation } from './operation.ts'

const COMMON = { method: 'get', tag: 'catalog', access: 'public' } as const

const NOT_MODIFIED = {
  status: 304,
  description: 'The caller has it already (`If-None-Match`).',
} as const

function answersOf(schema: z.ZodType): Operation['answers'] {
  return [{ status: 200, description: 'Changes only with a deployment.', schema }, NOT_MODIFIED]
}

function idOf(what: string) {
  return z.strictObject({ id: z.string().meta({ description: what }) })
}

export const CATALOG_OPERATIONS: readonly Operation[] = [
  {
    ...COMMON,
    id: 'getCatalog',
    path: '/api/catalog',
    summary: 'What the catalog holds, with its revision',
    answers: answersOf(catalogIndexSchema),
  },
  {
    ...COMMON,
    id: 'listCatalogEvents',
    path: '/api/catalog/events',
    summary: 'Every event with its attributes',
    answers: answersOf(eventsAnswerSchema),
  },
  {
    ...COMMON,
    id: 'getCatalogEvent',
    path: '/api/catalog/events/{id}',
    summary: 'One event',
    pathParameters: idOf('Id or alias of an event, such as session.start or login'),
    answers: answersOf(catalogEventSchema),
    problems: ['not_found'],
  },
  {
    ...COMMON,
    id: 'listCatalogAttributes',
    path: '/api/catalog/attributes',
    summary: 'Every attribute with its type',
    answers: answersOf(attributesAnswerSchema),
  },
  {
    ...COMMON,
    id: 'listCatalogEnums',
    path: '/api/catalog/enums',
    summary: 'Attributes with a closed list of values',
    answers: answersOf(enumsAnswerSchema),
  },
  {
    ...COMMON,
    id: 'listCatalogMetrics',
    path: '/api/catalog/metrics',
    summary: 'Every metric with its formula',
    query: z.strictObject({
      category: z.string().optional().meta({ description: 'Only metrics of this category' }),
      event: z.string().optional().meta({ description: 'Only metrics that read this event' }),
    }),
    exampleQuery: { event: 'session.start' },
    answers: answersOf(metricsAnswerSchema),
    problems: ['invalid_parameter'],
  },
  {
    ...COMMON,
    id: 'getCatalogMetric',
    path: '/api/catalog/metrics/{id}',
    summary: 'One metric',
    pathParameters: idOf('Id of a metric, such as dau'),
    answers: answersOf(catalogMetricSchema),
    problems: ['not_found'],
  },
  {
    ...COMMON,
    id: 'listCatalogGameTypes',
    path: '/api/catalog/game-types',
    summary: 'Every game type with what is recommended to it',
    answers: answersOf(gameTypesAnswerSchema),
  },
  {
    ...COMMON,
    id: 'getCatalogGameType',
    path: '/api/catalog/game-types/{id}',
    summary: 'One game type',
    pathParameters: idOf('Id of a game type, such as tower_defense'),
    answers: answersOf(catalogGameTypeSchema),
    problems: ['not_found'],
  },
  {
    ...COMMON,
    id: 'getCatalogTaxonomy',
    path: '/api/catalog/taxonomy',
    summary: 'Genres, categories, dimensions and tags',
    answers: answersOf(catalogTaxonomySchema),
  },
]
