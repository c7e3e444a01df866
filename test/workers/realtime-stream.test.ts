/** GET /realtime/stream as a client reads it, in real time. What is told when: test/unit/query. */
import { env, exports } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, it } from 'vitest'

import { MAX_LIVE_VIEWERS } from '../../configs/limits.ts'
import type { RealtimeFigures } from '../../durable/figures.ts'
import type { StreamFigures } from '../../src/query/realtime/schemas.ts'
import { streamFiguresSchema, streamPartialSchema } from '../../src/query/realtime/schemas.ts'
import type { StreamEvent } from './live-support.ts'
import { leaveAll, Stream } from './live-support.ts'
import {
  count,
  get,
  insertRows,
  payment,
  users,
  withoutDatabase,
  withSketches,
} from './realtime-support.ts'
import { createGame, insertGame, READ_KEY } from './support.ts'

beforeAll(() => createGame('st-any'))

afterEach(leaveAll)

async function watch(gameId: string, bindings?: Env): Promise<Stream> {
  const response = await get(gameId, 'realtime/stream', bindings && { bindings })
  if (response.status !== 200) throw new Error(await response.text())
  return new Stream(response)
}

/** The next event of this name; others are passed over. */
async function next(stream: Stream, name: string): Promise<StreamEvent> {
  for (;;) {
    const event = await stream.next()
    if (event.name === name) return event
  }
}

const figures = async (stream: Stream) =>
  streamFiguresSchema.parse((await next(stream, 'figures')).data)
const partial = async (stream: Stream) =>
  streamPartialSchema.parse((await next(stream, 'partial')).data)

const exactly = (value: number) => ({ value, error: 0, exact: true })
const today = () => Math.floor(Date.now() / 86_400_000)

/** What an object tells whose every figure is this number. */
function tellingOf(value: number): RealtimeFigures {
  const all = exactly(value)
  const peak = { ...all, minute: null }
  return {
    day: { day: 0, dau: all, newUsers: all, wau: all, mau: all, onlinePeak: peak },
    minute: { minute: 0, online: all, active5m: all, active15m: all },
    registeredTotal: all,
    onlinePeakAllTime: peak,
    activeNow: all,
    lastTokensMs: Date.now(),
  }
}

/** The next figures that are as told; others come first when the money has kept them waiting. */
async function figuresWith(
  stream: Stream,
  isMeant: (told: StreamFigures) => boolean,
): Promise<StreamFigures> {
  for (;;) {
    const told = await figures(stream)
    if (isMeant(told)) return told
  }
}

/** Waits for so many users of today. */
const dauOf = async (stream: Stream, value: number) =>
  (await figuresWith(stream, ({ dau_today: dau }) => dau.value === value)).dau_today.value

