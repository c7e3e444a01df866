import { describe, it } from 'vitest'

import { createApp } from '../../src/app.ts'
import { openApiDocument, openApiText } from '../../src/openapi/document.ts'
import { OPERATIONS } from '../../src/openapi/operations.ts'

describe('the document', () => {
  const app = createApp()

  it('is served whole, and once to whoever has it', async ({ expect }) => {
    const before = openApiText(Date.now())
    const response = await app.request('/openapi.json')
    // The two differ at midnight only.
    expect([before, openApiText(Date.now())]).toContain(await response.text())
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
    const tag = response.headers.get('ETag') ?? ''
    expect(tag).toMatch(/^"[0-9a-f]{32}"$/)
    expect(response.headers.get('Cache-Control')).toContain('max-age')
    const again = await app.request('/openapi.json', { headers: { 'If-None-Match': `W/${tag}` } })
    expect([again.status, await again.text()]).toEqual([304, ''])
  })
})

describe('the page', () => {
  const app = createApp()

  it('shows every operation and schema under an address of its own', async ({ expect }) => {
    const text = await (await app.request('/docs')).text()
    const ids = new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
    for (const { id } of OPERATIONS) expect(ids).toContain(id)
    for (const name of Object.keys(openApiDocument().components?.schemas ?? {})) {
      expect(ids).toContain(`schema-${name}`)
    }
    const links = [...text.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id)
    expect(links.filter((id) => !ids.has(id))).toEqual([])
    expect(text).not.toContain('[object ')
    expect(text).not.toContain('undefined')
  })

  it('runs no script, loads nothing, and allows its own style only', async ({ expect }) => {
    const response = await app.request('/docs')
    const policy = response.headers.get('Content-Security-Policy') ?? ''
    const text = await response.text()
    expect(text).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|src=| on\w+=| style=/)
    const style = /<style>([^]*?)<\/style>/.exec(text)?.[1] ?? ''
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))
    const hash = btoa(String.fromCharCode(...new Uint8Array(digest)))
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain(`style-src 'sha256-${hash}'`)
    expect(policy).not.toContain('unsafe')
  })
})
