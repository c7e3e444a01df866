/** What a game has set up or switched off, as far as the doors of ingest go by it. */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, it } from 'vitest'

import { createApp } from '../../src/app.ts'
import { createGame, userToken, WRITE_KEY } from './support.ts'
import {
  aGameWith,
  answerOf,
  bearer,
  login,
  paid,
  postJson,
  problemOf,
  rowsIn,
  untilRows,
} from './ways-in-support.ts'

const TRACK = '/api/events/track'
const PAYMENTS = '/api/payments/track'

let operator = ''

beforeAll(async () => {
  await createGame('ways-in-settings')
  operator = await userToken('operator')
})

/** Changes the filters of a game as an operator does; the next request goes by them. */
async function change(gameId: string, body: Record<string, unknown>): Promise<void> {
  const headers = { ...bearer(operator), 'X-Game-ID': gameId, 'X-Env': 'prod' }
  const response = await postJson('/api/analytics/filters', body, { headers })
  if (response.status !== 200) throw new Error(await response.text())
}

const toGame = (key: string) => ({ headers: bearer(key) })

describe('the kill switch', () => {
  it('refuses every POST with its reason, and lets them in again', async ({ expect }) => {
    const { gameId, writeKey } = await aGameWith('ways-in-switch')
    await change(gameId, { ingest_enabled: false, ingest_disabled_reason: 'a flood of events' })
    for (const [path, body] of [
      [TRACK, login()],
      [PAYMENTS, paid()],
      ['/api/analytics/ingest', 'no event'],
    ] as const) {
      expect(await problemOf(await postJson(path, body, toGame(writeKey)))).toEqual({
        status: 403,
        code: 'ingest_disabled',
        detail: expect.stringContaining('a flood of events'),
      })
    }
    await change(gameId, { ingest_enabled: true })
    expect((await postJson(TRACK, login(), toGame(writeKey))).status).toBe(202)
    await untilRows('events', gameId, 1)
    expect(await rowsIn('events', gameId)).toBe(1)
    expect(await rowsIn('payments', gameId)).toBe(0)
  })
})

describe('a maintenance window', () => {
  it('answers 503 and when to come back: at its end', async ({ expect }) => {
    const { gameId, writeKey } = await aGameWith('ways-in-window')
    const at = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString()
    const window = { id: 'w', start: at(-60_000), end: at(600_000), message: 'new season' }
    await change(gameId, { maintenance: [window] })
    const response = await postJson(TRACK, login(), toGame(writeKey))
    const seconds = Number(response.headers.get('Retry-After'))
    expect(seconds).toBeGreaterThan(590)
    expect(seconds).toBeLessThanOrEqual(600)
    expect(await problemOf(response)).toMatchObject({
      status: 503,
      code: 'maintenance',
      detail: expect.stringContaining('new season'),
    })
    for (const other of [
      { ...window, block_writes: false },
      { ...window, start: at(60_000) },
      { ...window, end: at(-1_000) },
    ]) {
      await change(gameId, { maintenance: [other] })
      expect((await postJson(TRACK, login(), toGame(writeKey))).status).toBe(202)
    }
  })
})

