/** The ingest door over real HTTP, with whatever a proxy and a socket do to a request. */
import { describe, inject, it } from 'vitest'

const { url, writeKey } = inject('stack')

const track = (body: string) =>
  fetch(`${url}/api/events/track`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${writeKey}` },
    body,
  })

describe('POST /api/events/track', () => {
  it.for([1_000_001, 1_400_000, 5_000_000, 10_000_000])(
    'answers 413 to a body of %d bytes, every time',
    async (bytes, { expect }) => {
      const body = `"${'x'.repeat(bytes - 2)}"`
      for (let attempt = 0; attempt < 5; attempt += 1) {
        const response = await track(body)
        expect(response.status).toBe(413)
        expect(await response.json()).toMatchObject({ code: 'body_too_large' })
      }
    },
  )

  it('answers 202 to a body just below the limit', async ({ expect }) => {
    const response = await track(JSON.stringify({ event: 'x'.repeat(999_980) }))
    expect(response.status).toBe(202)
    expect(await response.json()).toMatchObject({ accepted: 0, rejected: 1 })
  })
})
