/** Every way in: the doors, beacons and pages, what is put on record of each POST, what the connection adds. */
import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, it, vi } from 'vitest'
import { z } from 'zod'

import { createApp } from '../../src/app.ts'
import { createGame, SERVER_KEY, SERVER_KEY_ID, signedHeaders, WRITE_KEY } from './support.ts'
import {
  aGameWith,
  answerOf,
  bearer,
  login,
  paid,
  post,
  postJson,
  problemOf,
  readRows,
  rowsIn,
  untilRows,
} from './ways-in-support.ts'

const GAME = 'ways-in-test'

beforeAll(async () => {
  await createGame(GAME)
})

describe('every door', () => {
  it.for([
    ['/api/events/track', 'events'],
    ['/api/analytics/ingest', 'events'],
    ['/api/payments/track', 'payments'],
    ['/api/analytics/payments/ingest', 'payments'],
  ] as const)('%s takes %s with a key', async ([path, table], { expect }) => {
    const id = `door-${path.replaceAll('/', '-')}`
    const body = table === 'events' ? login({ user_id: id }) : paid({ user_id: id, order_id: id })
    const answer = await answerOf(await postJson(path, body, { headers: bearer(WRITE_KEY) }))
    expect(answer).toMatchObject({ status: 202, accepted: 1, rejected: 0, results: [] })
    await untilRows(table, GAME, 1, `user_id = '${id}'`)
  })

  it.for([
    ['/api/ingest/events', 'events'],
    ['/api/ingest/payments', 'payments'],
  ] as const)(
    '%s takes %s with a signature, as the word of a server',
    async ([path, table], { expect }) => {
      const id = `signed-${table}`
      const body = JSON.stringify(
        table === 'events'
          ? [
              login({ user_id: id }),
              { event: 'refund', order_id: id, user_id: id, price_usd: 1, ts: Date.now() },
            ]
          : [paid({ user_id: id, order_id: id })],
      )
      const headers = await signedHeaders(body, { keyId: SERVER_KEY_ID, timeMs: Date.now() })
      const scoped = { ...headers, 'X-Game-ID': GAME, 'X-Env': 'prod' }
      expect(await answerOf(await post(path, body, { headers: scoped }))).toMatchObject({
        status: 202,
        rejected: 0,
        results: [],
      })
      await untilRows('payments', GAME, 1, `user_id = '${id}' AND reported_by = 'server'`)
      expect(await problemOf(await post(path, body, { headers: scoped }))).toMatchObject({
        status: 409,
        code: 'nonce_used',
      })
      expect(
        await problemOf(await post(path, body, { headers: bearer(SERVER_KEY) })),
      ).toMatchObject({ status: 401, code: 'missing_signature' })
    },
  )
})

describe('a web page', () => {
  const ORIGIN = 'https://play.example.com'
  const url = '/api/events/track'
  let writeKey = ''

  beforeAll(async () => {
    const game = await aGameWith('ways-in-page', { allowed_origins: JSON.stringify([ORIGIN]) })
    writeKey = game.writeKey
  })

  it('is told by the preflight what it may send', async ({ expect }) => {
    const response = await exports.default.fetch(`http://edge.test${url}`, {
      method: 'OPTIONS',
      headers: {
        Origin: ORIGIN,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization,content-type',
      },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN)
    expect(response.headers.get('Access-Control-Allow-Methods')).toContain('POST')
    expect(response.headers.get('Access-Control-Allow-Headers')).toMatch(/authorization.*content-/)
  })

  it('sends a beacon of plain text with its write key in the address', async ({ expect }) => {
    const body = JSON.stringify({ events: [login({ user_id: 'beacon' })], sent_at: Date.now() })
    const headers = { 'Content-Type': 'text/plain;charset=UTF-8', Origin: ORIGIN }
    const response = await post(`${url}?key=${writeKey}`, body, { headers })
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN)
    expect(await answerOf(response)).toMatchObject({ status: 202, accepted: 1 })
    await untilRows('events', 'ways-in-page', 1, `user_id = 'beacon'`)
  })

  it('of another origin is refused, and can read why', async ({ expect }) => {
    const headers = { ...bearer(writeKey), Origin: 'https://evil.example' }
    const response = await postJson(url, login({ user_id: 'evil' }), { headers })
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://evil.example')
    expect(response.headers.get('Vary')).toContain('Origin')
    expect(await problemOf(response)).toMatchObject({ status: 403, code: 'origin_not_allowed' })
  })

  it.for([
    ['an unknown key', () => bearer('cw_unknown'), '[]', 401, 'unknown_key'],
    ['a body that is no JSON', () => bearer(writeKey), '{', 400, 'invalid_json'],
    ['no body', () => bearer(writeKey), null, 400, 'empty_body'],
    [
      'a coding that nobody knows',
      () => ({ ...bearer(writeKey), 'Content-Encoding': 'zz' }),
      '[]',
      415,
      'unsupported_encoding',
    ],
  ] as const)('can read the refusal of %s', async ([, headers, body, status, code], { expect }) => {
    const response = await post(url, body, { headers: { ...headers(), Origin: ORIGIN } })
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN)
    expect(response.headers.get('Access-Control-Expose-Headers')).toContain('x-trace-id')
    expect(await problemOf(response)).toMatchObject({ status, code })
  })

  it('may not use a server key, in the address or in a header', async ({ expect }) => {
    const inUrl = await postJson(`${url}?key=${SERVER_KEY}`, login())
    expect(await problemOf(inUrl)).toMatchObject({ status: 403, code: 'key_in_url' })
    const headers = { ...bearer(SERVER_KEY), Origin: ORIGIN }
    expect(await problemOf(await postJson(url, login(), { headers }))).toMatchObject({
      status: 403,
      code: 'origin_not_allowed',
    })
  })
})

