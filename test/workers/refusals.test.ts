import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, it, vi } from 'vitest'
import { z } from 'zod'

import { createApp } from '../../src/app.ts'
import {
  anEvent,
  answerSchema,
  compressed,
  countRows,
  createGame,
  READ_KEY,
  track,
  WRITE_KEY,
} from './support.ts'

const GAME = 'refusals-test'
const URL_TRACK = 'http://edge.test/api/events/track'

const problemSchema = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  trace_id: z.string().regex(/^[0-9a-f]{16}$/),
})

async function problemOf(response: Response) {
  const body = problemSchema.parse(await response.json())
  return {
    status: response.status,
    code: body.code,
    type: response.headers.get('Content-Type'),
    sameTrace: response.headers.get('X-Trace-Id') === body.trace_id,
    sameStatus: body.status === response.status,
  }
}

const storedRows = (table: string, condition: string, params: Record<string, string>) =>
  countRows(table, `game_id = {game:String} AND ${condition}`, { game: GAME, ...params })

beforeAll(async () => {
  await createGame(GAME)
})

describe('POST /api/events/track', () => {
  it('refuses a compression bomb before it has been inflated', async ({ expect }) => {
    const bomb = await compressed('x'.repeat(100_000_000), 'gzip')
    expect(bomb.byteLength).toBeLessThan(200_000)
    const response = await track(bomb, { 'Content-Encoding': 'gzip' })
    expect(await problemOf(response)).toMatchObject({ status: 413, code: 'body_too_large' })
  })

  it.for([
    ['a truncated gzip stream', 'gzip', 400, 'invalid_encoding'],
    ['an encoding that it does not know', 'br', 415, 'unsupported_encoding'],
    ['a prototype name for an encoding', 'constructor', 415, 'unsupported_encoding'],
  ] as const)('refuses %s', async ([, encoding, status, code], { expect }) => {
    const body = (await compressed(JSON.stringify(anEvent()), 'gzip')).subarray(0, 40)
    const response = await track(body, { 'Content-Encoding': encoding })
    expect(await problemOf(response)).toMatchObject({ status, code })
  })

  it.for([
    ['no key', { Authorization: '' }, 401, 'missing_key'],
    ['another scheme', { Authorization: `Basic ${WRITE_KEY}` }, 401, 'missing_key'],
    ['an unknown key', { Authorization: 'Bearer cw_nobody' }, 401, 'unknown_key'],
    ['a read key', { Authorization: `Bearer ${READ_KEY}` }, 403, 'wrong_key_kind'],
    ['the key of another game', { 'X-Game-ID': 'other' }, 403, 'key_of_another_game'],
    ['the key of another environment', { 'X-Env': 'dev' }, 403, 'key_of_another_game'],
  ] as const)('refuses %s', async ([, headers, status, code], { expect }) => {
    expect(await problemOf(await track(JSON.stringify(anEvent()), headers))).toEqual({
      status,
      code,
      type: 'application/problem+json',
      sameTrace: true,
      sameStatus: true,
    })
  })

  it.for([
    ['an empty body', '', 400, 'empty_body'],
    ['a blank body', ' \n', 400, 'empty_body'],
    ['broken JSON', '{"event": ', 400, 'invalid_json'],
    ['a number', '42', 400, 'invalid_body'],
    ['bytes that are no UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 400, 'invalid_encoding'],
    ['a body over the limit', `"${'x'.repeat(1_000_000)}"`, 413, 'body_too_large'],
    ['a 10 MB string', `{"event":"${'x'.repeat(10_000_000)}"}`, 413, 'body_too_large'],
    [
      '1,001 events',
      JSON.stringify(Array.from({ length: 1_001 }, () => ({}))),
      413,
      'batch_too_large',
    ],
  ] as const)('refuses %s', async ([, body, status, code], { expect }) => {
    expect(await problemOf(await track(body))).toMatchObject({ status, code, sameTrace: true })
  })

  it('refuses a body over the limit that does not announce its length', async ({ expect }) => {
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 100_000
        controller.enqueue(new Uint8Array(100_000))
      },
    })
    expect(await problemOf(await track(endless))).toMatchObject({
      status: 413,
      code: 'body_too_large',
    })
    expect(sent).toBeLessThan(20_000_000)
  })

  it('keeps a body that is not JSON with its reason', async ({ expect }) => {
    const response = await track('{"event":"session.start", oops}')
    expect(await problemOf(response)).toMatchObject({ status: 400, code: 'invalid_json' })
    await vi.waitUntil(
      async () =>
        (await storedRows(
          'events_rejected',
          `code = 'invalid_json' AND payload = {payload:String}`,
          { payload: '{"event":"session.start", oops}' },
        )) === 1,
      { timeout: 15_000, interval: 200 },
    )
  })

  it('answers 503 with Retry-After when the queue does not take the message', async ({
    expect,
  }) => {
    const failing: Queue = {
      metrics: () => env.EVENTS_QUEUE.metrics(),
      send: () => Promise.reject(new Error('Too Many Requests')),
      sendBatch: () => Promise.reject(new Error('Too Many Requests')),
    }
    const response = await createApp().request(
      URL_TRACK,
      {
        method: 'POST',
        headers: { Authorization: `Bearer ${WRITE_KEY}` },
        body: JSON.stringify(anEvent()),
      },
      { ...env, EVENTS_QUEUE: failing },
    )
    expect(response.headers.get('Retry-After')).toBe('5')
    expect(await problemOf(response)).toMatchObject({ status: 503, code: 'queue_unavailable' })
  })

  it('says with noop that nothing is stored', async ({ expect }) => {
    const response = await createApp().request(
      URL_TRACK,
      {
        method: 'POST',
        headers: { Authorization: `Bearer ${WRITE_KEY}` },
        body: JSON.stringify(anEvent({ event_id: 'noop-1' })),
      },
      { ...env, ANALYTICS_MQ_TYPE: 'noop' },
    )
    expect(response.status).toBe(202)
    expect(answerSchema.parse(await response.json())).toMatchObject({ accepted: 1, stored: false })
  })

  it('names a variable that is misconfigured in the log, and its value nowhere', async ({
    expect,
  }) => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = await createApp().request(
      URL_TRACK,
      {
        method: 'POST',
        headers: { Authorization: `Bearer ${WRITE_KEY}` },
        body: JSON.stringify(anEvent()),
      },
      { ...env, SKETCH_KEY: 'secret-value' },
    )
    const text = await response.text()
    expect(response.status).toBe(500)
    expect(JSON.parse(text)).toMatchObject({ code: 'misconfigured' })
    expect(logged.mock.calls.flat().join('\n')).toContain('SKETCH_KEY')
    expect(logged.mock.calls.flat().join('\n') + text).not.toContain('secret-value')
    logged.mockRestore()
  })
})

