import { env } from 'cloudflare:workers'
import * as fc from 'fast-check'
import { beforeAll, describe, it } from 'vitest'

import { sha256Hex } from '../../src/event/bytes.ts'
import type { RejectedAnswer } from '../../src/quarantine/schemas.ts'
import {
  rejectedAnswerSchema,
  rejectedSummaryAnswerSchema,
  replayAnswerSchema,
} from '../../src/quarantine/schemas.ts'
import type { Rejection } from './quarantine-support.ts'
import {
  addGame,
  answerOf,
  request,
  setCustomEvents,
  storeRejections,
  waitForRows,
} from './quarantine-support.ts'
import { anEvent, countRows, createGame, READ_KEY, WRITE_KEY } from './support.ts'

/** The game whose keys the tests hold. */
const GAME = 'rejected-test'

const list = (gameId: string, search: Record<string, string> = {}) =>
  answerOf(
    rejectedAnswerSchema,
    gameId,
    `/api/events/rejected?${new URLSearchParams(search).toString()}`,
  )

const summary = (gameId: string, search: Record<string, string> = {}) =>
  answerOf(
    rejectedSummaryAnswerSchema,
    gameId,
    `/api/events/rejected/summary?${new URLSearchParams(search).toString()}`,
  )

beforeAll(() => createGame(GAME))

describe('an event that the catalog does not know', () => {
  it('goes through the door into quarantine, is found by its reason, and is replayed', async ({
    expect,
  }) => {
    const body = [
      anEvent({ event_id: 'known' }),
      anEvent({ event: 'boss.defeated', event_id: 'boss', props: { token: 7 } }),
      anEvent({ event: 'boss.defeated' }),
      anEvent({ event_time: 'yesterday' }),
      anEvent({ event: 'boss.defeated', event_id: 'masked', props: { password: 'hunter2' } }),
    ]
    const headers = { Authorization: `Bearer ${WRITE_KEY}` }
    const sent = await request(GAME, '/api/events/track', { body, headers })
    expect(await sent.json()).toMatchObject({ accepted: 1, rejected: 4, quarantined: 2 })
    await waitForRows(GAME, 'events_rejected', 4)

    const { events } = await list(GAME, { code: 'unknown_event' })
    // What was kept without its secret cannot be judged again.
    expect(events.map((event) => [event.event_index, event.verdict, event.pointer])).toEqual([
      [4, 'rejected', '/event'],
      [2, 'quarantined', '/event'],
      [1, 'quarantined', '/event'],
    ])
    expect(JSON.stringify(events)).not.toContain('hunter2')
    expect((await list(GAME, { verdict: 'rejected', code: 'invalid_time' })).events).toMatchObject([
      { event_index: 3 },
    ])

    await setCustomEvents(GAME, ['boss.defeated'])
    const replayed = await answerOf(replayAnswerSchema, GAME, '/api/events/rejected/replay', {
      body: { code: 'unknown_event' },
    })
    expect(replayed).toMatchObject({ examined: 2, replayed: 2 })
    await waitForRows(GAME, 'events', 3)
    await waitForRows(GAME, 'events_rejected', 2, `replayed_time > '2000-01-01'`)
    expect((await list(GAME, { replayed: 'true' })).events).toHaveLength(2)
    expect((await list(GAME, { replayed: 'false', verdict: 'quarantined' })).events).toEqual([])
    const digest = (await sha256Hex(JSON.stringify(body))).slice(0, 32)
    for (const id of ['boss', `body-${digest}-2`]) {
      const condition = 'game_id = {game:String} AND event_id = {id:String}'
      expect(await countRows('events', condition, { game: GAME, id }), id).toBe(1)
    }
    const whole = `game_id = {game:String} AND event_id = 'boss' AND JSONExtractInt(props_json, 'token') = 7`
    expect(await countRows('events', whole, { game: GAME })).toBe(1)
  })

  it.for([
    ['a write key may not read', WRITE_KEY, '/api/events/rejected', undefined],
    ['a read key may not replay', READ_KEY, '/api/events/rejected/replay', {}],
    ['a read key may not read the audit log', READ_KEY, '/api/admin/audit', undefined],
  ] as const)('%s', async ([, key, path, body], { expect }) => {
    const headers = { Authorization: `Bearer ${key}` }
    const response = await request(GAME, path, { body, headers })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'wrong_key_kind' })
  })

  it('is read with a read key', async ({ expect }) => {
    const headers = { Authorization: `Bearer ${READ_KEY}` }
    expect((await request(GAME, '/api/events/rejected', { headers })).status).toBe(200)
    expect((await request(GAME, '/api/events/rejected/summary', { headers })).status).toBe(200)
  })
})