describe('the filters', () => {
  it('leave out events by their canonical name, and say so', async ({ expect }) => {
    const { gameId, writeKey } = await aGameWith('ways-in-filters')
    await change(gameId, { events: ['session_heartbeat', 'user.login'], dropped_events: ['login'] })
    const events = [
      { event: 'session.heartbeat', user_id: 'u', ts: Date.now() },
      login(),
      { event: 'ui_click', user_id: 'u', element_id: 'e', ts: Date.now() },
      { event: 'nonsense', user_id: 'u', ts: Date.now() },
    ]
    expect(await answerOf(await postJson(TRACK, events, toGame(writeKey)))).toMatchObject({
      accepted: 1,
      filtered: 2,
      rejected: 1,
      results: [
        { index: 1, status: 'filtered', code: 'event_filtered', pointer: '/event' },
        { index: 2, status: 'filtered', code: 'event_filtered', pointer: '/event' },
        { index: 3, status: 'quarantined', code: 'unknown_event' },
      ],
    })
    await untilRows('events', gameId, 1)
    expect(await rowsIn('events', gameId)).toBe(1)
  })

  it('stop payments at both doors, and nothing else', async ({ expect }) => {
    const { gameId, writeKey } = await aGameWith('ways-in-payments')
    await change(gameId, { payments_enabled: false })
    const purchase = { event: 'purchase', user_id: 'u', order_id: 'o', sku_id: 's', price_usd: 1 }
    const events = [{ ...purchase, ts: Date.now() }, login()]
    const filtered = { status: 'filtered', code: 'payments_disabled' }
    expect(await answerOf(await postJson(TRACK, events, toGame(writeKey)))).toMatchObject({
      accepted: 1,
      filtered: 1,
      results: [{ index: 0, ...filtered }],
    })
    expect(await answerOf(await postJson(PAYMENTS, paid(), toGame(writeKey)))).toMatchObject({
      accepted: 0,
      filtered: 1,
      results: [filtered],
    })
    await untilRows('audit_log', gameId, 2, `actor_kind = 'key'`)
    await untilRows('events', gameId, 1)
    expect(await rowsIn('payments', gameId)).toBe(0)
  })

  it('store a share of the events: the same ones on every attempt, and all that count users', async ({
    expect,
  }) => {
    const { gameId, writeKey } = await aGameWith('ways-in-sampling')
    await change(gameId, { sample_global: 30, sampling: { ui_click: 0, 'ui.popup_show': 100 } })
    const many = (event: string, fields = {}) =>
      Array.from({ length: 200 }, (_, n) => ({
        event,
        user_id: `u${n}`,
        event_id: `e${n}`,
        ts: Date.now() - 1_000,
        ...fields,
      }))
    const sent = [
      ...many('ui.screen_view', { screen_name: 's' }),
      ...many('ui.click', { element_id: 'e' }),
      ...many('ui.popup_show', { popup_id: 'p' }),
      ...many('session.heartbeat'),
    ]
    const answers = [
      await answerOf(await postJson(TRACK, sent, toGame(writeKey))),
      await answerOf(
        await postJson(TRACK, { events: sent, sent_at: Date.now() }, toGame(writeKey)),
      ),
    ]
    const sampledOut = answers.map(({ results }) => results.map(({ index, code }) => [index, code]))
    expect(sampledOut[1]).toEqual(sampledOut[0])
    const accepted = answers[0]?.accepted ?? 0
    expect(accepted - 400).toBeGreaterThan(30)
    expect(accepted - 400).toBeLessThan(90)
    await untilRows('events', gameId, accepted)
    const stored = (condition: string) => rowsIn('events', gameId, condition)
    expect(await stored(`event = 'ui.click'`)).toBe(0)
    expect(await stored(`event = 'ui.popup_show' AND sample_percent = 100`)).toBe(200)
    expect(await stored(`event = 'session.heartbeat' AND sample_percent = 100`)).toBe(200)
    expect(await stored(`event = 'ui.screen_view' AND sample_percent = 30`)).toBe(accepted - 400)
  })
})

describe('the rate limit', () => {
  it('answers 429 with Retry-After, charges a batch by its events, and stores nothing', async ({
    expect,
  }) => {
    const { gameId, writeKey } = await aGameWith('ways-in-rate')
    const charged: string[] = []
    const limiter: RateLimit = {
      limit: ({ key }) => {
        charged.push(key)
        return Promise.resolve({ success: charged.length <= 3 })
      },
    }
    const send = (events: readonly unknown[]) =>
      createApp().request(
        `http://edge.test${TRACK}`,
        { method: 'POST', headers: bearer(writeKey), body: JSON.stringify(events) },
        { ...env, INGEST_RATE: limiter },
      )
    expect((await send([login()])).status).toBe(202)
    const refused = await send(Array.from({ length: 250 }, () => login()))
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0)
    expect(await problemOf(refused)).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(charged).toEqual(Array.from({ length: 4 }, () => `k_w_${gameId}`))
    await untilRows('events', gameId, 1)
    expect(await rowsIn('events', gameId)).toBe(1)
    expect(await rowsIn('audit_log', gameId, 'status = 429')).toBe(0)
  })
})

