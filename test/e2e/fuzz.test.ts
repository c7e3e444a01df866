/**
 * A hundred thousand hostile events and bodies over real HTTP: no answer is a fault of ours, every answer adds up, and
 * afterwards the tables hold what was accepted, once, and nothing else. FUZZ_EVENTS scales it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'

import { describe, inject, it } from 'vitest'
import { z } from 'zod'

import { runSql } from '../../scripts/database/run-sql.ts'
import { HostileEvents, USER_PREFIX } from './fuzz/hostile-events.ts'
import type { Post } from './fuzz/hostile-posts.ts'
import { batchPost, hostilePost } from './fuzz/hostile-posts.ts'
import { propertiesOf, Tally } from './fuzz/tally.ts'
import { randomNumbers } from './queries/random-game.ts'

const stack = inject('stack')

const SEED = 20_261
const EVENTS = z.coerce.number().int().min(1).default(100_000).parse(process.env['FUZZ_EVENTS'])
const MAX_EVENTS_PER_POST = 100
const PARALLEL = 6
const DRAIN_DEADLINE_MS = 60_000
/** Two cores take a thousand events a second at the least, with everything else that they do. */
const SEND_DEADLINE_MS = 60_000 + EVENTS

const keys = { write: stack.writeKey, server: stack.serverKey }

async function send(post: Post, tally: Tally): Promise<void> {
  const response = await fetch(`${stack.url}${post.door}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${keys[post.key]}`, ...post.headers },
    body: Uint8Array.from(post.body),
    signal: AbortSignal.timeout(30_000),
  })
  tally.add(
    post,
    response.status,
    response.headers.get('Content-Type') ?? '',
    await response.text(),
  )
}

/** Posts until enough events were sent; a tenth of them twice: one after the other, or both at once. */
async function sendAll(tally: Tally): Promise<void> {
  const random = randomNumbers(SEED)
  const made = new HostileEvents(SEED, random, Date.now())
  let number = 0
  const sendSome = async (): Promise<void> => {
    while (tally.sent < EVENTS) {
      number += 1
      if (random() < 0.1) {
        await send(hostilePost(random, made, number), tally)
        continue
      }
      const size = 1 + Math.floor(random() * MAX_EVENTS_PER_POST)
      const { first, again } = batchPost(random, made, size, number)
      const chance = random()
      if (chance < 0.05) await Promise.all([send(first, tally), send(again, tally)])
      else await send(first, tally)
      if (chance >= 0.05 && chance < 0.1) await send(again, tally)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, sendSome))
}

const healthSchema = z.object({
  checks: z.object({ queue: z.object({ backlog: z.int(), dead_letters: z.int().optional() }) }),
})

async function rowsOf<Row extends z.ZodType>(sql: string, row: Row): Promise<z.output<Row>[]> {
  const text = await runSql(stack.clickhouse, `${sql} FORMAT JSONEachRow`, {
    game: stack.gameId,
    prefix: USER_PREFIX,
  })
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => row.parse(JSON.parse(line)))
}

const countSchema = z.object({ n: z.coerce.number() })

async function countOf(sql: string): Promise<number> {
  return (await rowsOf(sql, countSchema))[0]?.n ?? Number.NaN
}

const OURS = 'game_id = {game:String} AND startsWith(user_id, {prefix:String})'

/** Resolves when the queue has been empty, and the table unchanged, for as long as a batch takes. */
async function untilStored(rows: number): Promise<void> {
  const deadlineMs = Date.now() + DRAIN_DEADLINE_MS
  for (let quiet = 0, before = -1; quiet < 3; await sleep(700)) {
    const health = healthSchema.parse(await (await fetch(`${stack.url}/healthz`)).json())
    const { backlog, dead_letters: deadLetters = 0 } = health.checks.queue
    const stored = await countOf(`SELECT uniqExact(user_id) AS n FROM events WHERE ${OURS}`)
    quiet = backlog + deadLetters === 0 && stored === before && stored >= rows ? quiet + 1 : 0
    before = stored
    if (Date.now() > deadlineMs) return
  }
}

const eventSchema = z.object({
  user_id: z.string(),
  n: z.coerce.number(),
  valid: z.coerce.number(),
  props: z.string(),
})

describe(`${EVENTS.toLocaleString('en')} hostile events`, () => {
  const tally = new Tally()

  it(
    'get answers that add up, and never a 5xx',
    async ({ expect }) => {
      await sendAll(tally)
      expect(tally.faults.slice(0, 10)).toEqual([])
      expect(tally.sent).toBeGreaterThanOrEqual(EVENTS)
      // Chance has reached what it should reach: most codes, and plenty of good events.
      expect(tally.accepted).toBeGreaterThan(tally.sent / 5)
      expect(tally.codes.size).toBeGreaterThan(10)
      expect(tally.problems.size).toBeGreaterThan(6)
    },
    SEND_DEADLINE_MS,
  )

  it('are stored once each when they were accepted, as they were sent, and not at all otherwise', async ({
    expect,
  }) => {
    await untilStored(tally.events.size)
    const rows = await rowsOf(
      `SELECT user_id, count() AS n, min(isValidJSON(props_json)) AS valid, any(props_json) AS props
       FROM events FINAL WHERE ${OURS} GROUP BY user_id`,
      eventSchema,
    )
    const wrong = rows.flatMap((row) => {
      const promised = tally.events.get(row.user_id)
      const isRight =
        promised?.rows === row.n &&
        row.valid === 1 &&
        isDeepStrictEqual(JSON.parse(row.props), propertiesOf(promised.text))
      return isRight ? [] : [{ row, promised }]
    })
    expect(wrong.slice(0, 5)).toEqual([])
    const stored = new Set(rows.map((row) => row.user_id))
    const lost = [...tally.events].filter(([userId]) => !stored.has(userId))
    expect(lost.slice(0, 5)).toEqual([])
    const never = `game_id = {game:String} AND startsWith(user_id, 'never-')`
    expect(await countOf(`SELECT count() AS n FROM events WHERE ${never}`)).toBe(0)
  })

  it('leave one payment for each order and status that was accepted', async ({ expect }) => {
    const row = z.object({ id: z.string(), n: z.coerce.number() })
    const rows = await rowsOf(
      `SELECT concat(order_id, ' ', status) AS id, count() AS n FROM payments FINAL
       WHERE ${OURS} GROUP BY id`,
      row,
    )
    expect(tally.payments.size).toBeGreaterThan(EVENTS / 100)
    expect(rows.filter(({ n }) => n !== 1)).toEqual([])
    expect(rows.map(({ id }) => id).toSorted()).toEqual([...tally.payments].toSorted())
  })

  it('leave one row for each refusal, and no dead letter', async ({ expect }) => {
    const list = tally.traceIds.map((id) => `'${id}'`).join()
    const refused = await countOf(
      `SELECT count() AS n FROM events_rejected FINAL WHERE game_id = {game:String} AND trace_id IN (${list})`,
    )
    expect(await countOf('SELECT count() AS n FROM dead_letters')).toBe(0)
    expect(refused).toBe(tally.rejections.size)
  })

  it('are as many rows after all parts were merged as the questions counted before', async ({
    expect,
  }) => {
    const final = await countOf(`SELECT count() AS n FROM events FINAL WHERE ${OURS}`)
    await runSql(stack.clickhouse, 'OPTIMIZE TABLE events FINAL')
    expect(await countOf(`SELECT count() AS n FROM events WHERE ${OURS}`)).toBe(final)
  })
})
