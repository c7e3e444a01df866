/** Addresses that exist, asked in another way. */
import { exports } from 'cloudflare:workers'
import { describe, it } from 'vitest'
import { z } from 'zod'

const problemSchema = z.looseObject({ code: z.string(), detail: z.string() })

describe('another method', () => {
  it.for([
    ['POST', '/healthz', 'GET'],
    ['DELETE', '/api/catalog/events', 'GET'],
    ['DELETE', '/docs', 'GET'],
    ['GET', '/api/events/track', 'POST'],
    ['PUT', '/api/ingest/events', 'POST'],
  ] as const)('%s %s is told which there is', async ([method, path, allowed], { expect }) => {
    const response = await exports.default.fetch(`http://edge.test${path}`, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('Allow')).toContain(allowed)
    expect(problemSchema.parse(await response.json()).code).toBe('method_not_allowed')
  })

  it('is no matter where there is nothing', async ({ expect }) => {
    const response = await exports.default.fetch('http://edge.test/api/nothing', { method: 'PUT' })
    expect(problemSchema.parse(await response.json())).toMatchObject({
      code: 'not_found',
      detail: 'Nothing is at /api/nothing.',
    })
  })
})