describe('events of a game', () => {
  const raid = {
    id: 'raid.finished',
    description: '',
    attributes: {
      boss: { type: 'enum', required: true, values: ['dragon', 'hydra'] },
      damage: { type: 'integer', required: false, minimum: 1 },
      crew: { type: 'string', required: false, max_length: 4 },
    },
  }
  const at = (event: string, fields: Record<string, unknown> = {}) => ({
    event,
    user_id: 'u',
    ts: Date.now(),
    ...fields,
  })

  it('of its own are typed as the game says, and stored', async ({ expect }) => {
    const { gameId, writeKey } = await aGameWith('ways-in-custom', {
      custom_events: JSON.stringify([raid]),
    })
    const events = [
      at('raid.finished', { boss: 'hydra', props: { damage: 7, crew: 'abcd' } }),
      at('raid.finished'),
      at('raid.finished', { boss: 'cat' }),
      at('raid.finished', { boss: 'hydra', props: { damage: 0 } }),
      at('raid.finished', { boss: 'hydra', attrs: { crew: 'abcde' } }),
      at('raid_finished', { boss: 'hydra' }),
    ]
    expect(await answerOf(await postJson(TRACK, events, toGame(writeKey)))).toMatchObject({
      accepted: 1,
      rejected: 5,
      results: [
        { index: 1, code: 'missing_attribute', pointer: '/props/boss' },
        { index: 2, code: 'invalid_attribute', pointer: '/boss' },
        { index: 3, code: 'invalid_attribute', pointer: '/props/damage' },
        { index: 4, code: 'invalid_attribute', pointer: '/attrs/crew' },
        { index: 5, code: 'unknown_event', pointer: '/event' },
      ],
    })
    await untilRows('events', gameId, 1, `event = 'raid.finished'`)
    const elsewhere = await postJson(TRACK, events[0], { headers: bearer(WRITE_KEY) })
    expect(await answerOf(elsewhere)).toMatchObject({ results: [{ code: 'unknown_event' }] })
  })

  it('in open mode may have any well-formed name, and the catalog still holds for its own', async ({
    expect,
  }) => {
    const { gameId, writeKey } = await aGameWith('ways-in-open', { event_mode: 'open' })
    const names = ['anything', 'Level_Up', 'a.b-c:d', 'x'.repeat(64)]
    const refused = ['constructor.', '__proto__', 'a b', '.a', 'x'.repeat(65), 'ä', '9a', 'a..b']
    const events = [...names, ...refused].map((name) => at(name, { any: { thing: [1] } }))
    events.push(at('session.start', { session_id: 's', platform: 'amiga' }))
    const answer = await answerOf(await postJson(TRACK, events, toGame(writeKey)))
    expect(answer).toMatchObject({ accepted: names.length, rejected: refused.length + 1 })
    const codes = answer.results.map(({ code }) => code)
    expect(codes).toEqual([...refused.map(() => 'unknown_event'), 'invalid_attribute'])
    await untilRows('events', gameId, names.length)
    for (const name of names) expect(await rowsIn('events', gameId, `event = '${name}'`)).toBe(1)
  })
})

describe('an unset field', () => {
  it.for(['game_id', 'env', 'event_id', 'session_id', 'uptime_ms', 'props', 'attrs'])(
    '%s may be null or the empty string',
    async (field, { expect }) => {
      const events = [login({ [field]: null }), login({ [field]: '' })]
      const headers = bearer(WRITE_KEY)
      expect(
        await answerOf(await postJson(`${TRACK}?validate=only`, events, { headers })),
      ).toMatchObject({ accepted: 2, results: [] })
    },
  )
})
