/** POSTs of a game with `coalesce_ms`, from the request to the queue: in company when possible, alone otherwise. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, it, vi } from 'vitest'

import { COALESCER_DEADLINE_MS, MAX_COALESCED_EVENTS } from '../../configs/limits.ts'
import { createApp } from '../../src/app.ts'
import { readEnvelope } from '../../src/consume/read-message.ts'
import { forgetSettings } from '../../src/settings/current-settings.ts'
import { changeStoredSettings } from '../../src/settings/stored-settings.ts'
import type { Sent } from './aggregates-support.ts'
import { consume, keepingQueue } from './aggregates-support.ts'
import {
  coalescerOf,
  fieldsIn,
  queueThat,
  rowsIn,
  sendTo,
  sorted,
} from './event-coalescer-support.ts'
import { exactly, sketchesOf } from './game-sketches-support.ts'
import { anEvent, countRows, createGame, insertGame, insertKey } from './support.ts'

const WAIT_MS = 150

beforeAll(async () => {
  await createGame('coalesce-test')
})

/** A game that coalesces, with a write key. */
async function coalescingGame(gameId: string, coalesceMs = WAIT_MS): Promise<void> {
  await insertGame(gameId)
  await insertKey(gameId, { kind: 'write', key: `cw_${gameId}` })
  await setCoalescing(gameId, coalesceMs)
}

async function setCoalescing(gameId: string, coalesceMs: number): Promise<void> {
  const scope = { gameId, env: 'prod' }
  const nowMs = Date.now()
  const asked = { patch: { coalesce_ms: coalesceMs }, by: 'test', nowMs, version: undefined }
  await changeStoredSettings(env, scope, asked)
  forgetSettings(scope)
}

