import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, inject, it } from 'vitest'
import { z } from 'zod'

import { gameSketchesName } from '../../durable/names.ts'
import { ask } from '../../src/clickhouse/reader.ts'
import { configOf } from '../../src/config.ts'
import { gameDay } from '../../src/event/game-day.ts'
import { rejectedAnswerSchema, replayAnswerSchema } from '../../src/quarantine/schemas.ts'
import {
  addGame,
  answerOf,
  command,
  digestOf,
  request,
  setCustomEvents,
  storeRejections,
  waitForRows,
} from './quarantine-support.ts'
import { anEvent, countRows } from './support.ts'

const BOSS = 'boss.defeated'
const REPLAYED = `replayed_time > '2000-01-01'`

const boss = (fields: Record<string, unknown> = {}) =>
  JSON.stringify(anEvent({ event: BOSS, ...fields }))

const replay = (gameId: string, body: Record<string, unknown> = {}) =>
  answerOf(replayAnswerSchema, gameId, '/api/events/rejected/replay', { body })

const list = (gameId: string, search = '') =>
  answerOf(rejectedAnswerSchema, gameId, `/api/events/rejected${search}`)

const count = (gameId: string, table: string, condition = 'true') =>
  countRows(table, `game_id = {game:String} AND ${condition}`, { game: gameId })

const NOTHING = {
  examined: 0,
  replayed: 0,
  filtered: 0,
  still_refused: [],
  unreadable: 0,
  remaining: 0,
  next_cursor: null,
}

beforeAll(() => applyD1Migrations(env.CONTROL_DB, inject('d1Migrations')))

