/**
 * What is stored of a player: what the connection adds where the client said nothing, and what a game that hides ids and
 * properties never stores anywhere.
 */
import { beforeAll, describe, it, vi } from 'vitest'

import { createGame, SERVER_KEY, WRITE_KEY } from './support.ts'
import {
  aGameWith,
  answerOf,
  bearer,
  login,
  paid,
  post,
  postJson,
  readRows,
  rowsIn,
  tablesWith,
  untilRows,
} from './ways-in-support.ts'

const GAME = 'ways-in-player'

beforeAll(async () => {
  await createGame(GAME)
})

describe('the connection', () => {
  const UNITY = 'Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)'
  const cf = { country: 'FR', region: 'Île-de-France', city: 'Paris' }

  it('fills in what the client of a player did not say, and nothing of what it said', async ({
    expect,
  }) => {
    const events = [
      login({ user_id: 'cf-none' }),
      login({ user_id: 'cf-same', country: 'FR', platform: 'ios' }),
      login({ user_id: 'cf-other', country: 'DE' }),
    ]
    const headers = { ...bearer(WRITE_KEY), 'User-Agent': UNITY }
    expect((await postJson('/api/events/track', events, { headers, cf })).status).toBe(202)
    await untilRows('events', GAME, 3, `startsWith(user_id, 'cf-')`)
    const rows = await readRows('events', GAME, `startsWith(user_id, 'cf-') ORDER BY user_id`)
    const place = { region: cf.region, city: cf.city }
    expect(rows).toMatchObject([
      {
        user_id: 'cf-none',
        country: 'FR',
        ...place,
        platform: 'android',
        enriched: ['platform', 'country', 'region', 'city'],
        is_bot: false,
      },
      { user_id: 'cf-other', country: 'DE', region: '', city: '', enriched: ['platform'] },
      {
        user_id: 'cf-same',
        country: 'FR',
        ...place,
        platform: 'ios',
        enriched: ['region', 'city'],
      },
    ])
  })

  it('of a robot is marked', async ({ expect }) => {
    const agent = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'
    const headers = { ...bearer(WRITE_KEY), 'User-Agent': agent }
    await postJson('/api/events/track', login({ user_id: 'robot' }), { headers, cf })
    await untilRows('events', GAME, 1, `user_id = 'robot'`)
    expect(await rowsIn('events', GAME, `user_id = 'robot' AND is_bot`)).toBe(1)
  })

  it('of a server says nothing of the player', async ({ expect }) => {
    const headers = { ...bearer(SERVER_KEY), 'User-Agent': UNITY }
    await postJson('/api/events/track', login({ user_id: 'server' }), { headers, cf })
    await postJson('/api/payments/track', paid({ user_id: 'server', order_id: 'server' }), {
      headers,
      cf,
    })
    await untilRows('events', GAME, 1, `user_id = 'server'`)
    await untilRows('payments', GAME, 1, `user_id = 'server'`)
    const [event] = await readRows('events', GAME, `user_id = 'server'`)
    const nothing = { country: '', region: '', city: '', platform: '' }
    expect(event).toMatchObject({ ...nothing, enriched: [], is_bot: false })
    expect(await readRows('payments', GAME, `user_id = 'server'`)).toMatchObject([nothing])
  })
})

