import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, it, vi } from 'vitest'
import { z } from 'zod'

import { createApp } from '../../src/app.ts'
import { countRows, createGame, READ_KEY, track, WRITE_KEY } from './support.ts'

const GAME = 'ingest-test'
const URL_TRACK = 'http://edge.test/api/events/track'

const answerSchema = z.object({
  accepted: z.number(),
  rejected: z.number(),
  trace_id: z.string().regex(/^[0-9a-f]{16}$/),
  results: z.array(
    z.object({
      index: z.number(),
      event_id: z.string().nullable(),
      status: z.string(),
      code: z.string(),
      pointer: z.string(),
      detail: z.string(),
    }),
  ),
  stored: z.boolean().optional(),
  warning: z.string().optional(),
})

const problemSchema = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  trace_id: z.string().regex(/^[0-9a-f]{16}$/),
})

const anEvent = (fields: Record<string, unknown> = {}) => ({
  user_id: 'user_123',
  session_id: 'sess_456',
  event: 'session.start',
  event_time: new Date().toISOString(),
  platform: 'ios',
  app_version: '1.2.3',
  props: { entry_point: 'main_menu', campaign_id: 'campaign_001' },
  ...fields,
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
  it('accepts the event of the specification and stores it with every field', async ({
    expect,
  }) => {
    const event = anEvent({ event_id: 'spec-1' })
    const response = await track(JSON.stringify(event), { 'X-Game-ID': GAME, 'X-Env': 'prod' })
    expect(response.status).toBe(202)
    const answer = answerSchema.parse(await response.json())
    expect(answer).toMatchObject({ accepted: 1, rejected: 0, results: [] })
    expect(response.headers.get('X-Trace-Id')).toBe(answer.trace_id)
    const condition = `event_id = 'spec-1' AND env = 'prod' AND user_id = 'user_123'
      AND session_id = 'sess_456' AND event = 'session.start' AND platform = 'ios'
      AND app_version = '1.2.3' AND event_time = parseDateTime64BestEffort({time:String}, 3)
      AND JSONExtractString(props_json, 'campaign_id') = 'campaign_001'`
    await vi.waitUntil(
      async () => (await storedRows('events', condition, { time: event.event_time })) === 1,
      { timeout: 15_000, interval: 200 },
    )
  })

  it('stores a body that is sent three times once, without an event_id of the client', async ({
    expect,
  }) => {
    const body = JSON.stringify([anEvent({ user_id: 'retry-1' }), anEvent({ user_id: 'retry-2' })])
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect((await track(body)).status).toBe(202)
    }
    const marker = JSON.stringify(anEvent({ user_id: 'retry-3' }))
    await track(marker)
    await vi.waitUntil(async () => (await storedRows('events', `user_id = 'retry-3'`, {})) === 1, {
      timeout: 15_000,
      interval: 200,
    })
    expect(await storedRows('events', `user_id IN ('retry-1', 'retry-2')`, {})).toBe(2)
  })

  it('accepts 500 good events around one bad one, says which, and keeps the bad one', async ({
    expect,
  }) => {
    const events: unknown[] = Array.from({ length: 500 }, (_, index) =>
      anEvent({ event_id: `many-${index}`, user_id: `many-${index}` }),
    )
    events.splice(250, 0, anEvent({ event_id: 'many-bad', platform: 'amiga' }))
    const response = await track(JSON.stringify(events))
    expect(response.status).toBe(202)
    expect(await response.json()).toMatchObject({
      accepted: 500,
      rejected: 1,
      results: [
        {
          index: 250,
          event_id: 'many-bad',
          status: 'rejected',
          code: 'invalid_attribute',
          pointer: '/platform',
          detail: expect.stringContaining('one of ios, android'),
        },
      ],
    })
    await vi.waitUntil(
      async () =>
        (await storedRows('events', `startsWith(event_id, 'many-')`, {})) === 500 &&
        (await storedRows(
          'events_rejected',
          `event_id = 'many-bad' AND code = 'invalid_attribute' AND pointer = '/platform'
           AND event = 'session.start' AND JSONExtractString(payload, 'platform') = 'amiga'`,
          {},
        )) === 1,
      { timeout: 15_000, interval: 200 },
    )
  })

  it('takes the game from the key when no header names it', async ({ expect }) => {
    expect((await track(JSON.stringify(anEvent()))).status).toBe(202)
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
    expect(sent).toBeLessThan(2_000_000)
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
    expect(logged.mock.calls.flat().join('\n')).toContain('SKETCH_KEY')
    expect(logged.mock.calls.flat().join('\n') + text).not.toContain('secret-value')
    logged.mockRestore()
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
