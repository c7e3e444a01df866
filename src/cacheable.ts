/** Answers that change with a deployment only: a strong entity tag, and 304 for who has them already. */
import type { Context } from 'hono'

import type { AppEnv } from './app-env.ts'
import { sha256Hex } from './event/bytes.ts'

/** Five minutes after a deployment everybody has the new ones. */
const CACHE_CONTROL = 'public, max-age=300'

/** Hex digits of the digest in the tag. */
const TAG_LENGTH = 32

/** A body with its tag: what is the same for everybody needs to be tagged once. */
export interface CacheableText {
  readonly body: string
  readonly contentType: string
  /** With its quotes */
  readonly tag: string
}

/** The body with the tag that its bytes give it. */
export async function toCacheable(body: string, contentType: string): Promise<CacheableText> {
  return { body, contentType, tag: `"${(await sha256Hex(body)).slice(0, TAG_LENGTH)}"` }
}

/** 200 with the body, or 304 when If-None-Match names its tag (RFC 9110, section 13.1.2). */
export function sendCacheable(
  c: Context<AppEnv>,
  { body, contentType, tag }: CacheableText,
): Response {
  c.header('ETag', tag)
  c.header('Cache-Control', CACHE_CONTROL)
  c.header('X-Content-Type-Options', 'nosniff')
  if (names(c.req.header('If-None-Match'), tag)) return c.body(null, 304)
  return c.body(body, 200, { 'Content-Type': contentType })
}

/** Whether the header lists the tag; the comparison is the weak one, as the header asks for. */
function names(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  const listed = new Set(header.split(',').map((item) => item.trim().replace(/^W\//, '')))
  return listed.has('*') || listed.has(tag)
}
