/** What /api/catalog/* answers. The generated data has these types; tests parse every answer with them. */
import { z } from 'zod'

const id = z.string().min(1)
const ids = z.array(id)
const description = z.string().min(1)
const names = { en_name: z.string().min(1), zh_name: z.string().min(1) }

/** Unique counts that the user of an event enters. */
const countsAs = z.enum(['dau', 'new_users', 'online'])

export const catalogEventSchema = z.strictObject({
  id,
  category: id,
  zh_name: z.string().min(1),
  description,
  /** Attributes that must be there */
  required: ids,
  /** Further attributes of this event; common ones may be on any event */
  optional: ids,
  /** Other names under which the edge knows it; the underscore spelling comes first */
  aliases: ids,
  counts_as: z.array(countsAs),
  /** Why no metric and no game type names it; null for all others */
  unused_because: z.string().nullable(),
  /** Metrics that read it, directly or through other metrics */
  metrics: ids,
  /** Game types that recommend it */
  game_types: ids,
})
export type CatalogEvent = z.infer<typeof catalogEventSchema>

export const catalogAttributeSchema = z.strictObject({
  key: id,
  type: z.enum(['string', 'integer', 'number', 'boolean', 'enum', 'string_list', 'time']),
  unit: z.enum(['ms', 'mb', 'usd', 'cents', 'ratio', 'fps']).nullable(),
  minimum: z.number().nullable(),
  /** UTF-16 code units of a string, and of each string in a list */
  max_length: z.int().positive().nullable(),
  max_items: z.int().positive().nullable(),
  /** Values of an enum */
  values: ids.nullable(),
  description,
  /** A column of the events table: allowed on every event */
  common: z.boolean(),
  /** Events that name it; a common one may be on all others, too */
  events: ids,
})
export type CatalogAttribute = z.infer<typeof catalogAttributeSchema>

export const catalogEnumSchema = z.strictObject({
  /** Also the key of the attribute whose values these are */
  id,
  description,
  values: ids,
})
export type CatalogEnum = z.infer<typeof catalogEnumSchema>

/** What a metric may measure. */
export const METRIC_UNITS = [
  'users',
  'sessions',
  'events',
  'count',
  'ratio',
  'usd',
  'cents',
  'ms',
  'mb',
  'fps',
] as const

export const catalogMetricSchema = z.strictObject({
  id,
  category: id,
  ...names,
  description,
  type: z.enum(['counter', 'gauge', 'ratio', 'histogram']),
  unit: z.enum(METRIC_UNITS),
  /** Such as 15m, 1h, 7d; ends at the time that the value is for */
  window: z.string().regex(/^\d+[mhd]$/),
  formula: z.string().min(1),
  /** Dimensions that it is always split by */
  by: ids,
  /** Further dimensions that it can be split by */
  dimensions: ids,
  inputs: z.strictObject({
    /** Read directly or through other metrics */
    events: ids,
    /** The same, each as <event>.<attribute> */
    attributes: ids,
    /** Metrics that the formula names */
    metrics: ids,
  }),
  /** Game types that recommend it */
  game_types: ids,
})
export type CatalogMetric = z.infer<typeof catalogMetricSchema>

export const formulaFunctionSchema = z.strictObject({
  name: id,
  signature: z.string().min(1),
  meaning: z.string().min(1),
})
export type FormulaFunction = z.infer<typeof formulaFunctionSchema>

export const catalogGameTypeSchema = z.strictObject({
  id,
  ...names,
  description,
  /** Code of the taxonomy */
  genre: id,
  tags: ids,
  events: ids,
  metrics: ids,
  dimensions: ids,
})
export type CatalogGameType = z.infer<typeof catalogGameTypeSchema>

const genreSchema = z.strictObject({ code: id, ...names })
const categorySchema = z.strictObject({ id, ...names })

export const catalogTaxonomySchema = z.strictObject({
  genres: z.array(genreSchema.extend({ children: z.array(genreSchema) })),
  event_categories: z.array(categorySchema),
  metric_categories: z.array(categorySchema),
  dimensions: z.array(
    categorySchema.extend({
      description,
      /** The attribute behind it: a column of the events table or a property */
      kind: z.enum(['column', 'property']),
      attribute: id,
    }),
  ),
  tags: z.array(categorySchema.extend({ description })),
})
export type CatalogTaxonomy = z.infer<typeof catalogTaxonomySchema>

const sections = ['events', 'attributes', 'enums', 'metrics', 'game_types'] as const

export const catalogIndexSchema = z.strictObject({
  /** Changes with anything in the catalogs */
  revision: z.string().regex(/^[0-9a-f]{16}$/),
  /** Formats of the files */
  versions: z.strictObject({
    events: z.int(),
    game_types: z.int(),
    metrics: z.int(),
    taxonomy: z.int(),
  }),
  counts: z.record(z.enum([...sections, 'genres', 'dimensions', 'tags']), z.int()),
  links: z.record(z.enum([...sections, 'taxonomy']), z.string()),
})
export type CatalogIndex = z.infer<typeof catalogIndexSchema>

export const eventsAnswerSchema = z.strictObject({
  common_attributes: ids,
  events: z.array(catalogEventSchema),
})
export const attributesAnswerSchema = z.strictObject({
  attributes: z.array(catalogAttributeSchema),
})
export const enumsAnswerSchema = z.strictObject({ enums: z.array(catalogEnumSchema) })
export const metricsAnswerSchema = z.strictObject({
  functions: z.array(formulaFunctionSchema),
  metrics: z.array(catalogMetricSchema),
})
export const gameTypesAnswerSchema = z.strictObject({ game_types: z.array(catalogGameTypeSchema) })