describe('GET /api/events/rejected', () => {
  it('lists the latest first, restricted by every filter', async ({ expect }) => {
    const game = 'rejected-filter'
    await addGame(game)
    const at = Date.UTC(2026, 10, 20)
    await storeRejections(game, [
      { receivedMs: at, code: 'unknown_event', pointer: '/event', eventName: 'a' },
      { receivedMs: at + 1, code: 'missing_attribute', pointer: '/user_id', eventName: 'a' },
      { receivedMs: at + 2, code: 'invalid_time', verdict: 'rejected', eventName: 'b' },
      { receivedMs: at + 3, code: 'invalid_attribute', door: 'payments', eventName: '' },
    ])
    const indexes = async (search: Record<string, string>) =>
      (await list(game, search)).events.map((event) => Date.parse(event.received_time) - at)
    expect(await indexes({})).toEqual([3, 2, 1, 0])
    expect(await indexes({ code: 'unknown_event' })).toEqual([0])
    expect(await indexes({ verdict: 'rejected' })).toEqual([2])
    expect(await indexes({ event: 'a' })).toEqual([1, 0])
    expect(await indexes({ event: '' })).toEqual([3])
    expect(await indexes({ door: 'payments' })).toEqual([3])
    expect(await indexes({ pointer: '/user_id' })).toEqual([1])
    expect(await indexes({ replayed: 'true' })).toEqual([])
    expect(await indexes({ replayed: 'false' })).toEqual([3, 2, 1, 0])
    const [start, end] = [1, 3].map((ms) => new Date(at + ms).toISOString())
    expect(await indexes({ start: start ?? '', end: end ?? '' })).toEqual([2, 1])
    expect(await indexes({ event: 'a', code: 'unknown_event', verdict: 'rejected' })).toEqual([])
    expect(await indexes({ event: `' OR 1 = 1 --` })).toEqual([])
  })

  it('cuts payloads, and shows one as it is stored', async ({ expect }) => {
    const game = 'rejected-payload'
    await addGame(game)
    const payload = JSON.stringify({ text: '豊'.repeat(30_000) })
    await storeRejections(game, [{ payload, rejectionId: 'long-0' }])
    const [cut] = (await list(game)).events
    expect(cut).toMatchObject({ payload: payload.slice(0, 4_096), payload_length: payload.length })
    const [whole] = (await list(game, { rejection_id: 'long-0' })).events
    expect(whole).toMatchObject({ payload, payload_length: payload.length })
  })

  it('shows no event of another game or environment', async ({ expect }) => {
    const game = 'rejected-other'
    await addGame(game)
    expect(await list(game)).toMatchObject({ events: [], next_cursor: null })
    expect(await summary(game)).toMatchObject({ events: 0, groups: [], more_groups: 0 })
  })

  it('pages through everything, with nothing twice', async ({ expect }) => {
    const rejection = fc.record({
      receivedMs: fc.integer({ min: 0, max: 3 }).map((ms) => Date.UTC(2026, 10, 20) + ms),
      rejectionId: fc.constantFrom('a-0', 'a-1', 'b-0', 'c-12', 'c-2'),
      code: fc.constantFrom('unknown_event', 'missing_attribute', 'invalid_time'),
    })
    let games = 0
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(rejection, {
          selector: ({ rejectionId, code }) => `${rejectionId} ${code}`,
          minLength: 1,
          maxLength: 12,
        }),
        fc.integer({ min: 1, max: 13 }),
        async (rejections, limit) => {
          const game = `rejected-pages-${(games += 1)}`
          await addGame(game)
          await storeRejections(game, rejections)
          const pages = await allPages(game, limit)
          for (const page of pages.slice(0, -1)) expect(page).toHaveLength(limit)
          expect(pages.flat().map(nameOf)).toEqual(
            rejections.toSorted(latestFirst).map(nameOfRejection),
          )
        },
      ),
      { numRuns: 20 },
    )
  })

  it('names the parameter that cannot be used', async ({ expect }) => {
    const response = await request(GAME, '/api/events/rejected?limit=501')
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      code: 'invalid_parameter',
      detail: 'limit: expected a whole number from 1 to 500',
    })
  })

  it('is a problem, not an empty list, when the database does not answer', async ({ expect }) => {
    const testEnv = { ...env, CLICKHOUSE_URL: 'http://127.0.0.1:9' }
    for (const path of [
      '/api/events/rejected',
      '/api/events/rejected/summary',
      '/api/admin/audit',
    ]) {
      const response = await request(GAME, path, { testEnv })
      expect(response.status, path).toBe(503)
      expect(await response.json()).toMatchObject({ code: 'database_unavailable' })
    }
  })
})