describe('a game with pseudonyms', () => {
  const TRACK = '/api/events/track'
  const PAYMENTS = '/api/payments/track'

  /** A game that stores pseudonyms, the posts sent to it, and everything that was logged meanwhile. */
  async function sendTo(gameId: string, posts: readonly (readonly [string, string])[]) {
    const logged = (['log', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level))
    const { writeKey } = await aGameWith(gameId, { pseudonymize: 1 })
    const answers: string[] = []
    for (const [path, body] of posts) {
      const headers = { ...bearer(writeKey), 'Content-Type': 'application/x-ndjson' }
      answers.push(await (await post(path, body, { headers })).text())
    }
    await postJson(TRACK, login({ user_id: 'marker' }), { headers: bearer(writeKey) })
    await untilRows('audit_log', gameId, posts.length + 1)
    await untilRows('events', gameId, 1, `event = 'user.login'`)
    const lines = logged.flatMap((spy) => spy.mock.calls.map((call) => call.join(' ')))
    for (const spy of logged) spy.mockRestore()
    return { lines, answers }
  }

  it('stores no id of a player or a device anywhere: no table, no log, no answer', async ({
    expect,
  }) => {
    const raw = 'RawPlayer-77'
    const ids = { user_id: raw, device_id: `${raw}-device` }
    const now = Date.now()
    const lines = [
      login(ids),
      { event: 'user.login', ts: now, props: ids },
      login({ ...ids, platform: 'amiga' }),
      { ...ids, event: 'nonsense', ts: now, props: { owner: { user_id: raw } } },
      { ...ids, event: 'user.login', ts: 'never' },
      { ...ids, event: 'session.start', ts: now },
      { event: 'purchase', ...ids, order_id: 'o-1', sku_id: 's', price_usd: 1, ts: now },
    ]
    const { lines: log, answers } = await sendTo('ways-in-pseudonyms', [
      [TRACK, [...lines.map((line) => JSON.stringify(line)), `{"user_id":"${raw}"`].join('\n')],
      [
        PAYMENTS,
        [paid(ids), paid({ ...ids, order_id: 7 })].map((p) => JSON.stringify(p)).join('\n'),
      ],
    ])
    expect(answers.map((answer) => answer.slice(0, 27))).toEqual([
      '{"accepted":3,"rejected":5,',
      '{"accepted":1,"rejected":1,',
    ])
    await untilRows('events_rejected', 'ways-in-pseudonyms', 6)
    expect(await tablesWith(raw)).toEqual([])
    expect(answers.join()).not.toContain(raw)
    expect(log.join('\n')).toContain('ingested')
    expect(log.join('\n')).not.toContain(raw)
    const rows = await readRows('events', 'ways-in-pseudonyms', `device_id != ''`)
    expect(new Set(rows.map((row) => row['user_id'])).size).toBe(1)
    expect(String(rows[0]?.['user_id'])).toMatch(/^pid_[0-9a-f]{32}$/)
    expect(rows[0]?.['device_id']).not.toBe(rows[0]?.['user_id'])
    const [payment] = await readRows('payments', 'ways-in-pseudonyms', `order_id = 'o1'`)
    expect(payment?.['user_id']).toBe(rows[0]?.['user_id'])
  })

  it.for([
    ['alias', { event: 'user.alias', user_id: 'new', previous_user_id: 'RawPlayer-alias' }],
    ['friend', { event: 'friend_add', user_id: 'u', friend_id: 'RawPlayer-friend' }],
    [
      'reported',
      { event: 'player_report', user_id: 'u', reported_user_id: 'RawPlayer-reported', reason: 'x' },
    ],
    [
      'nested',
      { event: 'user.login', user_id: 'u', props: { owner: { user_id: 'RawPlayer-nested' } } },
    ],
    ['text', 'RawPlayer-text'],
  ] as const)(
    'stores no id of a player that stands elsewhere: %s',
    async ([name, event], { expect }) => {
      const sent = typeof event === 'string' ? event : { ...event, ts: Date.now() }
      const gameId = `ways-in-${name}`
      await sendTo(gameId, [[TRACK, JSON.stringify(sent)]])
      await untilRows(typeof event === 'string' ? 'events_rejected' : 'events', gameId, 1)
      expect(await tablesWith(`RawPlayer-${name}`)).toEqual([])
    },
  )
})

describe('a game with masked properties', () => {
  it('stores no value of them: not in events, payments, refusals or the audit log', async ({
    expect,
  }) => {
    const masked = ['email', 'city', 'reason', 'sku_id', 'product_id']
    const gameId = 'ways-in-masked'
    const { writeKey, serverKey } = await aGameWith(gameId, {
      masked_properties: JSON.stringify(masked),
    })
    const secret = 'Masked-Value-5'
    const hidden = { email: `${secret}@x.y`, city: secret, reason: secret, sku_id: secret }
    const now = Date.now()
    const events = [
      login({ ...hidden, props: { deep: { email: secret, list: [{ email: secret }] } } }),
      login({ ...hidden, platform: 'amiga' }),
      { event: 'purchase_fail', user_id: 'u', order_id: 'f1', ts: now, ...hidden },
      { event: 'purchase', user_id: 'u', order_id: 's1', price_usd: 1, ts: now, ...hidden },
    ]
    const payments = [
      paid({ ...hidden, order_id: 'p1' }),
      paid({ order_id: 'p2', product_id: secret }),
      paid({ ...hidden, order_id: 'p3', status: 'nonsense' }),
    ]
    expect(
      await answerOf(await postJson('/api/events/track', events, { headers: bearer(writeKey) })),
    ).toMatchObject({ accepted: 3, rejected: 1 })
    expect(
      await answerOf(
        await postJson('/api/payments/track', payments, { headers: bearer(serverKey) }),
      ),
    ).toMatchObject({ accepted: 2, rejected: 1 })
    await untilRows('payments', gameId, 4)
    await untilRows('events_rejected', gameId, 2)
    await untilRows('events', gameId, 3)
    expect(await tablesWith(secret)).toEqual([])
    expect(await rowsIn('events', gameId, `JSONExtractString(props_json, 'email') = '***'`)).toBe(3)
  })
})
