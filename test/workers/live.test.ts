/** GET /api/events/live: who may watch what, and how ingest publishes. The feed itself: live-feed.test.ts. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, it, vi } from 'vitest'

import { LIVE_PAUSE_MS, MAX_LIVE_ENTRIES_PER_POST } from '../../configs/limits.ts'
import { liveHelloSchema } from '../../src/event/live-entry.ts'
import { isWatched, publishLive } from '../../src/live/publish.ts'
import { currentSettings } from '../../src/settings/current-settings.ts'
import type { StreamEvent } from './live-support.ts'
import { anEntry, leaveAll, live, publish, Stream, watch } from './live-support.ts'
import { anEvent, createGame, insertGame, READ_KEY, track, WRITE_KEY } from './support.ts'

beforeAll(async () => {
  await createGame('live-key')
})

afterEach(leaveAll)

describe('GET /live', () => {
  it('greets with what a viewer must know, and cannot be cached or buffered', async ({
    expect,
  }) => {
    await insertGame('live-hello')
    const response = await live('live-hello')
    expect(response.headers.get('Content-Type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('Cache-Control')).toBe('no-store, no-transform')
    expect(response.headers.get('X-Trace-Id')).toMatch(/^[0-9a-f]{16}$/)
    const hello = await new Stream(response).next()
    expect(hello.name).toBe('hello')
    expect(liveHelloSchema.parse(hello.data)).toEqual({
      game_id: 'live-hello',
      env: 'prod',
      remembered: 0,
      starts_within_seconds: 11,
      entries_per_post: MAX_LIVE_ENTRIES_PER_POST,
      heartbeat_seconds: 15,
    })
  })

  it('shows entries in order, under their status, with ids that rise', async ({ expect }) => {
    await insertGame('live-order')
    const stream = await watch('live-order')
    const sent = [
      anEntry(0),
      anEntry(1, { status: 'corrected', code: 'event_time_clamped' }),
      anEntry(2, { status: 'quarantined', payload: '{"event":"boss \n — 魔王"}' }),
      anEntry(3, { status: 'rejected', detail: 'expected\r\na string' }),
      anEntry(4, { status: 'filtered', time_ms: null }),
    ]
    await publish('live-order', ...sent.slice(0, 2))
    await publish('live-order', ...sent.slice(2))
    const shown: StreamEvent[] = []
    for (const _ of sent) shown.push(await stream.next())
    expect(shown.map(({ name }) => name)).toEqual(sent.map(({ status }) => status))
    expect(shown.map(({ data }) => data)).toEqual(sent)
    const ids = shown.map(({ id }) => id ?? 0)
    expect(ids).toEqual(ids.map((_, at) => (ids[0] ?? 0) + at))
  })

  it('shows everything to each of two viewers', async ({ expect }) => {
    await insertGame('live-two')
    const streams = [await watch('live-two'), await watch('live-two')]
    await publish('live-two', anEntry(0), anEntry(1))
    for (const stream of streams) {
      expect(await stream.entry()).toEqual(anEntry(0))
      expect(await stream.entry()).toEqual(anEntry(1))
    }
  })

  it('keeps games apart', async ({ expect }) => {
    await insertGame('live-a')
    await insertGame('live-b')
    const stream = await watch('live-a')
    await publish('live-b', anEntry(0))
    await publish('live-a', anEntry(1))
    expect((await stream.entry()).index).toBe(1)
  })

  it.for([
    ['?status=rejected', [2]],
    ['?event=session_start', [0, 2]],
    ['?event=ui.click', [1]],
    ['?user_id=user_2', [1]],
    ['?event=session.start&status=accepted&user_id=user_1&env=prod', [0]],
  ] as const)('shows with %s only what fits', async ([query, indexes], { expect }) => {
    const game = `live-filter-${query.replaceAll(/\W/g, '-')}`
    await insertGame(game)
    // The same filter for what is remembered and for what comes.
    const entries = [
      anEntry(0),
      anEntry(1, { event: 'ui_click', user_id: 'user_2', status: 'corrected' }),
      anEntry(2, { status: 'rejected' }),
    ]
    await publish(game, ...entries)
    const stream = await watch(game, query)
    await publish(game, ...entries)
    for (const index of [...indexes, ...indexes]) expect((await stream.entry()).index).toBe(index)
  })

  it.for([
    ['?status=ok', 'status: expected one of accepted, corrected, quarantined, rejected, filtered'],
    ['?stats=accepted', 'stats: is no parameter of this address'],
    ['?event=', 'event: expected the name of an event'],
    ['?event=a&event=b', 'event: expected once'],
  ])('refuses %s', async ([query, detail], { expect }) => {
    const response = await live('live-key', { token: READ_KEY, query: query ?? '' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'invalid_parameter', detail })
  })

  it('is for those who may read, whose key stands in no URL', async ({ expect }) => {
    expect((await live('live-key', { token: WRITE_KEY })).status).toBe(403)
    const inUrl = await live('live-key', { token: '', query: `?key=${READ_KEY}` })
    expect(await inUrl.json()).toMatchObject({ status: 403, code: 'key_in_url' })
    const posted = await live('live-key', { token: READ_KEY, method: 'POST' })
    expect(posted.status).toBe(405)
    expect(posted.headers.get('Allow')).toBe('GET')
    const stream = new Stream(await live('live-key', { token: READ_KEY }))
    expect((await stream.next()).name).toBe('hello')
  })
})

describe('a feed that cannot be reached', () => {
  it.for([
    ['fails', () => Promise.reject(new Error('the object was reset'))],
    ['answers nothing', () => new Promise(() => {})],
  ] as const)('is said to be when it %s', { timeout: 10_000 }, async ([, fetching], { expect }) => {
    const getByName = () => ({ fetch: fetching })
    const bindings: Env = { ...env, LIVE_FEED: new Proxy(env.LIVE_FEED, { get: () => getByName }) }
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = await live('live-key', { token: READ_KEY, bindings })
    logged.mockRestore()
    expect(response.headers.get('Retry-After')).toBe('5')
    expect(await response.json()).toMatchObject({ status: 503, code: 'control_unavailable' })
  })
})

describe('publishing', () => {
  const feedThat = (publishing: () => Promise<unknown>): Env => ({
    ...env,
    LIVE_FEED: new Proxy(env.LIVE_FEED, { get: () => () => ({ publish: publishing }) }),
  })

  it('shows what ingest made of each event of a POST', async ({ expect }) => {
    const stream = await watch('live-key')
    const answer = await track(JSON.stringify([anEvent(), anEvent({ event: 'no.such' })]))
    expect(answer.status).toBe(202)
    const shown = [await stream.entry(), await stream.entry()]
    expect(shown).toMatchObject([
      { status: 'accepted', event: 'session.start', user_id: 'user_123', code: '' },
      { status: 'quarantined', event: 'no.such', code: 'unknown_event', pointer: '/event' },
    ])
    expect(shown[1]?.payload).toContain('"event":"no.such"')
    expect(shown[1]?.advice).not.toBe('')
  })

  it('is needed only while somebody watches', async ({ expect }) => {
    await insertGame('live-watched')
    const scope = { gameId: 'live-watched', env: 'prod' }
    const before = await currentSettings(env, scope, Date.now())
    expect(isWatched(before, Date.now())).toBe(false)
    await watch('live-watched')
    // The isolate that opened the feed knows it at once.
    const settings = await currentSettings(env, scope, Date.now())
    expect(isWatched(settings, Date.now())).toBe(true)
    expect(isWatched(settings, settings.live_until_ms)).toBe(false)
    expect(settings.version).toBe(before.version)
  })

  it('shows the last entries of a large POST', async ({ expect }) => {
    await insertGame('live-large')
    const stream = await watch('live-large')
    await publish('live-large', ...Array.from({ length: 60 }, (_, index) => anEntry(index)))
    expect((await stream.entry()).index).toBe(60 - MAX_LIVE_ENTRIES_PER_POST)
  })

  it('never throws, and never waits for long', async ({ expect }) => {
    const feeds = { silent: () => new Promise(() => {}), broken: () => Promise.reject(new Error()) }
    for (const [name, publishing] of Object.entries(feeds)) {
      const startMs = Date.now()
      await publishLive(feedThat(publishing), { gameId: `live-${name}`, env: 'prod' }, [anEntry(0)])
      expect(Date.now() - startMs).toBeLessThan(1_500)
    }
  })

  it('pauses for a game whose feed cannot follow, and goes on later', async ({ expect }) => {
    const scope = { gameId: 'live-paused', env: 'prod' }
    let calls = 0
    let isBroken = true
    const bindings = feedThat(() => {
      calls += 1
      return isBroken ? Promise.reject(new Error('overloaded')) : Promise.resolve()
    })
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000)
    const three = () =>
      Promise.all([1, 2, 3].map((index) => publishLive(bindings, scope, [anEntry(index)])))
    await three()
    expect(calls).toBe(3)
    await three()
    expect(calls).toBe(3)
    expect(warned).toHaveBeenCalledTimes(1)
    await publishLive(bindings, { ...scope, gameId: 'live-not-paused' }, [anEntry(0)])
    expect(calls).toBe(4)
    now.mockReturnValue(1_000_000 + LIVE_PAUSE_MS)
    isBroken = false
    await three()
    await three()
    now.mockRestore()
    warned.mockRestore()
    expect(calls).toBe(10)
  })
})
