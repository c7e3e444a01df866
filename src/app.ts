/** The HTTP surface: middleware in order, mounted routes, one exit for errors. No business words. */
import { Hono } from 'hono'

import { ApiError } from './api-error.ts'
import type { AppEnv } from './app-env.ts'
import { toHex } from './event/bytes.ts'
import { healthRoutes } from './health.ts'
import { ingestRoutes } from './ingest/routes.ts'
import { problemFrom } from './problem.ts'
import { queryRoutes } from './query/routes.ts'

/** The application; routes are added by mounting. */
export function createApp(): Hono<AppEnv> {
  return new Hono<AppEnv>()
    .use(async (c, next) => {
      const traceId = toHex(crypto.getRandomValues(new Uint8Array(8)))
      c.set('traceId', traceId)
      c.set('nowMs', Date.now())
      c.header('X-Trace-Id', traceId)
      await next()
    })
    .route('/healthz', healthRoutes())
    .route('/api/events', ingestRoutes())
    .route('/api/analytics', queryRoutes())
    .notFound((c) => problemFrom(new ApiError('not_found', `Nothing is at ${c.req.path}.`), c))
    .onError(problemFrom)
}
