/**
 * From the POST of an event to the answer of the query API that counts it: through the sketches (GET realtime) and
 * through the rows (GET overview), with other events on their way.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { z } from 'zod'

import type { BenchGame, BodySource } from './load.ts'
import { sendPosts } from './load.ts'
import type { Runtime } from './runtime.ts'

/** Pause between two looks; half of it is added to every time on average. */
const LOOK_INTERVAL_MS = 25
const VISIBLE_DEADLINE_MS = 60_000

/** The other events: POSTs of 20, so many a second. */
const OTHER_POSTS_PER_SECOND = 10
const OTHER_POST_EVENTS = 20

export interface Quantiles {
  readonly p50Ms: number
  readonly p95Ms: number
}

export interface VisibleFigures {
  readonly probes: number
  readonly sketches: Quantiles
  readonly rows: Quantiles
}

export interface VisibleOptions {
  readonly runtime: Runtime
  /** Asked about; nobody else may send for it */
  readonly probed: BenchGame
  /** Sends the other events */
  readonly other: BenchGame
  readonly bodies: BodySource
  readonly probes: number
}

const realtimeSchema = z.looseObject({ dau_today: z.number().nullable() })
const overviewSchema = z.looseObject({ active_users: z.number() })

/** Sends new users one after the other and looks until each is counted. */
export async function measureVisible(options: VisibleOptions): Promise<VisibleFigures> {
  const { runtime, probed, probes } = options
  const traffic = new AbortController()
  const others = sendOthers(options, traffic.signal)
  const sketchTimes: number[] = []
  const rowTimes: number[] = []
  try {
    for (let users = 1; users <= probes; users += 1) {
      const startMs = performance.now()
      await sendPosts({
        url: runtime.url,
        games: [probed],
        posts: 1,
        nextBody: () => probeBody(users),
      })
      const [sketchMs, rowMs] = await Promise.all([
        lookUntil(users, startMs, async () => {
          const answer = await ask(runtime, probed, '/api/analytics/realtime')
          return realtimeSchema.parse(answer).dau_today ?? 0
        }),
        lookUntil(users, startMs, async () => {
          const answer = await ask(runtime, probed, '/api/analytics/overview')
          return overviewSchema.parse(answer).active_users
        }),
      ])
      sketchTimes.push(sketchMs)
      rowTimes.push(rowMs)
    }
  } finally {
    traffic.abort()
    await others
  }
  return { probes, sketches: quantilesOf(sketchTimes), rows: quantilesOf(rowTimes) }
}

function probeBody(user: number): string {
  const event = {
    event: 'session.start',
    event_id: `probe-${user}`,
    event_time: new Date().toISOString(),
    user_id: `probe-${user}`,
    session_id: `probe-${user}`,
    platform: 'ios',
    country: 'DE',
    channel: 'app_store',
    app_version: '1.2.3',
  }
  return JSON.stringify({ events: [event], sent_at: Date.now() })
}

async function sendOthers(
  { runtime, other, bodies }: VisibleOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sendPosts({
      url: runtime.url,
      games: [other],
      posts: 1,
      nextBody: () => bodies.next(OTHER_POST_EVENTS),
    })
    await sleep(1_000 / OTHER_POSTS_PER_SECOND)
  }
}

async function ask(runtime: Runtime, game: BenchGame, path: string): Promise<unknown> {
  const headers = { Authorization: `Bearer ${game.readKey}` }
  const response = await fetch(`${runtime.url}${path}`, { headers })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status}: ${text}`)
  return JSON.parse(text)
}

/** Milliseconds from `startMs` until the answer counts so many users. */
async function lookUntil(
  users: number,
  startMs: number,
  count: () => Promise<number>,
): Promise<number> {
  for (;;) {
    if ((await count()) >= users) return performance.now() - startMs
    if (performance.now() - startMs > VISIBLE_DEADLINE_MS) {
      throw new Error(`user ${users} was not counted within ${VISIBLE_DEADLINE_MS / 1_000} s`)
    }
    await sleep(LOOK_INTERVAL_MS)
  }
}

/** The median and the 95th percentile by the nearest rank. */
export function quantilesOf(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((left, right) => left - right)
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN
  return { p50Ms: rank(0.5), p95Ms: rank(0.95) }
}
