/** The rate limit at the door: what is charged, and what a refused request may do again. */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, it } from 'vitest'
import { z } from 'zod'

import { createApp } from '../../src/app.ts'
import { anEvent, createGame, SERVER_KEY_ID, signedHeaders, WRITE_KEY } from './support.ts'

const GAME = 'ingest-rate-test'
const problemSchema = z.looseObject({ code: z.string() })

beforeAll(async () => {
  await createGame(GAME)
})

/** A limiter that grants so many units, and tells how many were asked for. */
function limiterOf(units: number) {
  let asked = 0
  return {
    asked: () => asked,
    limit: () => {
      asked += 1
      return Promise.resolve({ success: asked <= units })
    },
  }
}

async function post(path: string, headers: Record<string, string>, body: string, units: number) {
  const limiter = limiterOf(units)
  const response = await createApp().request(
    `http://edge.test${path}`,
    { method: 'POST', headers, body },
    { ...env, INGEST_RATE: limiter },
  )
  const answer: unknown = await response.json()
  const problem = problemSchema.safeParse(answer)
  return { status: response.status, code: problem.data?.code, asked: limiter.asked() }
}

describe('the rate of a key', () => {
  const headers = { Authorization: `Bearer ${WRITE_KEY}` }

  it.for([
    ['no JSON', '{"event": oops'],
    ['no events', '42'],
    ['nothing', ''],
    ['more events than a POST may hold', JSON.stringify(Array.from({ length: 1_001 }, () => ({})))],
  ] as const)('is charged for a body that holds %s', async ([, body], { expect }) => {
    expect(await post('/api/events/track', headers, body, 0)).toEqual({
      status: 429,
      code: 'rate_limited',
      asked: 1,
    })
  })

  it('is charged by events beyond the first hundred', async ({ expect }) => {
    const body = JSON.stringify(Array.from({ length: 250 }, () => anEvent()))
    expect(await post('/api/events/track', headers, body, 3)).toMatchObject({
      status: 202,
      asked: 3,
    })
    expect(await post('/api/events/track', headers, body, 2)).toMatchObject({
      status: 429,
      asked: 3,
    })
  })
})

describe('a signed request', () => {
  it('that was refused for its rate may be sent again as it is, and then once', async ({
    expect,
  }) => {
    const body = JSON.stringify([anEvent()])
    const headers = await signedHeaders(body, { keyId: SERVER_KEY_ID, timeMs: Date.now() })
    const send = (units: number) => post('/api/ingest/events', headers, body, units)
    expect(await send(0)).toMatchObject({ status: 429 })
    expect(await send(1)).toMatchObject({ status: 202 })
    expect(await send(1)).toMatchObject({ status: 409, code: 'nonce_used' })
  })

  it('whose body is at fault has used its nonce', async ({ expect }) => {
    const body = '{"event": oops'
    const headers = await signedHeaders(body, { keyId: SERVER_KEY_ID, timeMs: Date.now() })
    expect(await post('/api/ingest/events', headers, body, 1)).toMatchObject({ status: 400 })
    expect(await post('/api/ingest/events', headers, body, 1)).toMatchObject({ status: 409 })
  })
})
