/** The HTTP surface: middleware in order, mounted routes, one exit for errors. No business words. */
import { Hono } from 'hono'

import { allowedMethods } from './allowed-methods.ts'
import { ApiError } from './api-error.ts'
import type { AppEnv } from './app-env.ts'
import { auditRoutes } from './audit-log/routes.ts'
import { catalogRoutes } from './catalog/routes.ts'
import { adminRoutes } from './control/routes.ts'
import { toHex } from './event/bytes.ts'
import { healthRoutes } from './health.ts'
import { ingestRoutes } from './ingest/routes.ts'
import { liveRoutes } from './live/routes.ts'
import { openApiRoutes } from './openapi/routes.ts'
import { problemFrom } from './problem.ts'
import { quarantineRoutes } from './quarantine/routes.ts'
import { queryRoutes } from './query/routes.ts'
import { settingsRoutes } from './settings/routes.ts'

/** The application; routes are added by mounting. */
export function createApp(): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  return app
    .use(async (c, next) => {
      const traceId = toHex(crypto.getRandomValues(new Uint8Array(8)))
      c.set('traceId', traceId)
      c.set('nowMs', Date.now())
      c.header('X-Trace-Id', traceId)
      await next()
    })
    .route('/healthz', healthRoutes())
    .route('/', ingestRoutes())
    .route('/api/events', liveRoutes())
    .route('/api/events', quarantineRoutes())
    .route('/api/catalog', catalogRoutes())
    .route('/api/admin', adminRoutes())
    .route('/api/admin', auditRoutes())
    .route('/api/analytics', settingsRoutes())
    .route('/api/analytics', queryRoutes())
    .route('/', openApiRoutes())
    .notFound((c) => {
      const { method, path } = c.req
      const methods = allowedMethods(app.routes, path)
      if (methods.length === 0) {
        return problemFrom(new ApiError('not_found', `Nothing is at ${path}.`), c)
      }
      c.header('Allow', methods.join(', '))
      const detail = `${path} has ${methods.join(' and ')}, not ${method}.`
      return problemFrom(new ApiError('method_not_allowed', detail), c)
    })
    .onError(problemFrom)
}
