/** The object behind GET /api/events/live: what it remembers, how many it serves, whom it lets go. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, it, vi } from 'vitest'

import { LIVE_STREAM_MS, LIVE_WATCH_MS, MAX_LIVE_VIEWERS } from '../../configs/limits.ts'
import type { LiveFeed } from '../../durable/live-feed.ts'
import { gameSettingsName } from '../../durable/names.ts'
import { liveDroppedSchema, liveEntrySchema, liveHelloSchema } from '../../src/event/live-entry.ts'
import { anEntry, feedOf, leaveAll, live, publish, Stream, watch } from './live-support.ts'
import { createGame, insertGame } from './support.ts'

beforeAll(async () => {
  await createGame('live-feed-test')
})

afterEach(async () => {
  vi.useRealTimers()
  await leaveAll()
})

/** The heartbeat of feeds that are opened from here on runs by beat(). */
function useFakeHeartbeat(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'], now: Date.now() })
}

/** The heartbeats of a time, within the object: a timer may not touch the streams of another context. */
async function beat(gameId: string, forMs = 15_000): Promise<void> {
  await runInDurableObject(feedOf(gameId), () => {
    vi.advanceTimersByTime(forMs)
  })
}

/** Waits for a condition in real time; vi.waitUntil would move the fake one. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    if (await condition()) return
    await scheduler.wait(20)
  }
  throw new Error('waited 5 s in vain')
}

describe('LiveFeed', () => {
  it('shows the last hundred entries to a new viewer first', async ({ expect }) => {
    await insertGame('live-remembered')
    for (let post = 0; post < 3; post++) {
      const entries = Array.from({ length: 50 }, (_, at) => anEntry(post * 50 + at))
      await publish('live-remembered', ...entries)
    }
    const response = await live('live-remembered')
    const stream = new Stream(response)
    expect(liveHelloSchema.parse((await stream.next()).data).remembered).toBe(100)
    await publish('live-remembered', anEntry(150))
    for (let index = 50; index <= 150; index++) expect((await stream.entry()).index).toBe(index)
  })

  it('keeps nothing on disk', async ({ expect }) => {
    await insertGame('live-memory')
    await watch('live-memory')
    await publish('live-memory', anEntry(0))
    await runInDurableObject(feedOf('live-memory'), async (_: LiveFeed, { storage }) => {
      expect(await storage.list()).toEqual(new Map())
      expect(storage.sql.databaseSize).toBeLessThan(8_192)
    })
  })

  it('has room for a bounded number of viewers, and a slot again when one leaves', async ({
    expect,
  }) => {
    await insertGame('live-full')
    const streams: Stream[] = []
    for (let at = 0; at < MAX_LIVE_VIEWERS; at++) streams.push(await watch('live-full'))
    const refused = await live('live-full')
    expect(refused.status).toBe(503)
    expect(refused.headers.get('Retry-After')).not.toBeNull()
    expect(await refused.json()).toMatchObject({
      code: 'overloaded',
      detail: `${MAX_LIVE_VIEWERS} viewers read this feed already; close one.`,
    })
    await streams[0]?.leave()
    const late = await vi.waitUntil(
      async () => {
        const response = await live('live-full')
        return response.status === 200 && new Stream(response)
      },
      { timeout: 10_000, interval: 50 },
    )
    expect((await late.next()).name).toBe('hello')
    // Those who stayed are still served.
    await publish('live-full', anEntry(0))
    expect((await streams[MAX_LIVE_VIEWERS - 1]?.entry())?.index).toBe(0)
  })

  it('takes no slot for a HEAD request', async ({ expect }) => {
    await insertGame('live-head')
    for (let at = 0; at <= MAX_LIVE_VIEWERS; at++) {
      const response = await live('live-head', { method: 'HEAD' })
      expect(response.status).toBe(200)
    }
    expect((await live('live-head').then((response) => new Stream(response).next())).name).toBe(
      'hello',
    )
  })

  it(
    'tells a viewer who is too slow how many entries it lost',
    { timeout: 60_000 },
    async ({ expect }) => {
      await insertGame('live-slow')
      const stream = await watch('live-slow')
      const payload = 'x'.repeat(4_096)
      const posts = 20
      for (let post = 0; post < posts; post++) {
        const entries = Array.from({ length: 50 }, (_, at) => anEntry(post * 50 + at, { payload }))
        await publish('live-slow', ...entries)
      }
      const shown: number[] = []
      let dropped = 0
      while (shown.length + dropped < posts * 50) {
        const { name, data } = await stream.next()
        if (name === 'dropped') dropped += liveDroppedSchema.parse(data).entries
        else shown.push(liveEntrySchema.parse(data).index)
      }
      expect(dropped).toBeGreaterThan(0)
      expect(shown).toEqual(shown.toSorted((a, b) => a - b))
      await publish('live-slow', anEntry(posts * 50))
      expect((await stream.entry()).index).toBe(posts * 50)
    },
  )

  it('beats, keeps itself watched, and stops when the last viewer has left', async ({ expect }) => {
    await insertGame('live-beat')
    const scope = { gameId: 'live-beat', env: 'prod' }
    const settings = env.GAME_SETTINGS.getByName(gameSettingsName(scope))
    useFakeHeartbeat()
    const startMs = Date.now()
    const stream = await watch('live-beat')
    expect((await settings.read()).live_until_ms).toBe(startMs + LIVE_WATCH_MS)
    await beat('live-beat')
    expect(await stream.next()).toEqual({ id: null, name: '', data: ': heartbeat' })
    expect((await settings.read()).live_until_ms).toBe(startMs + LIVE_WATCH_MS)
    await beat('live-beat')
    await stream.next()
    await until(async () => {
      const { live_until_ms: untilMs } = await settings.read()
      return untilMs === startMs + 30_000 + LIVE_WATCH_MS
    })
    await stream.leave()
    await until(() => vi.getTimerCount() === 0)
  })

  it('lets go of a viewer who takes nothing any more', async ({ expect }) => {
    await insertGame('live-stalled')
    useFakeHeartbeat()
    const stream = await watch('live-stalled')
    const payload = 'x'.repeat(4_096)
    for (let post = 0; post < 20; post++) {
      const entries = Array.from({ length: 50 }, (_, at) => anEntry(at, { payload }))
      await publish('live-stalled', ...entries)
    }
    for (let beats = 0; beats < 4; beats++) await beat('live-stalled')
    expect(vi.getTimerCount()).toBe(1)
    await beat('live-stalled')
    expect(vi.getTimerCount()).toBe(0)
    await expect(async () => {
      for (;;) await stream.next()
    }).rejects.toThrow('takes nothing')
  })

  it('ends a stream after 15 minutes, so that its key is looked up again', async ({ expect }) => {
    await insertGame('live-reopen')
    useFakeHeartbeat()
    const stream = await watch('live-reopen')
    await beat('live-reopen', LIVE_STREAM_MS - 15_000)
    const early = await watch('live-reopen')
    await beat('live-reopen')
    let event = await stream.next()
    while (event.name === '') event = await stream.next()
    expect(event).toEqual({ id: null, name: 'reopen', data: { after_seconds: 900 } })
    await expect(async () => {
      await stream.next()
    }).rejects.toThrow('the stream ended')
    // Others stay, and are shown what comes.
    await publish('live-reopen', anEntry(0))
    expect((await early.entry()).index).toBe(0)
    await early.leave()
    await until(() => vi.getTimerCount() === 0)
  })

  it('refuses what is no entry', async ({ expect }) => {
    const feed = feedOf('live-refused')
    await expect(async () => {
      await feed.publish([anEntry(0, { payload: 'x'.repeat(4_097) })])
    }).rejects.toThrow('payload')
    await expect(async () => {
      await feed.publish(Array.from({ length: 51 }, (_, index) => anEntry(index)))
    }).rejects.toThrow('50')
  })

  it('opens no stream for a query that names no game', async ({ expect }) => {
    const response = await feedOf('live-refused').fetch('https://live-feed/?status=accepted')
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('game_id')
  })
})
