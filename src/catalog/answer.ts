/** Answers that a client may keep: JSON with a strong entity tag, and 304 for who has it already. */
import type { Context } from 'hono'

import type { AppEnv } from '../app-env.ts'
import { sha256Hex } from '../event/bytes.ts'

/** The catalogs change with a deployment; five minutes later everybody has the new ones. */
const CACHE_CONTROL = 'public, max-age=300'

/** Hex digits of the digest in the tag. */
const TAG_LENGTH = 32

/** 200 with `body` as JSON, or 304 when If-None-Match names its tag (RFC 9110, section 13.1.2). */
export async function cacheableJson(c: Context<AppEnv>, body: unknown): Promise<Response> {
  const text = JSON.stringify(body)
  const tag = `"${(await sha256Hex(text)).slice(0, TAG_LENGTH)}"`
  c.header('ETag', tag)
  c.header('Cache-Control', CACHE_CONTROL)
  if (names(c.req.header('If-None-Match'), tag)) return c.body(null, 304)
  return c.body(text, 200, { 'Content-Type': 'application/json' })
}

/** Whether the header lists the tag; the comparison is the weak one, as the header asks for. */
function names(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  const listed = new Set(header.split(',').map((item) => item.trim().replace(/^W\//, '')))
  return listed.has('*') || listed.has(tag)
}
