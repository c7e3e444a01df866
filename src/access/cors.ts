/** Which web pages may send events: CORS (Fetch standard, section 3.3) for the ingest routes, per game. */
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'

import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import type { GameProfile } from '../event/game-profile.ts'

const ALLOWED_HEADERS =
  'authorization, content-type, content-encoding, x-game-id, x-env, x-requested-with'
const EXPOSED_HEADERS = 'retry-after, x-trace-id'
/** Seconds that a browser may remember the answer to a preflight; browsers cap it at a day or below. */
const PREFLIGHT_MAX_AGE_SECONDS = 86_400

/**
 * Middleware for routes that browsers send events to. A preflight carries no key, so nothing is known of the game:
 * it is allowed, and requirePermission refuses the request itself when the game does not list the origin. The
 * page may read every answer, refusals too: they say what is wrong and hold nothing of the game.
 */
export function ingestCors() {
  return createMiddleware<AppEnv>(async (c, next) => {
    c.header('Vary', 'Origin', { append: true })
    const origin = c.req.header('Origin')
    if (origin === undefined) return next()
    c.header('Access-Control-Allow-Origin', origin)
    const isPreflight =
      c.req.method === 'OPTIONS' && c.req.header('Access-Control-Request-Method') !== undefined
    if (isPreflight) {
      c.header('Access-Control-Allow-Methods', 'POST')
      c.header('Access-Control-Allow-Headers', ALLOWED_HEADERS)
      c.header('Access-Control-Max-Age', String(PREFLIGHT_MAX_AGE_SECONDS))
      return c.body(null, 204)
    }
    c.header('Access-Control-Expose-Headers', EXPOSED_HEADERS)
    await next()
  })
}

/**
 * Throws origin_not_allowed for a page that may not send events to the game. Requests without Origin come from
 * native clients and servers. Needs `principal`.
 */
export function refuseOrigin(c: Context<AppEnv>, { allowedOrigins }: GameProfile): void {
  const origin = c.req.header('Origin')
  if (origin === undefined) return
  const principal = c.get('principal')
  if (principal.kind === 'key' && principal.keyKind !== 'write') {
    throw new ApiError(
      'origin_not_allowed',
      `A ${principal.keyKind} key came from a web page (${shown(origin)}), where everybody can read it. ` +
        'Revoke it, and use a write key there.',
    )
  }
  if (allowedOrigins.includes('*') || allowedOrigins.includes(origin)) return
  throw new ApiError(
    'origin_not_allowed',
    `The game takes no events from ${shown(origin)}; add it to allowed_origins of the game.`,
  )
}

function shown(origin: string): string {
  return origin.slice(0, 256)
}
