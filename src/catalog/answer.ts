/** How the catalogs answer: as JSON that a client may keep. */
import type { Context } from 'hono'

import type { AppEnv } from '../app-env.ts'
import { sendCacheable, toCacheable } from '../cacheable.ts'

/** 200 with `body` as JSON, or 304 for who has it already. */
export async function cacheableJson(c: Context<AppEnv>, body: unknown): Promise<Response> {
  return sendCacheable(c, await toCacheable(JSON.stringify(body), 'application/json'))
}
