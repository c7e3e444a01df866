/** GET /api/catalog/*: what the edge accepts and what figures mean, for everybody; no key, no figure. */
import type { Context } from 'hono'
import { Hono } from 'hono'
import { z } from 'zod'

import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import { cacheableJson } from './answer.ts'
import { catalog, findCatalogEvent } from './catalog.ts'
import { nearest } from './nearest.ts'
import type { CatalogMetric } from './schemas.ts'

const ROOT = '/api/catalog'
/** Names that an answer to an unknown one offers. */
const MAX_OFFERED = 3
/** Characters of an unknown name that the answer repeats. */
const MAX_REPEATED_LENGTH = 80

const metricsQuerySchema = z.strictObject({
  category: z.array(z.string()).length(1).optional(),
  event: z.array(z.string()).length(1).optional(),
})

/** The routes of the catalog, to be mounted at /api/catalog. */
export function catalogRoutes(): Hono<AppEnv> {
  return new Hono<AppEnv>()
    .get('/', (c) => cacheableJson(c, catalog().index))
    .get('/events', (c) => {
      const { commonAttributes, events } = catalog()
      return cacheableJson(c, {
        common_attributes: commonAttributes,
        events: [...events.values()],
      })
    })
    .get('/events/:id', (c) => {
      const id = c.req.param('id')
      const { events, eventAliases } = catalog()
      const known = [...events.keys(), ...eventAliases.keys()]
      return cacheableJson(c, findCatalogEvent(id) ?? unknownId('event', id, known, 'events'))
    })
    .get('/attributes', (c) => cacheableJson(c, { attributes: [...catalog().attributes.values()] }))
    .get('/enums', (c) => cacheableJson(c, { enums: catalog().enums }))
    .get('/metrics', (c) => {
      const metrics = selectMetrics(c)
      return cacheableJson(c, { functions: catalog().functions, metrics })
    })
    .get('/metrics/:id', (c) => {
      const id = c.req.param('id')
      const { metrics } = catalog()
      const found = metrics.get(id) ?? unknownId('metric', id, metrics.keys(), 'metrics')
      return cacheableJson(c, found)
    })
    .get('/game-types', (c) => cacheableJson(c, { game_types: [...catalog().gameTypes.values()] }))
    .get('/game-types/:id', (c) => {
      const id = c.req.param('id')
      const { gameTypes } = catalog()
      const found = gameTypes.get(id) ?? unknownId('game type', id, gameTypes.keys(), 'game-types')
      return cacheableJson(c, found)
    })
    .get('/taxonomy', (c) => cacheableJson(c, catalog().taxonomy))
}

/** The metrics of ?category= and ?event=, both if both are given. Throws ApiError(invalid_parameter). */
function selectMetrics(c: Context<AppEnv>): CatalogMetric[] {
  const parsed = metricsQuerySchema.safeParse(c.req.queries())
  if (!parsed.success) {
    throw new ApiError(
      'invalid_parameter',
      'Expected category and event, each at most once, and no other parameter.',
    )
  }
  const category = parsed.data.category?.[0]
  const event = parsed.data.event?.[0]
  const eventId = event === undefined ? undefined : eventIdOf(event)
  if (category !== undefined) requireCategory(category)
  return [...catalog().metrics.values()].filter(
    (metric) =>
      (category === undefined || metric.category === category) &&
      (eventId === undefined || metric.inputs.events.includes(eventId)),
  )
}

function eventIdOf(name: string): string {
  const event = findCatalogEvent(name)
  if (event !== undefined) return event.id
  throw new ApiError(
    'invalid_parameter',
    `event: expected an event of ${ROOT}/events, got ${shown(name)}${meant(name, catalog().events.keys())}.`,
  )
}

function requireCategory(category: string): void {
  const known = catalog().taxonomy.metric_categories.map(({ id }) => id)
  if (known.includes(category)) return
  throw new ApiError('invalid_parameter', `category: expected one of ${known.join(', ')}.`)
}

/** Throws ApiError(not_found) that offers what is near and says where the list is. */
function unknownId(what: string, id: string, known: Iterable<string>, list: string): never {
  throw new ApiError(
    'not_found',
    `There is no ${what} ${shown(id)}${meant(id, known)}. All of them: ${ROOT}/${list}`,
  )
}

function meant(name: string, known: Iterable<string>): string {
  const offered = nearest(name, known, MAX_OFFERED)
  return offered.length === 0 ? '' : `; near it: ${offered.join(', ')}`
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, MAX_REPEATED_LENGTH).toWellFormed())
}
