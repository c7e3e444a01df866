/** GET /openapi.json and GET /docs: what this service does, for programs and for people. No key is needed. */
import { sha256 } from '@noble/hashes/sha2.js'
import type { Context } from 'hono'
import { Hono } from 'hono'

import type { AppEnv } from '../app-env.ts'
import { toBase64, toHex } from '../event/bytes.ts'
import { STYLE } from './page-style.ts'

/** Both change with a deployment; five minutes later everybody has the new ones. */
const CACHE_CONTROL = 'public, max-age=300'
/** Hex digits of the digest in the tag. */
const TAG_LENGTH = 32

interface Text {
  readonly body: string
  readonly tag: string
}

let documentText: Text | undefined
let pageText: Text | undefined

/**
 * Both routes, to be mounted at the root. What they show is loaded with the first question: most isolates only take
 * events in and should start without it.
 */
export function openApiRoutes(): Hono<AppEnv> {
  return new Hono<AppEnv>()
    .get('/openapi.json', async (c) => {
      documentText ??= tagged(await renderDocument())
      // The document holds nothing of any game, and pages that show documents are elsewhere.
      c.header('Access-Control-Allow-Origin', '*')
      return send(c, documentText, 'application/json')
    })
    .get('/docs', async (c) => {
      pageText ??= tagged(await renderPage())
      c.header('Content-Security-Policy', contentSecurityPolicy())
      c.header('Referrer-Policy', 'no-referrer')
      return send(c, pageText, 'text/html; charset=utf-8')
    })
}

async function renderDocument(): Promise<string> {
  const { openApiDocument } = await import('./document.ts')
  return JSON.stringify(openApiDocument())
}

async function renderPage(): Promise<string> {
  const { docsPage } = await import('./page.ts')
  return docsPage()
}

const utf8 = new TextEncoder()

/** The page may use its own style and nothing else. */
function contentSecurityPolicy(): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${toBase64(sha256(utf8.encode(STYLE)))}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function tagged(body: string): Text {
  return { body, tag: `"${toHex(sha256(utf8.encode(body))).slice(0, TAG_LENGTH)}"` }
}

/** The text, or 304 for who has it already (RFC 9110, section 13.1.2). */
function send(c: Context<AppEnv>, { body, tag }: Text, contentType: string): Response {
  c.header('ETag', tag)
  c.header('Cache-Control', CACHE_CONTROL)
  c.header('X-Content-Type-Options', 'nosniff')
  const header = c.req.header('If-None-Match') ?? ''
  const known = new Set(header.split(',').map((item) => item.trim().replace(/^W\//, '')))
  if (known.has('*') || known.has(tag)) return c.body(null, 304)
  return c.body(body, 200, { 'Content-Type': contentType })
}
