/** Every event of the catalog through the HTTP door: stored as sent when it is good, refused by name when it is not. */
import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, it, vi } from 'vitest'
import { z } from 'zod'

import { ask } from '../../src/clickhouse/reader.ts'
import { configOf } from '../../src/config.ts'
import { ALIASES, ATTRIBUTES, EVENTS } from '../../src/event/catalog.generated.ts'
import type { BadEvent, GoodEvent } from './catalog-cases.ts'
import { COLUMN_KEYS, fittingValue, goodEvents, namesOf, SERVER_EVENTS } from './catalog-cases.ts'
import { badEvents } from './catalog-refusals.ts'
import { answerSchema, countRows, createGame, SERVER_KEY, WRITE_KEY } from './support.ts'

const GAME = 'catalog-events-test'
const MAX_EVENTS = 400
const MAX_CHARACTERS = 700_000

/** Codes of events that may pass after a change of the catalog. */
beforeAll(async () => {
  await createGame(GAME)
})

interface Sent {
  readonly event: string
  readonly body: unknown
}

/** Parts that one POST may carry, with the key that may send them. */
function batchesOf<Item extends Sent>(items: readonly Item[]): { key: string; items: Item[] }[] {
  const byKey = Map.groupBy(items, ({ event }) =>
    SERVER_EVENTS.has(event) ? SERVER_KEY : WRITE_KEY,
  )
  return [...byKey].flatMap(([key, list]) => {
    const batches: Item[][] = [[]]
    let characters = 0
    for (const item of list) {
      characters += JSON.stringify(item.body).length
      if ((batches.at(-1)?.length ?? 0) >= MAX_EVENTS || characters > MAX_CHARACTERS) {
        batches.push([])
        characters = 0
      }
      batches.at(-1)?.push(item)
    }
    return batches.map((part) => ({ key, items: part }))
  })
}

async function post(bodies: readonly unknown[], key: string, search = '') {
  const response = await exports.default.fetch(`http://edge.test/api/events/track${search}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}` },
    body: JSON.stringify(bodies),
  })
  return { status: response.status, answer: answerSchema.parse(await response.json()) }
}

const storedSchema = z.looseObject({
  event_id: z.string(),
  event: z.string(),
  time_ms: z.number(),
  time_method: z.string(),
  props_json: z.string(),
  enriched: z.array(z.string()),
})

function storedEvents() {
  const sql = `SELECT *, toUnixTimestamp64Milli(event_time) AS time_ms FROM events FINAL
    WHERE game_id = {game:String} AND startsWith(event_id, 'good-')`
  return ask(configOf(env).clickhouse, { sql, params: { game: GAME }, row: storedSchema })
}

/** The row that a good event must have become, as far as the event decides about it. */
function expectedRow({ event, attributes, timeMs }: GoodEvent) {
  const columns = [...COLUMN_KEYS].map((key) => [key, attributes[key] ?? ''])
  return {
    event,
    time_ms: timeMs,
    time_method: 'client',
    enriched: [],
    game_id: GAME,
    env: 'prod',
    ...Object.fromEntries(columns),
  }
}

function expectedProps({ attributes }: GoodEvent) {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !COLUMN_KEYS.has(key)))
}

