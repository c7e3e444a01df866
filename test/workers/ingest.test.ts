import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, it, vi } from 'vitest'

import { createApp } from '../../src/app.ts'
import { configOf } from '../../src/config.ts'
import { decodeEnvelope } from '../../src/event/envelope.ts'
import { currentSettings } from '../../src/settings/current-settings.ts'
import { changeStoredSettings } from '../../src/settings/stored-settings.ts'
import type { Sent } from './aggregates-support.ts'
import { keepingQueue } from './aggregates-support.ts'
import {
  anEvent,
  answerSchema,
  compressed,
  countRows,
  createGame,
  insertGame,
  insertKey,
  track,
} from './support.ts'

const GAME = 'ingest-test'

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
          status: 'quarantined',
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

  it.for(['gzip', 'deflate'] as const)(
    'accepts and stores a %s body',
    async (format, { expect }) => {
      const id = `packed-${format}`
      const body = JSON.stringify({ events: [anEvent({ event_id: id })], sent_at: Date.now() })
      const response = await track(await compressed(body, format), { 'Content-Encoding': format })
      expect(response.status).toBe(202)
      expect(answerSchema.parse(await response.json())).toMatchObject({ accepted: 1, results: [] })
      await vi.waitUntil(
        async () => (await storedRows('events', 'event_id = {id:String}', { id })) === 1,
        {
          timeout: 15_000,
          interval: 200,
        },
      )
    },
  )

  it('accepts lines around one that is no JSON, and keeps that one', async ({ expect }) => {
    const lines = [anEvent({ event_id: 'line-1' }), anEvent({ event_id: 'line-2' })]
    const body = `${JSON.stringify(lines[0])}\n{"event": oops\n${JSON.stringify(lines[1])}\n`
    const response = await track(body, { 'Content-Type': 'application/x-ndjson' })
    expect(await response.json()).toMatchObject({
      accepted: 2,
      rejected: 1,
      results: [{ index: 1, code: 'invalid_json' }],
    })
    await vi.waitUntil(
      async () =>
        (await storedRows('events', `startsWith(event_id, 'line-')`, {})) === 2 &&
        (await storedRows('events_rejected', `payload = '{"event": oops'`, {})) === 1,
      { timeout: 15_000, interval: 200 },
    )
  })

  it('corrects a clock that is a year off by the send time', async ({ expect }) => {
    const yearMs = 365 * 86_400_000
    const clockMs = Date.now() - yearMs
    const event = anEvent({ event_id: 'year-off', event_time: clockMs - 60_000 })
    const response = await track(JSON.stringify({ events: [event], sent_at: clockMs }))
    expect(await response.json()).toMatchObject({
      accepted: 1,
      results: [{ status: 'corrected', code: 'event_time_corrected' }],
    })
    const condition = `event_id = 'year-off' AND time_method = 'sent_at'
      AND abs(dateDiff('second', event_time, now())) < 300
      AND abs(dateDiff('day', client_time, now())) > 364`
    await vi.waitUntil(async () => (await storedRows('events', condition, {})) === 1, {
      timeout: 15_000,
      interval: 200,
    })
  })

  it('stores a batch once that is sent again with a new sent_at and without event ids', async ({
    expect,
  }) => {
    const events = [anEvent({ user_id: 'resent-1' }), anEvent({ user_id: 'resent-2' })]
    for (const sentAt of [Date.now() - 300_000, Date.now()]) {
      const body = JSON.stringify({ events, sent_at: sentAt })
      expect((await track(body)).status).toBe(202)
    }
    await track(JSON.stringify(anEvent({ user_id: 'resent-3' })))
    await vi.waitUntil(async () => (await storedRows('events', `user_id = 'resent-3'`, {})) === 1, {
      timeout: 15_000,
      interval: 200,
    })
    expect(await storedRows('events', `user_id IN ('resent-1', 'resent-2')`, {})).toBe(2)
  })

  it('stores what was accepted beside bad lines that inflate to megabytes', async ({ expect }) => {
    const good = Array.from({ length: 300 }, (_, index) => anEvent({ event_id: `beside-${index}` }))
    const bad = Array.from({ length: 360 }, () => '\u0001'.repeat(7_700))
    const body = [...good.map((event) => JSON.stringify(event)), ...bad].join('\n')
    const response = await track(await compressed(body, 'gzip'), {
      'Content-Type': 'application/x-ndjson',
      'Content-Encoding': 'gzip',
    })
    expect(answerSchema.parse(await response.json())).toMatchObject({
      accepted: 300,
      rejected: 360,
    })
    const stored = () => storedRows('events', `startsWith(event_id, 'beside-')`, {})
    await vi.waitUntil(async () => (await stored()) === 300, { timeout: 20_000, interval: 200 })
  })

  it('counts an order once that is reported three ways, and keeps its amount in cents', async ({
    expect,
  }) => {
    const purchase = (fields: Record<string, unknown>) => ({
      user_id: 'payer',
      event: 'purchase_success',
      event_time: Date.now(),
      order_id: 'order-1',
      sku_id: 'gems_100',
      price_usd: 9.99,
      country: 'DE',
      ...fields,
    })
    const bodies = [
      purchase({}),
      [purchase({ event_id: 'p-1' })],
      {
        events: [purchase({ event_id: 'p-2', event_time: Date.now() - 86_400_000 })],
        sent_at: Date.now(),
      },
    ]
    for (const body of bodies) expect((await track(JSON.stringify(body))).status).toBe(202)
    const condition = `user_id = 'payer' AND order_id = 'order-1' AND amount_cents = 999
      AND currency = 'USD' AND status = 'success' AND product_id = 'gems_100' AND country = 'DE'`
    await vi.waitUntil(
      async () =>
        (await storedRows('payments', condition, {})) === 1 &&
        (await storedRows('events', `user_id = 'payer'`, {})) === 3,
      { timeout: 15_000, interval: 200 },
    )
    expect(await storedRows('payments', `user_id = 'payer'`, {})).toBe(1)
  })

  it('accepts a batch whose sent_at cannot be read, and says that it did not help', async ({
    expect,
  }) => {
    const response = await track(JSON.stringify({ events: [anEvent()], sent_at: 'now' }))
    expect(response.status).toBe(202)
    expect(await response.json()).toMatchObject({
      accepted: 1,
      warnings: [expect.stringContaining('sent_at')],
    })
  })

  it('rejects an event of 100,000 levels and accepts the one beside it', async ({ expect }) => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const response = await track(`[${JSON.stringify(anEvent())},{"event":${deep}},${deep}]`)
    expect(await response.json()).toMatchObject({ accepted: 1, rejected: 2 })
  })

  it('takes the game from the key when no header names it', async ({ expect }) => {
    expect((await track(JSON.stringify(anEvent()))).status).toBe(202)
  })
})