describe('GET /realtime/stream', () => {
  it('tells the figures at once, and again when they have changed', async ({ expect }) => {
    await insertGame('st-change')
    await insertRows('payments', [payment('st-change', Date.now(), { amount_cents: 42 })])
    await count('st-change', [users('dau', today(), [0, 3])])
    const stream = await watch('st-change')
    expect(await figuresWith(stream, (told) => told.rev_today !== null)).toMatchObject({
      dau_today: exactly(3),
      new_today: exactly(0),
      rev_today: exactly(42),
      currency: 'USD',
      counted_until: expect.any(String),
      revenue_as_of: expect.any(String),
    })
    await count('st-change', [users('dau', today(), [2, 5]), users('new_users', today(), [0, 1])])
    const startMs = Date.now()
    expect(await figuresWith(stream, (told) => told.dau_today.value > 3)).toMatchObject({
      dau_today: exactly(5),
      new_today: exactly(1),
    })
    expect(Date.now() - startMs).toBeLessThan(8_000)
  })

  it('cannot be cached or buffered, and takes no work for a HEAD request', async ({ expect }) => {
    const response = await get('st-any', 'realtime/stream', { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(response.body).toBeNull()
    expect(response.headers.get('Content-Type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('Cache-Control')).toBe('no-store, no-transform')
  })

  it('asks the sketches once per round for all viewers, and not at all for none', async ({
    expect,
  }) => {
    await insertGame('st-share')
    let calls = 0
    const bindings = withSketches(async () => {
      calls += 1
      const told = tellingOf(calls)
      await scheduler.wait(20)
      return told
    })
    const startMs = Date.now()
    const viewers = await Promise.all(
      Array.from({ length: MAX_LIVE_VIEWERS }, () => watch('st-share', bindings)),
    )
    const first = await Promise.all(viewers.map(figures))
    // A new round may have begun while they came.
    const roundsSoFar = calls
    expect(roundsSoFar).toBeLessThanOrEqual(Math.ceil((Date.now() - startMs) / 5_000) + 1)
    for (const { online } of first) expect(online.value).toBeLessThanOrEqual(roundsSoFar)
    const second = await Promise.all(
      viewers.map((viewer) => figuresWith(viewer, ({ online }) => online.value > roundsSoFar)),
    )
    expect(Math.max(...second.map(({ online }) => online.value))).toBe(calls)
    expect(calls).toBeLessThanOrEqual(roundsSoFar + 1)
    await leaveAll()
    const atTheEnd = calls
    await scheduler.wait(6_000)
    expect(calls).toBe(atTheEnd)
  })

  it('lets in so many viewers of a game, and another one when one has left', async ({ expect }) => {
    await insertGame('st-full')
    const bindings = withSketches(() => Promise.resolve(tellingOf(1)))
    const viewers: Stream[] = []
    while (viewers.length < MAX_LIVE_VIEWERS) viewers.push(await watch('st-full', bindings))
    const refused = await get('st-full', 'realtime/stream', { bindings })
    expect(refused.headers.get('Retry-After')).not.toBeNull()
    expect(await refused.json()).toMatchObject({ status: 503, code: 'overloaded' })
    await viewers[0]?.leave()
    await figures(await watch('st-full', bindings))
  })

  it('does not wait for a database that keeps silent', async ({ expect }) => {
    await insertGame('st-slow')
    await count('st-slow', [users('dau', today(), [0, 3])])
    // An address of the documentation range: nobody answers, and nobody refuses.
    const stream = await watch('st-slow', { ...env, CLICKHOUSE_URL: 'http://192.0.2.1:8123' })
    const startMs = Date.now()
    expect(await figures(stream)).toMatchObject({ dau_today: exactly(3), rev_today: null })
    expect(Date.now() - startMs).toBeLessThan(2_000)
  })

  it('lives on when the viewer whose request asked for the figures has gone', async ({
    expect,
  }) => {
    const streams: Stream[] = []
    for (let viewer = 0; viewer < 3; viewer += 1) {
      // Through the front door: every request has a context of its own.
      const response = await exports.default.fetch(
        'http://edge.test/api/analytics/realtime/stream',
        { headers: { Authorization: `Bearer ${READ_KEY}` } },
      )
      streams.push(new Stream(response))
    }
    const [first, ...others] = streams
    expect(await Promise.all(streams.map((stream) => dauOf(stream, 0)))).toEqual([0, 0, 0])
    await first?.leave()
    await count('st-any', [users('dau', today(), [0, 4])])
    expect(await Promise.all(others.map((stream) => dauOf(stream, 4)))).toEqual([4, 4])
    await others[0]?.leave()
    await count('st-any', [users('dau', today(), [0, 9])])
    expect(await Promise.all(others.slice(1).map((stream) => dauOf(stream, 9)))).toEqual([9])
  })

  it('goes on after a failure of the sketches, which it tells', async ({ expect }) => {
    await insertGame('st-fail')
    let isBroken = true
    const bindings = withSketches(() =>
      isBroken ? Promise.reject(new Error('the object was reset')) : Promise.resolve(tellingOf(7)),
    )
    const stream = await watch('st-fail', bindings)
    const told = await partial(stream)
    expect(told.partial.map(({ field }) => field)).toEqual([
      'online',
      'active_now',
      'dau_today',
      'new_today',
    ])
    isBroken = false
    expect((await partial(stream)).partial).toEqual([])
    expect(await figures(stream)).toMatchObject({ online: exactly(7) })
  })

  it('has no revenue, and no zero, while the database does not answer', async ({ expect }) => {
    await insertGame('st-poor')
    await count('st-poor', [users('dau', today(), [0, 3])])
    const stream = await watch('st-poor', withoutDatabase)
    const told = await partial(stream)
    expect(told.partial).toContainEqual({
      field: 'rev_today',
      reason: 'the database did not answer',
    })
    expect(await figures(stream)).toMatchObject({ dau_today: exactly(3), rev_today: null })
  })

  it('beats while nothing changes', { timeout: 40_000 }, async ({ expect }) => {
    await insertGame('st-beat')
    const bindings = withSketches(() => Promise.resolve(tellingOf(1)))
    const stream = await watch('st-beat', bindings)
    await figures(stream)
    expect(await stream.next()).toEqual({ id: null, name: '', data: ': heartbeat' })
  })
})