describe('?validate=only', () => {
  it('judges everything and stores nothing: no row, no message', async ({ expect }) => {
    const { gameId, writeKey } = await aGameWith('ways-in-dry')
    const send = vi.fn<Queue['send']>()
    const sendBatch = vi.fn<Queue['sendBatch']>()
    const queue: Queue = { metrics: () => env.EVENTS_QUEUE.metrics(), send, sendBatch }
    const bodies = [
      ['/api/events/track', JSON.stringify([login(), { event: 'nonsense' }]), 200],
      ['/api/payments/track', JSON.stringify([paid(), { order_id: 'o' }]), 200],
      ['/api/events/track', '{"event": oops', 400],
      ['/api/payments/track', '{"payments": 7}', 400],
    ] as const
    for (const [path, body, status] of bodies) {
      const init = { method: 'POST', headers: bearer(writeKey), body }
      const address = `http://edge.test${path}?validate=only`
      const bindings = { ...env, EVENTS_QUEUE: queue }
      const response = await createApp().request(address, init, bindings)
      expect(response.status).toBe(status)
      if (status === 200) {
        expect(await response.json()).toMatchObject({ accepted: 1, rejected: 1, stored: false })
      }
      expect(
        (await post(`${path}?validate=only`, body, { headers: bearer(writeKey) })).status,
      ).toBe(status)
    }
    expect(send.mock.calls.length + sendBatch.mock.calls.length).toBe(0)
    await postJson('/api/events/track', login({ user_id: 'marker' }), { headers: bearer(writeKey) })
    await untilRows('events', gameId, 1)
    const tables = ['events', 'payments', 'events_rejected', 'audit_log']
    const counts = await Promise.all(tables.map((table) => rowsIn(table, gameId)))
    expect(counts).toEqual([1, 0, 0, 1])
  })

  it('is spelled like that', async ({ expect }) => {
    const response = await postJson('/api/events/track?validate=yes', login(), {
      headers: bearer(WRITE_KEY),
    })
    expect(await problemOf(response)).toMatchObject({ status: 400, code: 'invalid_parameter' })
  })
})

describe('the audit log', () => {
  it('has a row for every POST that came to its body, with its outcome and without any value', async ({
    expect,
  }) => {
    const { gameId, writeKey, serverKey } = await aGameWith('ways-in-audit')
    const secret = 'Secret-Value-17'
    const bad = { event: 'nonsense', user_id: secret, props: { note: secret } }
    const posts = [
      [
        '/api/events/track',
        writeKey,
        JSON.stringify([login({ user_id: secret, note: secret }), bad]),
      ],
      [
        '/api/payments/track',
        serverKey,
        JSON.stringify(paid({ user_id: secret, order_id: secret })),
      ],
      ['/api/events/track', writeKey, `{"event": ${secret}`],
      ['/api/events/track', writeKey, JSON.stringify(Array.from({ length: 1_001 }, () => 1))],
      ['/api/events/track', writeKey, ' '],
    ] as const
    const expected = []
    for (const [path, key, body] of posts) {
      const response = await post(path, body, { headers: bearer(key) })
      const answer = z.looseObject({ accepted: z.int().default(0) }).parse(await response.json())
      const rejected = response.status === 202 ? answer['rejected'] : body.includes('{') ? 1 : 0
      expected.push({
        action: path === '/api/events/track' ? 'events.track' : 'payments.track',
        actor_kind: 'key',
        actor_id: key === writeKey ? `k_w_${gameId}` : `k_s_${gameId}`,
        status: response.status,
        bytes: body.length,
        accepted: answer.accepted,
        rejected,
        trace_id: response.headers.get('X-Trace-Id'),
      })
    }
    expect(expected.map(({ status }) => status)).toEqual([202, 202, 400, 413, 400])
    await untilRows('audit_log', gameId, posts.length)
    const rows = await readRows('audit_log', gameId)
    expect(rows).toHaveLength(posts.length)
    const byTrace = new Map(rows.map((row) => [row['trace_id'], row]))
    for (const row of expected) expect(byTrace.get(row.trace_id)).toMatchObject(row)
    expect(JSON.stringify(rows)).not.toContain(secret)
    expect(String(byTrace.get(expected[0]?.trace_id ?? '')?.['snapshot'])).toContain('user_id')
  })

  it('has a row for bodies that are too large as well', async ({ expect }) => {
    const { gameId, writeKey } = await aGameWith('ways-in-large')
    const response = await post('/api/events/track', `"${'x'.repeat(1_000_001)}"`, {
      headers: bearer(writeKey),
    })
    expect(response.status).toBe(413)
    await postJson('/api/events/track', login(), { headers: bearer(writeKey) })
    await untilRows('audit_log', gameId, 1, 'status = 202')
    expect(await rowsIn('audit_log', gameId, 'status = 413')).toBe(1)
  })
})
