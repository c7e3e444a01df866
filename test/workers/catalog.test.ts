import { exports } from 'cloudflare:workers'
import { describe, it } from 'vitest'
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
} from '../../src/catalog/schemas.ts'

const get = (path: string, headers: Record<string, string> = {}) =>
  exports.default.fetch(`http://edge.test/api/catalog${path}`, { headers })

const problemSchema = z.looseObject({ code: z.string(), status: z.number(), detail: z.string() })

describe('GET /api/catalog', () => {
  it('says what there is and where, and every link answers', async ({ expect }) => {
    const index = catalogIndexSchema.parse(await (await get('')).json())
    expect(index.counts.metrics).toBeGreaterThanOrEqual(100)
    expect(index.counts.game_types).toBeGreaterThanOrEqual(30)
    for (const link of Object.values(index.links)) {
      expect((await get(link.replace('/api/catalog', ''))).status).toBe(200)
    }
  })

  it.for([
    ['/events', eventsAnswerSchema],
    ['/events/session.start', catalogEventSchema],
    ['/attributes', attributesAnswerSchema],
    ['/enums', enumsAnswerSchema],
    ['/metrics', metricsAnswerSchema],
    ['/metrics/arpu', catalogMetricSchema],
    ['/game-types', gameTypesAnswerSchema],
    ['/game-types/moba', catalogGameTypeSchema],
    ['/taxonomy', catalogTaxonomySchema],
  ] as const)(
    '%s answers as its schema says, without a key',
    async ([path, schema], { expect }) => {
      const response = await get(path)
      expect(response.status).toBe(200)
      expect(response.headers.get('Content-Type')).toBe('application/json')
      expect(schema.safeParse(await response.json()).error).toBeUndefined()
    },
  )

  it('counts what the lists hold', async ({ expect }) => {
    const { counts } = catalogIndexSchema.parse(await (await get('')).json())
    const { events } = eventsAnswerSchema.parse(await (await get('/events')).json())
    const { attributes } = attributesAnswerSchema.parse(await (await get('/attributes')).json())
    const { metrics } = metricsAnswerSchema.parse(await (await get('/metrics')).json())
    expect([events.length, attributes.length, metrics.length]).toEqual([
      counts.events,
      counts.attributes,
      counts.metrics,
    ])
  })

  it('finds an event by any of its names', async ({ expect }) => {
    const byId = await (await get('/events/progression.start')).text()
    for (const alias of ['progression_start', 'level_start', 'level_started']) {
      expect(await (await get(`/events/${alias}`)).text()).toBe(byId)
    }
  })

  it('says which metrics and game types need an event', async ({ expect }) => {
    const event = catalogEventSchema.parse(await (await get('/events/draft.ban')).json())
    expect(event.metrics).toEqual(['character_ban_rate'])
    expect(event.game_types).toEqual(['moba'])
  })
})

describe('GET /api/catalog/metrics', () => {
  const metricsOf = async (query: string) => {
    const { metrics } = metricsAnswerSchema.parse(await (await get(`/metrics?${query}`)).json())
    return metrics
  }

  it('keeps one category, the readers of one event, or both', async ({ expect }) => {
    const cards = await metricsOf('category=cards')
    expect(cards.map(({ id }) => id)).toContain('card_win_rate')
    expect(new Set(cards.map(({ category }) => category))).toEqual(new Set(['cards']))
    const readers = await metricsOf('event=match.end')
    expect(readers.length).toBeGreaterThan(cards.length)
    for (const { inputs } of readers) expect(inputs.events).toContain('match.end')
    expect(await metricsOf('event=match_end')).toEqual(readers)
    const both = readers.filter(({ category }) => category === 'cards')
    expect(await metricsOf('category=cards&event=match.end')).toEqual(both)
  })

  it.for([
    ['category=card', 'category: expected one of users, '],
    ['event=match.ends', 'event: expected an event of /api/catalog/events, got "match.ends"; near'],
    ['event=a&event=b', 'each at most once'],
    ['events=match.end', 'no other parameter'],
  ] as const)('refuses ?%s', async ([query, detail], { expect }) => {
    const response = await get(`/metrics?${query}`)
    const problem = problemSchema.parse(await response.json())
    expect(problem).toMatchObject({ code: 'invalid_parameter', status: 400 })
    expect(problem.detail).toContain(detail)
    expect(response.headers.get('ETag')).toBeNull()
  })
})

describe('an unknown id', () => {
  it.for([
    ['/events/sesion.start', 'There is no event "sesion.start"; near it: session.start', 'events'],
    ['/metrics/arppuu', 'There is no metric "arppuu"; near it: arppu', 'metrics'],
    ['/game-types/mob', 'There is no game type "mob"; near it: moba', 'game-types'],
    ['/metrics/constructor', 'There is no metric "constructor"', 'metrics'],
  ] as const)(
    '%s is not found, and the answer says what is',
    async ([path, near, list], { expect }) => {
      const response = await get(path)
      const problem = problemSchema.parse(await response.json())
      expect(problem).toMatchObject({ code: 'not_found', status: 404 })
      expect(problem.detail).toContain(near)
      expect(problem.detail).toContain(`/api/catalog/${list}`)
      expect(response.headers.get('Cache-Control')).toBeNull()
    },
  )

  it('is not repeated at full length', async ({ expect }) => {
    const response = await get(`/metrics/${'x'.repeat(4_000)}`)
    const problem = problemSchema.parse(await response.json())
    expect(problem.detail.length).toBeLessThan(300)
  })
})

describe('the entity tag', () => {
  it('is strong, the same every time, and another for another answer', async ({ expect }) => {
    const tags = await Promise.all(
      ['/metrics', '/metrics', '/events', '/metrics?category=cards'].map(
        async (path) => (await get(path)).headers.get('ETag') ?? '',
      ),
    )
    for (const tag of tags) expect(tag).toMatch(/^"[0-9a-f]{32}"$/)
    expect(tags[0]).toBe(tags[1])
    expect(new Set(tags).size).toBe(3)
  })

  it('spares the body for who has it already', async ({ expect }) => {
    const tag = (await get('/taxonomy')).headers.get('ETag') ?? ''
    for (const condition of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const response = await get('/taxonomy', { 'If-None-Match': condition })
      expect(response.status).toBe(304)
      expect(await response.text()).toBe('')
      expect(response.headers.get('ETag')).toBe(tag)
      expect(response.headers.get('Cache-Control')).toBe('public, max-age=300')
      expect(response.headers.get('X-Trace-Id')).toMatch(/^[0-9a-f]{16}$/)
    }
    expect((await get('/taxonomy', { 'If-None-Match': '"other"' })).status).toBe(200)
  })
})