describe('another method', () => {
  it('is refused with the one that works', async ({ expect }) => {
    const response = await exports.default.fetch(URL_TRACK)
    expect(response.headers.get('Allow')).toBe('POST')
    expect(await problemOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' })
  })
})

describe('an address that does not exist', () => {
  it('is a problem document too', async ({ expect }) => {
    const response = await exports.default.fetch('http://edge.test/nowhere')
    expect(await problemOf(response)).toMatchObject({ status: 404, code: 'not_found' })
  })
})

describe('GET /healthz', () => {
  it('says what it checked', async ({ expect }) => {
    const response = await exports.default.fetch('http://edge.test/healthz')
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      status: 'ok',
      checks: {
        clickhouse: { ok: true },
        control_db: { ok: true },
        queue: { ok: true, type: 'cloudflare-queues', backlog: expect.any(Number) },
      },
    })
  })

  it('fails with the part that does not answer, without telling why to strangers', async ({
    expect,
  }) => {
    const response = await createApp().request(
      'http://edge.test/healthz',
      {},
      {
        ...env,
        CLICKHOUSE_URL: 'http://127.0.0.1:9',
      },
    )
    expect(response.status).toBe(503)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({
      status: 'failing',
      checks: { clickhouse: { ok: false }, control_db: { ok: true } },
    })
    expect(text).not.toContain('127.0.0.1')
  })
})
