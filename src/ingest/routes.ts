/** The ways in: POST addresses for events and payments, with a key or with a signature. */
import { Hono } from 'hono'

import { ingestCors } from '../access/cors.ts'
import { requirePermission } from '../access/require-permission.ts'
import { authenticateSigned } from '../access/signature.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import { readWireBody } from './read-body.ts'
import type { Door, IngestRequest } from './receive.ts'
import { receive, requireOpen } from './receive.ts'

/** Addresses that take a key, and what they take. */
const KEYED_DOORS: readonly (readonly [string, Door])[] = [
  ['/api/events/track', 'events'],
  ['/api/payments/track', 'payments'],
  ['/api/analytics/ingest', 'events'],
  ['/api/analytics/payments/ingest', 'payments'],
]

/** Addresses that take a signature instead: for servers. */
const SIGNED_DOORS: readonly (readonly [string, Door])[] = [
  ['/api/ingest/events', 'events'],
  ['/api/ingest/payments', 'payments'],
]

/** All routes of ingest, to be mounted at the root. */
export function ingestRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>()
  for (const [path, door] of KEYED_DOORS) {
    routes
      .use(path, ingestCors())
      .post(path, requirePermission('events:write', { keyInUrl: true }), async (c) => {
        const settings = await requireOpen(c)
        return receive(c, door, () => readWireBody(c.req.raw), settings)
      })
      .all(path, refuseOtherMethods)
  }
  for (const [path, door] of SIGNED_DOORS) {
    routes.post(path, (c) => receiveSigned(c, door)).all(path, refuseOtherMethods)
  }
  return routes
}

/** The signature covers the bytes as sent, so they are read before anybody is known. */
async function receiveSigned(c: IngestRequest, door: Door): Promise<Response> {
  const sent = await readWireBody(c.req.raw)
  const claim = await authenticateSigned(c, sent)
  try {
    return await receive(c, door, () => Promise.resolve(sent), await requireOpen(c))
  } catch (error) {
    if (!isFaultOfRequest(error)) await claim.release()
    throw error
  }
}

/** What stays wrong however often it is sent. After anything else the same request, nonce and all, may come again. */
function isFaultOfRequest(error: unknown): boolean {
  return error instanceof ApiError && error.status < 500 && error.status !== 429
}

function refuseOtherMethods(c: IngestRequest): never {
  c.header('Allow', 'POST')
  throw new ApiError('method_not_allowed', 'Send events with POST.')
}