describe('GET /api/events/rejected/summary', () => {
  it('counts by reason, event and field', async ({ expect }) => {
    const game = 'rejected-summary'
    await addGame(game)
    const at = Date.UTC(2026, 10, 20)
    await storeRejections(game, [
      { receivedMs: at, detail: 'first' },
      { receivedMs: at + 2, detail: 'last', rejectionId: 'example-0' },
      { receivedMs: at + 1, detail: 'middle' },
      { receivedMs: at + 5, code: 'invalid_time', verdict: 'rejected', pointer: '/ts' },
      { receivedMs: at + 6, code: 'invalid_time', verdict: 'rejected', pointer: '/event_time' },
    ])
    const common = { event: 'boss.defeated' }
    const answer = await summary(game)
    expect(answer).toMatchObject({ events: 5, more_groups: 0 })
    expect(answer.groups).toEqual([
      {
        ...common,
        code: 'unknown_event',
        pointer: '/event',
        events: 3,
        replayable: 3,
        first_time: '2026-11-20T00:00:00.000Z',
        last_time: '2026-11-20T00:00:00.002Z',
        example: { rejection_id: 'example-0', detail: 'last' },
      },
      expect.objectContaining({ code: 'invalid_time', pointer: '/event_time', replayable: 0 }),
      expect.objectContaining({ code: 'invalid_time', pointer: '/ts', events: 1 }),
    ])
    expect(await summary(game, { limit: '1' })).toMatchObject({ events: 5, more_groups: 2 })
    expect(await summary(game, { code: 'invalid_time' })).toMatchObject({ events: 2 })
    expect(await summary(game, { pointer: '/ts' })).toMatchObject({ events: 1 })
  })
})

async function allPages(game: string, limit: number): Promise<RejectedAnswer['events'][]> {
  const pages: RejectedAnswer['events'][] = []
  let cursor: string | null = ''
  while (cursor !== null && pages.length < 20) {
    const page: RejectedAnswer = await list(game, {
      limit: String(limit),
      ...(cursor !== '' && { cursor }),
    })
    pages.push(page.events)
    cursor = page.next_cursor
  }
  return pages
}

type Paged = Required<Pick<Rejection, 'receivedMs' | 'rejectionId' | 'code'>>

function latestFirst(a: Paged, b: Paged): number {
  if (a.receivedMs !== b.receivedMs) return b.receivedMs - a.receivedMs
  const [nameA, nameB] = [`${a.rejectionId}\n${a.code}`, `${b.rejectionId}\n${b.code}`]
  return nameA < nameB ? 1 : -1
}

const nameOf = (event: RejectedAnswer['events'][number]) => `${event.rejection_id} ${event.code}`
const nameOfRejection = ({ rejectionId, code }: Paged) => `${rejectionId} ${code}`