describe('every good event of the catalog', () => {
  it('is accepted under its id and its aliases, in every form, and stored once as it was sent', async ({
    expect,
  }) => {
    const good = goodEvents(Date.now())
    expect(new Set(good.map(({ name }) => name)).size).toBe(EVENTS.length + ALIASES.length)
    for (const { key, items } of batchesOf(good)) {
      const { status, answer } = await post(
        items.map(({ body }) => body),
        key,
      )
      expect({ status, ...answer }).toMatchObject({
        status: 202,
        accepted: items.length,
        rejected: 0,
        results: [],
      })
    }
    const prefix = `game_id = {game:String} AND startsWith(event_id, 'good-')`
    await vi.waitUntil(
      async () => (await countRows('events', prefix, { game: GAME })) >= good.length,
      { timeout: 25_000, interval: 300 },
    )
    const rows = await storedEvents()
    expect(rows).toHaveLength(good.length)
    const byId = new Map(rows.map((row) => [row.event_id, row]))
    for (const event of good) {
      const row = byId.get(z.string().parse(event.body['event_id']))
      expect(row, event.name).toMatchObject(expectedRow(event))
      expect(JSON.parse(row?.props_json ?? ''), event.name).toEqual(expectedProps(event))
    }
  }, 60_000)

  it('takes every attribute in every event, with every value of its enum and at both ends of its range', async ({
    expect,
  }) => {
    const bodies = ATTRIBUTES.filter(({ key }) => key !== 'event_time').flatMap((data) => {
      const variants = data.type === 'enum' ? data.values.length : 2
      return Array.from({ length: variants }, (_, variant) => ({
        event: 'session.heartbeat',
        user_id: 'u',
        ts: Date.now(),
        [data.key]: fittingValue(data.key, variant),
      }))
    })
    const { status, answer } = await post(bodies, WRITE_KEY, '?validate=only')
    expect(answer.results.map(({ index }) => bodies[index])).toEqual([])
    expect({ status, ...answer }).toMatchObject({ status: 200, accepted: bodies.length })
  })

  it('takes lists of as many items as the catalog allows', async ({ expect }) => {
    const lists = ATTRIBUTES.filter((data) => data.type === 'string_list')
    expect(lists.length).toBeGreaterThan(0)
    const bodies = lists.map(({ key, maxItems }) => ({
      event: 'session.heartbeat',
      user_id: 'u',
      ts: Date.now(),
      [key]: Array.from({ length: maxItems }, (_, index) => `c${index}`),
    }))
    const { answer } = await post(bodies, WRITE_KEY, '?validate=only')
    expect(answer).toMatchObject({ accepted: lists.length, results: [] })
  })

  it('refuses lists of more items than the catalog allows', async ({ expect }) => {
    const lists = ATTRIBUTES.filter((data) => data.type === 'string_list')
    const bodies = lists.map(({ key, maxItems }) => ({
      event: 'session.heartbeat',
      user_id: 'u',
      ts: Date.now(),
      [key]: Array.from({ length: maxItems + 1 }, (_, index) => `c${index}`),
    }))
    const { answer } = await post(bodies, WRITE_KEY, '?validate=only')
    expect(answer).toMatchObject({ accepted: 0, rejected: lists.length })
    expect(answer.results.map(({ pointer }) => pointer)).toEqual(lists.map(({ key }) => `/${key}`))
  })
})

describe('a bad event of the catalog', () => {
  it('is refused with the code and the pointer of what is wrong, whatever it is', async ({
    expect,
  }) => {
    const nowMs = Date.now()
    const bad: BadEvent[] = []
    for (const definition of EVENTS) bad.push(...badEvents(definition, nowMs, bad.length))
    expect(bad.length).toBeGreaterThan(EVENTS.length * 60)
    const wrong: unknown[] = []
    for (const { key, items } of batchesOf(bad)) {
      const { answer } = await post(
        items.map(({ body }) => body),
        key,
        '?validate=only',
      )
      expect(answer).toMatchObject({
        accepted: 0,
        rejected: items.length,
        stored: false,
      })
      for (const [index, { title, body, code, pointer, isCurable }] of items.entries()) {
        const { detail, ...told } = answer.results[index] ?? { detail: '' }
        const status = isCurable ? 'quarantined' : 'rejected'
        const expected = { index, event_id: body['event_id'], status, code, pointer }
        if (!expect.objectContaining(expected).asymmetricMatch(told) || detail === '') {
          wrong.push({ title, expected, told })
        }
      }
    }
    expect(wrong.slice(0, 10)).toEqual([])
  }, 60_000)

  it('of every kind is kept with its reason, beside good ones that are stored', async ({
    expect,
  }) => {
    const definition = EVENTS.find(({ id }) => id === 'progression.start')
    const bad = definition === undefined ? [] : badEvents(definition, Date.now(), 90_000)
    const mixed = bad.flatMap(({ body }, index) => [
      body,
      {
        event: 'session.heartbeat',
        user_id: 'beside',
        ts: Date.now(),
        event_id: `beside-${index}`,
      },
    ])
    const { answer } = await post(mixed, WRITE_KEY)
    expect(answer).toMatchObject({ accepted: bad.length, rejected: bad.length })
    const ours = (condition: string) => `game_id = {game:String} AND ${condition}`
    const rejected = () =>
      countRows('events_rejected', ours(`startsWith(event_id, 'bad-')`), { game: GAME })
    await vi.waitUntil(async () => (await rejected()) >= bad.length, {
      timeout: 15_000,
      interval: 200,
    })
    expect(await rejected()).toBe(bad.length)
    const beside = ours(`startsWith(event_id, 'beside-')`)
    expect(await countRows('events', beside, { game: GAME })).toBe(bad.length)
    const rowSchema = z.object({ event_id: z.string(), code: z.string(), pointer: z.string() })
    const rows = await ask(configOf(env).clickhouse, {
      sql: `SELECT event_id, code, pointer FROM events_rejected FINAL WHERE game_id = {game:String}`,
      params: { game: GAME },
      row: rowSchema,
    })
    const byId = new Map(rows.map((row) => [row.event_id, row]))
    for (const { title, body, code, pointer } of bad) {
      expect(byId.get(z.string().parse(body['event_id'])), title).toMatchObject({ code, pointer })
    }
  })
})

describe('the names of the catalog', () => {
  it('are one event each', ({ expect }) => {
    const names = EVENTS.flatMap(({ id }) => namesOf(id))
    expect(new Set(names).size).toBe(names.length)
  })
})