describe('POST /api/events/rejected/replay', () => {
  it('stores quarantined events once the game knows them, once, however often it is called', async ({
    expect,
  }) => {
    const game = 'replay-once'
    await addGame(game)
    await storeRejections(game, [
      { payload: boss({ event_id: 'e-1', user_id: 'u-1' }), eventId: 'e-1' },
      { payload: boss({ user_id: 'u-2' }) },
      { payload: boss({ user_id: 'u-3' }), index: 7 },
      { payload: boss({ event: 'boss.escaped' }), eventName: 'boss.escaped' },
      { payload: boss(), verdict: 'rejected', code: 'event_time_too_old' },
    ])
    expect(await replay(game)).toMatchObject({
      ...NOTHING,
      examined: 4,
      still_refused: [{ code: 'unknown_event', count: 4 }],
    })

    await setCustomEvents(game, [BOSS])
    expect(await replay(game, { dry_run: true })).toMatchObject({ replayed: 3, dry_run: true })
    expect(await replay(game)).toMatchObject({
      ...NOTHING,
      examined: 4,
      replayed: 3,
      still_refused: [{ code: 'unknown_event', count: 1 }],
      dry_run: false,
    })
    await waitForRows(game, 'events', 3)
    await waitForRows(game, 'events_rejected', 3, REPLAYED)
    const ids = ['e-1', ...[1, 2].map((n) => `body-${digestOf(`${game} ${n}`)}-${n === 1 ? 0 : 7}`)]
    for (const id of ids) expect(await count(game, 'events', `event_id = '${id}'`), id).toBe(1)

    expect(await replay(game)).toMatchObject({ examined: 1, replayed: 0 })
    await command('OPTIMIZE TABLE events_rejected FINAL')
    expect(await replay(game)).toMatchObject({ examined: 1, replayed: 0 })
    expect(await count(game, 'events')).toBe(3)
    expect(await count(game, 'events_rejected')).toBe(5)
    expect(await count(game, 'events_rejected', REPLAYED)).toBe(3)
  })

  it('adds no row when two calls run at once, or when a mark was lost', async ({ expect }) => {
    const game = 'replay-twice'
    await addGame(game, [BOSS])
    const receivedMs = Date.now()
    const rows = Array.from({ length: 230 }, (_, n) => ({
      payload: boss({ user_id: `u-${n}` }),
      receivedMs,
    }))
    await storeRejections(game, rows)
    const answers = await Promise.all([replay(game), replay(game)])
    for (const answer of answers) expect(answer).toMatchObject({ examined: 230, replayed: 230 })
    await waitForRows(game, 'events', 230)
    await waitForRows(game, 'events_rejected', 230, REPLAYED)

    // What a message that is delivered once more stores: the rows as they were before they were marked.
    await storeRejections(game, rows)
    await waitForRows(game, 'events_rejected', 0, REPLAYED)
    expect(await replay(game)).toMatchObject({ replayed: 230 })
    await waitForRows(game, 'events_rejected', 230, REPLAYED)
    await command('OPTIMIZE TABLE events FINAL')
    expect(await count(game, 'events')).toBe(230)
    expect(await count(game, 'events', `user_id = 'u-229'`)).toBe(1)
  })

  it('keeps a mark through merges, in whatever order rows and marks were merged', async ({
    expect,
  }) => {
    const game = 'replay-merge'
    await addGame(game, [BOSS])
    for (let part = 0; part < 4; part += 1) {
      await storeRejections(game, [
        { rejectionId: `${digestOf(`merge ${part}`)}-0`, payload: boss({ user_id: `u-${part}` }) },
      ])
      if (part % 2 === 0) await command('OPTIMIZE TABLE events_rejected FINAL')
      expect(await replay(game)).toMatchObject({ examined: 1, replayed: 1 })
      await waitForRows(game, 'events_rejected', part + 1, REPLAYED)
      if (part > 1) await command('OPTIMIZE TABLE events_rejected FINAL')
    }
    await command('OPTIMIZE TABLE events_rejected FINAL')
    expect(await count(game, 'events_rejected')).toBe(4)
    expect(await count(game, 'events_rejected', REPLAYED)).toBe(4)
    expect(await count(game, 'events')).toBe(4)
  })

  it('counts the users of replayed events in their own day', async ({ expect }) => {
    const game = 'replay-users'
    await addGame(game)
    const receivedMs = Date.now() - 3 * 86_400_000
    const payload = JSON.stringify(anEvent({ event_time: new Date(receivedMs).toISOString() }))
    for (let call = 0; call < 2; call += 1) {
      await storeRejections(game, [{ payload, eventName: 'session.start', receivedMs }])
      expect(await replay(game)).toMatchObject({ replayed: 1 })
      await waitForRows(game, 'events_rejected', 1, REPLAYED)
      const day = gameDay(receivedMs, 'UTC')
      const name = gameSketchesName({ gameId: game, env: 'prod' })
      const figures = await env.GAME_SKETCHES.getByName(name).figures({ day, minute: 0 })
      expect(figures).toMatchObject({ dau: { value: 1 } })
    }
  })

  it('changes nothing in a dry run', async ({ expect }) => {
    const game = 'replay-dry'
    await addGame(game, [BOSS])
    await storeRejections(game, [{ payload: boss() }])
    const sent: unknown[] = []
    const queue: Queue = {
      metrics: () => env.EVENTS_QUEUE.metrics(),
      send: (message) => (sent.push(message), env.EVENTS_QUEUE.send(message)),
      sendBatch: () => Promise.reject(new Error('not used')),
    }
    const answer = await answerOf(replayAnswerSchema, game, '/api/events/rejected/replay', {
      body: { dry_run: true },
      testEnv: { ...env, EVENTS_QUEUE: queue },
    })
    expect(answer).toMatchObject({ examined: 1, replayed: 1, dry_run: true })
    expect(sent).toEqual([])
    expect(await count(game, 'events')).toBe(0)
    expect((await list(game)).events).toMatchObject([{ replayed_time: null }])
  })

  it('judges payments by the contract of payments', async ({ expect }) => {
    const game = 'replay-payments'
    await addGame(game)
    const payment = {
      user_id: 'u',
      order_id: 'o-1',
      amount_cents: 999,
      currency: 'EUR',
      status: 'success',
      time: new Date().toISOString(),
    }
    await storeRejections(game, [
      { door: 'payments', reporter: 'server', eventName: '', payload: JSON.stringify(payment) },
      { door: 'payments', eventName: '', payload: boss() },
    ])
    expect(await replay(game)).toMatchObject({ examined: 2, replayed: 1 })
    await waitForRows(
      game,
      'payments',
      1,
      `order_id = 'o-1' AND amount_cents = 999 AND reported_by = 'server'`,
    )
    await waitForRows(game, 'events_rejected', 1, REPLAYED)
    expect(await count(game, 'events')).toBe(0)
  })

  it('says which events were too long to be kept whole', async ({ expect }) => {
    const game = 'replay-cut'
    await addGame(game, [BOSS])
    await storeRejections(game, [{ payload: boss().slice(0, 60) }, { payload: boss() }])
    expect(await replay(game)).toMatchObject({ examined: 2, replayed: 1, unreadable: 1 })
    await waitForRows(game, 'events', 1)
  })

  it('leaves everything replayable when the queue does not take it', async ({ expect }) => {
    const game = 'replay-queue'
    await addGame(game, [BOSS])
    // Too much for one message: the second one is refused.
    const noise = Array.from({ length: 8 * 8 * 112 }, () => crypto.randomUUID()).join('')
    const payloads = [0, 1, 2, 3, 4, 5, 6, 7].map((n) =>
      boss({
        props: Object.fromEntries(
          [0, 1, 2, 3, 4, 5, 6, 7].map((p) => [
            `p${p}`,
            noise.slice((n * 8 + p) * 4_000).slice(0, 4_000),
          ]),
        ),
      }),
    )
    await storeRejections(
      game,
      payloads.map((payload) => ({ payload })),
    )
    let sends = 0
    const failing: Queue = {
      metrics: () => env.EVENTS_QUEUE.metrics(),
      send: (message, options) => {
        sends += 1
        return sends === 1
          ? env.EVENTS_QUEUE.send(message, options)
          : Promise.reject(new Error('Too Many Requests'))
      },
      sendBatch: () => Promise.reject(new Error('not used')),
    }
    const refused = await request(game, '/api/events/rejected/replay', {
      body: {},
      testEnv: { ...env, EVENTS_QUEUE: failing },
    })
    expect(refused.status).toBe(503)
    expect(refused.headers.get('Retry-After')).not.toBeNull()
    expect(await refused.json()).toMatchObject({ code: 'queue_unavailable' })
    expect(sends).toBe(2)

    expect(await replay(game)).toMatchObject({ examined: 8, replayed: 8 })
    await waitForRows(game, 'events_rejected', 8, REPLAYED)
    await waitForRows(game, 'events', 8)
  })

  it('goes on behind its limit, past rows that are still refused', async ({ expect }) => {
    const game = 'replay-limit'
    await addGame(game, [BOSS])
    await storeRejections(
      game,
      Array.from({ length: 10 }, (_, n) => ({
        payload: boss({ event: n < 5 ? 'boss.escaped' : BOSS, user_id: `u-${n}` }),
        rejectionId: `${String(n).padStart(32, '0')}-0`,
      })),
    )
    const first = await replay(game, { limit: 4 })
    expect(first).toMatchObject({ examined: 4, replayed: 0, remaining: 6 })
    const second = await replay(game, { limit: 4, cursor: first.next_cursor })
    expect(second).toMatchObject({ examined: 4, replayed: 3, remaining: 2 })
    const third = await replay(game, { limit: 4, cursor: second.next_cursor })
    expect(third).toMatchObject({ examined: 2, replayed: 2, remaining: 0, next_cursor: null })
    await waitForRows(game, 'events', 5)
  })

  it('replays only what it was asked to', async ({ expect }) => {
    const game = 'replay-filter'
    await addGame(game, [BOSS, 'boss.escaped'])
    const now = Date.now()
    const stored = [BOSS, 'boss.escaped'].flatMap((eventName) =>
      ['unknown_event', 'missing_attribute'].flatMap((code) =>
        [now - 7_200_000, now].map((receivedMs) => ({
          eventName,
          code,
          receivedMs,
          payload: boss({ event: eventName }),
        })),
      ),
    )
    await storeRejections(game, stored)
    const start = new Date(now - 3_600_000).toISOString()
    const dryRun = (body: Record<string, unknown>) => replay(game, { ...body, dry_run: true })
    expect(await dryRun({})).toMatchObject({ examined: 8, replayed: 8 })
    expect(await dryRun({ event: BOSS })).toMatchObject({ examined: 4 })
    expect(await dryRun({ code: 'missing_attribute' })).toMatchObject({ examined: 4 })
    expect(await dryRun({ start })).toMatchObject({ examined: 4 })
    expect(await dryRun({ end: start, event: BOSS, code: 'unknown_event' })).toMatchObject({
      examined: 1,
    })
  })

  it('keeps the row that the event would have been', async ({ expect }) => {
    const game = 'replay-same'
    await addGame(game, [BOSS])
    const receivedMs = Date.now() - 86_400_000
    const sentMs = receivedMs - 600_000
    const payload = boss({ event_time: new Date(sentMs).toISOString(), props: { level: 3 } })
    const sentTime = new Date(sentMs).toISOString().replace('T', ' ').slice(0, 23)
    await storeRejections(game, [{ payload, receivedMs, sentTime }])
    await replay(game)
    await waitForRows(game, 'events', 1)
    const [row] = await ask(configOf(env).clickhouse, {
      sql: `SELECT toUnixTimestamp64Milli(received_time) AS received_ms, skew_ms, props_json
            FROM events FINAL WHERE game_id = {game:String}`,
      params: { game },
      row: z.object({ received_ms: z.int(), skew_ms: z.int(), props_json: z.string() }),
    })
    expect(row).toEqual({ received_ms: receivedMs, skew_ms: 600_000, props_json: '{"level":3}' })
  })
})