/** POST /api/events/track of a game, from a continent. */
async function post(
  gameId: string,
  body: unknown,
  { bindings = env, continent }: { bindings?: Env; continent?: string } = {},
): Promise<Response> {
  const request = new Request('http://edge.test/api/events/track', {
    method: 'POST',
    headers: { Authorization: `Bearer cw_${gameId}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(continent !== undefined && { cf: { continent } }),
  })
  return createApp().request(request, undefined, bindings, createExecutionContext())
}

/** Bindings whose coalescing objects do what the test says; the queue of the Worker keeps what it is given. */
function withCoalescer(sent: Sent[], enqueue: () => Promise<unknown>): Env {
  const getByName = () => ({ enqueue })
  const EVENT_COALESCER = new Proxy(env.EVENT_COALESCER, { get: () => getByName })
  return { ...env, EVENT_COALESCER, EVENTS_QUEUE: keepingQueue(sent) }
}

const storedRows = (gameId: string, eventId: string) =>
  countRows('events', 'game_id = {game:String} AND event_id = {id:String}', {
    game: gameId,
    id: eventId,
  })

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

describe('POSTs of a game that coalesces', () => {
  it('share one message, in which each has its rows, its audit row and its user', async ({
    expect,
  }) => {
    const game = 'coalesce-shared'
    await coalescingGame(game)
    const inCompany: Uint8Array[] = []
    const alone: Sent[] = []
    const queue = queueThat(async (message) => {
      inCompany.push(message)
    })
    await sendTo(coalescerOf(game), queue)
    const bindings = { ...env, EVENTS_QUEUE: keepingQueue(alone) }
    const answers = await Promise.all(
      numbers(12).map(async (user) => {
        const event = anEvent({ event_id: `e-${user}`, user_id: `user-${user}` })
        const bad = anEvent({ event_id: `bad-${user}`, platform: 'amiga' })
        const response = await post(game, user === 0 ? [event, bad] : event, { bindings })
        expect(response.status).toBe(202)
        return Object(await response.json()).trace_id
      }),
    )
    expect(alone).toEqual([])
    expect(inCompany).toHaveLength(1)
    const [message = new Uint8Array()] = inCompany
    const ids = sorted(numbers(12).map((user) => `e-${user}`))
    expect(fieldsIn(message, 'events', 'event_id')).toEqual(ids)
    expect(rowsIn(message, 'events_rejected')).toMatchObject([{ event_id: 'bad-0' }])
    expect(fieldsIn(message, 'audit_log', 'trace_id')).toEqual(sorted(answers))
    const { tokens, traceId } = readEnvelope(message)
    expect(answers).toContain(traceId)
    for (const metric of ['dau', 'online']) {
      const users = tokens.filter((group) => group.metric === metric)
      expect(new Set(users.flatMap((group) => Array.from(group.tokens))).size).toBe(12)
    }
    expect(await consume(inCompany)).toEqual(['acked'])
    expect(await storedRows(game, 'e-11')).toBe(1)
  })

  it('are acknowledged only after the queue has the message', async ({ expect }) => {
    const game = 'coalesce-hanging'
    await coalescingGame(game)
    const { promise: taken, resolve: take } = Promise.withResolvers<void>()
    let sends = 0
    const queue = queueThat(async () => {
      sends += 1
      await taken
    })
    await sendTo(coalescerOf(game), queue)
    let answered = 0
    const calls = numbers(3).map(async (user) => {
      const response = await post(game, anEvent({ user_id: `user-${user}` }))
      answered += 1
      return response.status
    })
    await vi.waitUntil(() => sends === 1, { timeout: 5_000, interval: 10 })
    await scheduler.wait(3 * WAIT_MS)
    expect(answered).toBe(0)
    take()
    expect(await Promise.all(calls)).toEqual([202, 202, 202])
    expect(sends).toBe(1)
  })

  it('are refused when neither way reaches the queue, and stored once when they come again', async ({
    expect,
  }) => {
    const game = 'coalesce-refused'
    await coalescingGame(game)
    const full = queueThat(() => Promise.reject(new Error('the queue is full')))
    await sendTo(coalescerOf(game), full)
    const event = anEvent({ event_id: 'again', user_id: 'again' })
    const refused = await post(game, event, { bindings: { ...env, EVENTS_QUEUE: full } })
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ code: 'queue_unavailable' })
    await sendTo(coalescerOf(game), env.EVENTS_QUEUE)
    expect((await post(game, event)).status).toBe(202)
    expect((await post(game, event)).status).toBe(202)
    await vi.waitUntil(async () => (await storedRows(game, 'again')) === 1, {
      timeout: 15_000,
      interval: 200,
    })
  })

  it('count once when the queue took the common message and did not say so', async ({ expect }) => {
    const game = 'coalesce-twice'
    await coalescingGame(game)
    const messages: Uint8Array[] = []
    const forgetful = queueThat(async (message) => {
      messages.push(message)
      throw new Error('the answer was lost')
    })
    await sendTo(coalescerOf(game), forgetful)
    const alone: Sent[] = []
    const event = anEvent({ event_id: 'twice', user_id: 'twice' })
    const bindings = { ...env, EVENTS_QUEUE: keepingQueue(alone) }
    expect((await post(game, event, { bindings })).status).toBe(202)
    expect([messages.length, alone.length]).toEqual([1, 1])
    const bodies = [...messages, ...alone.map(({ body }) => body)]
    expect(await consume(bodies)).toEqual(['acked', 'acked'])
    expect(await storedRows(game, 'twice')).toBe(1)
    const params = { game }
    expect(await countRows('audit_log', 'game_id = {game:String}', params)).toBe(1)
    const day = Math.floor(Date.parse(event.event_time) / 86_400_000)
    const minute = Math.floor(Date.parse(event.event_time) / 60_000)
    expect(await sketchesOf(game).figures({ day, minute })).toMatchObject({
      dau: exactly(1),
      online: exactly(1),
    })
  })

  it('gather by continent', async ({ expect }) => {
    const game = 'coalesce-continents'
    await coalescingGame(game)
    const sentFrom = { EU: 0, NA: 0 }
    for (const continent of ['EU', 'NA'] as const) {
      const queue = queueThat(async () => {
        sentFrom[continent] += 1
      })
      await sendTo(coalescerOf(game, continent), queue)
    }
    const from = ['EU', 'NA', 'EU']
    await Promise.all(from.map((continent) => post(game, anEvent(), { continent })))
    expect(sentFrom).toEqual({ EU: 1, NA: 1 })
  })
})

describe('a POST is sent alone', () => {
  it.for([
    ['throws', () => Promise.reject(new Error('gone'))],
    ['answers what is no acknowledgement', () => Promise.resolve(undefined)],
  ] as const)('at once when the object %s', async ([what, enqueue], { expect }) => {
    const game = `coalesce-${what === 'throws' ? 'throws' : 'mute'}`
    await coalescingGame(game)
    const logged = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const sent: Sent[] = []
    for (const id of ['a', 'b']) {
      const bindings = withCoalescer(sent, enqueue)
      const response = await post(game, anEvent({ event_id: id }), { bindings })
      expect(response.status).toBe(202)
    }
    expect(sent).toHaveLength(2)
    const lines = logged.mock.calls.flat().map((line) => JSON.parse(String(line)))
    expect(lines).toMatchObject([
      { message: 'sent alone', game_id: game },
      { message: 'sent alone', game_id: game },
    ])
    logged.mockRestore()
  })

  it('after a deadline when the object is silent; the next ones do not wait', async ({
    expect,
  }) => {
    const game = 'coalesce-silent'
    await coalescingGame(game)
    const sent: Sent[] = []
    let calls = 0
    const bindings = withCoalescer(sent, () => {
      calls += 1
      return new Promise(() => {})
    })
    const startMs = Date.now()
    expect((await post(game, anEvent(), { bindings })).status).toBe(202)
    const firstMs = Date.now() - startMs
    expect(firstMs).toBeGreaterThanOrEqual(COALESCER_DEADLINE_MS)
    expect(firstMs).toBeLessThan(COALESCER_DEADLINE_MS + WAIT_MS + 1_500)
    expect((await post(game, anEvent(), { bindings })).status).toBe(202)
    expect({ calls, messages: sent.length }).toEqual({ calls: 1, messages: 2 })
  })

  it('after an object said that it is overloaded, without asking it again', async ({ expect }) => {
    const game = 'coalesce-overloaded'
    await coalescingGame(game)
    const sent: Sent[] = []
    let calls = 0
    const bindings = withCoalescer(sent, () => {
      calls += 1
      return Promise.reject(Object.assign(new Error('too many calls'), { overloaded: true }))
    })
    for (const id of ['a', 'b', 'c']) {
      expect((await post(game, anEvent({ event_id: id }), { bindings })).status).toBe(202)
    }
    expect({ calls, messages: sent.length }).toEqual({ calls: 1, messages: 3 })
  })

  it('when it is large, refused, or its game does not want company', async ({ expect }) => {
    const game = 'coalesce-alone'
    await coalescingGame(game)
    const sent: Sent[] = []
    let calls = 0
    const bindings = withCoalescer(sent, () => {
      calls += 1
      return Promise.resolve(0)
    })
    const many = numbers(MAX_COALESCED_EVENTS + 1).map((index) =>
      anEvent({ event_id: `many-${index}` }),
    )
    expect((await post(game, many, { bindings })).status).toBe(202)
    expect((await post(game, '{"event": oops', { bindings })).status).toBe(400)
    const refusedBadly = numbers(MAX_COALESCED_EVENTS).map(() => ({ event: 'x'.repeat(5_000) }))
    expect((await post(game, refusedBadly, { bindings })).status).toBe(202)
    expect({ calls, messages: sent.length }).toEqual({ calls: 0, messages: 3 })
    expect((await post(game, many.slice(1), { bindings })).status).toBe(202)
    expect(calls).toBe(1)
    await setCoalescing(game, 0)
    expect((await post(game, anEvent(), { bindings })).status).toBe(202)
    expect({ calls, messages: sent.length }).toEqual({ calls: 1, messages: 4 })
  })

  it('is stored nowhere when the queue stores nothing', async ({ expect }) => {
    const game = 'coalesce-noop'
    await coalescingGame(game)
    let calls = 0
    const bindings = withCoalescer([], () => {
      calls += 1
      return Promise.resolve(0)
    })
    const noop = { ...bindings, ANALYTICS_MQ_TYPE: 'noop' }
    expect(await (await post(game, anEvent(), { bindings: noop })).json()).toMatchObject({
      stored: false,
    })
    expect(calls).toBe(0)
  })
})
