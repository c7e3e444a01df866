/** GET /openapi.json and GET /docs: what this service does, for programs and for people. No key is needed. */
import { sha256 } from '@noble/hashes/sha2.js'
import { Hono } from 'hono'

import type { AppEnv } from '../app-env.ts'
import type { CacheableText } from '../cacheable.ts'
import { sendCacheable, toCacheable } from '../cacheable.ts'
import { toBase64 } from '../event/bytes.ts'
import { STYLE } from './page-style.ts'

let documentText: CacheableText | undefined
let pageText: CacheableText | undefined

/**
 * Both routes, to be mounted at the root. What they show is loaded with the first question: most isolates only take
 * events in and should start without it.
 */
export function openApiRoutes(): Hono<AppEnv> {
  return new Hono<AppEnv>()
    .get('/openapi.json', async (c) => {
      documentText ??= await renderDocument(c.get('nowMs'))
      // The document holds nothing of any game, and pages that show documents are elsewhere.
      c.header('Access-Control-Allow-Origin', '*')
      return sendCacheable(c, documentText)
    })
    .get('/docs', async (c) => {
      pageText ??= await renderPage()
      c.header('Content-Security-Policy', contentSecurityPolicy())
      c.header('Referrer-Policy', 'no-referrer')
      return sendCacheable(c, pageText)
    })
}

async function renderDocument(nowMs: number): Promise<CacheableText> {
  const { openApiText } = await import('./document.ts')
  return toCacheable(openApiText(nowMs), 'application/json')
}

async function renderPage(): Promise<CacheableText> {
  const { docsPage } = await import('./page.ts')
  return toCacheable(await docsPage(), 'text/html; charset=utf-8')
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