describe('a message of accepted events', () => {
  it('says how the game counts, what users were seen with, and which days bring money', async ({
    expect,
  }) => {
    const scope = { gameId: 'ingest-counting', env: 'prod' }
    await insertGame(scope.gameId, 'Asia/Tokyo')
    await insertKey(scope.gameId, { kind: 'write', key: 'cw_counting' })
    const nowMs = Date.now()
    const asked = { patch: { sketch_shards: 4 }, by: 'test', nowMs, version: undefined }
    await changeStoredSettings(env, scope, asked)
    expect((await currentSettings(env, scope, nowMs)).sketch_shards).toBe(4)
    const sent: Sent[] = []
    const time = new Date(nowMs - (nowMs % 86_400_000)).toISOString()
    const purchase = {
      event: 'monetization.purchase_success',
      event_id: 'p-1',
      event_time: time,
      props: { order_id: 'o-1', sku_id: 's', price_usd: 1 },
    }
    const response = await createApp().request(
      '/api/events/track',
      {
        method: 'POST',
        headers: { Authorization: 'Bearer cw_counting' },
        body: JSON.stringify([anEvent({ event_time: time }), anEvent(purchase)]),
      },
      { ...env, EVENTS_QUEUE: keepingQueue(sent) },
      createExecutionContext(),
    )
    expect(await response.json()).toMatchObject({ accepted: 2, results: [] })
    const [envelope] = sent.map(({ body }) => decodeEnvelope(body))
    // Nine in the morning in Tokyo.
    const day = Math.floor(nowMs / 86_400_000)
    expect(envelope).toMatchObject({
      counting: { timeZone: 'Asia/Tokyo', shards: 4, hashId: configOf(env).hashId },
      revenueDays: [day],
    })
    const active = envelope?.tokens.filter(({ metric }) => metric === 'dau')
    expect(active).toMatchObject([{ bucket: day, by: ['ios', '', '', '1.2.3'] }])
  })
})
