/** How the cost of an event and the memory of the isolate grow with the number of games and with the backlog. */
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

import type { Gate } from './gate.ts'
import type { Inspector } from './inspector.ts'
import { inspect } from './inspector.ts'
import type { BenchGame, BodySource } from './load.ts'
import { sendPosts } from './load.ts'
import { cpuSeconds } from './processes.ts'
import type { Runtime } from './runtime.ts'

/** Events of a POST while games grow: what a server flushes at once. */
const EVENTS_PER_GAME_POST = 100

/** POSTs of a round; a whole number for each number of games. */
const GAME_POSTS = 200

/** Events of a message of the backlog: what a client flushes at once. */
const EVENTS_PER_MESSAGE = 20

/** Messages that a measurement of a small backlog takes in all, in several goes. */
const FEWEST_MESSAGES = 60

const HEAP_INTERVAL_MS = 50

export interface GrowthOptions {
  readonly runtime: Runtime
  readonly gate: Gate
  readonly games: readonly BenchGame[]
  readonly bodies: BodySource
}

export interface GamesFigure {
  readonly games: number
  /** Microseconds of CPU per event, all parts */
  readonly micros: number
}

/** CPU per event when a queue batch holds messages of so many games. */
export async function measureGames(
  { runtime, games, bodies }: GrowthOptions,
  counts: readonly number[],
  rounds: number,
): Promise<GamesFigure[]> {
  const cheapest = new Map<number, number>()
  for (let round = 0; round <= rounds; round += 1) {
    for (const count of counts) {
      const before = cpuSeconds(runtime.pid)
      await sendPosts({
        url: runtime.url,
        games: games.slice(0, count),
        posts: GAME_POSTS,
        nextBody: () => bodies.next(EVENTS_PER_GAME_POST),
      })
      await runtime.drained()
      const events = GAME_POSTS * EVENTS_PER_GAME_POST
      const micros = ((cpuSeconds(runtime.pid) - before) / events) * 1e6
      if (round > 0) cheapest.set(count, Math.min(micros, cheapest.get(count) ?? micros))
    }
  }
  return [...cheapest].map(([count, micros]) => ({ games: count, micros }))
}

export interface BacklogFigure {
  /** Messages that wait when the consumer begins */
  readonly messages: number
  /** Microseconds of CPU per event from the queue to the answer of the database */
  readonly micros: number
  /** Largest size of the heap meanwhile, garbage included */
  readonly heapBytes: number
}

/** What an event of a backlog costs the consumer, and the memory that it takes. */
export async function measureBacklog(
  { runtime, gate, games, bodies }: GrowthOptions,
  sizes: readonly number[],
): Promise<BacklogFigure[]> {
  const inspector = await inspectorOf(runtime)
  const figures: BacklogFigure[] = []
  try {
    for (const messages of sizes) {
      let seconds = 0
      let heapBytes = 0
      const goes = Math.ceil(FEWEST_MESSAGES / messages)
      for (let go = 0; go < goes; go += 1) {
        gate.close()
        await sendPosts({
          url: runtime.url,
          games: games.slice(0, 1),
          posts: messages,
          nextBody: () => bodies.next(EVENTS_PER_MESSAGE),
        })
        // What the POSTs left behind is not the consumer's.
        if (go === 0) await inspector.collectGarbage()
        const before = cpuSeconds(runtime.pid)
        gate.open()
        heapBytes = Math.max(heapBytes, await peakHeap(inspector, runtime.drained()))
        seconds += cpuSeconds(runtime.pid) - before
      }
      const events = goes * messages * EVENTS_PER_MESSAGE
      figures.push({ messages, micros: (seconds / events) * 1e6, heapBytes })
    }
  } finally {
    inspector.close()
  }
  return figures
}

async function inspectorOf({ inspectorUrl }: Runtime): Promise<Inspector> {
  if (inspectorUrl === null) throw new Error('the runtime has no inspector')
  return inspect(inspectorUrl)
}

/** Largest size of the heap until something is done. */
async function peakHeap(inspector: Inspector, done: Promise<void>): Promise<number> {
  const isDone = done.then(() => true)
  let peak = 0
  do peak = Math.max(peak, await inspector.heapBytes())
  while (!(await Promise.race([isDone, sleep(HEAP_INTERVAL_MS, false)])))
  return peak
}

/** As peakHeap, of what is in use after garbage was collected. */
async function peakLiveHeap(inspector: Inspector, done: Promise<void>): Promise<number> {
  const isDone = done.then(() => true)
  let peak = 0
  do {
    await inspector.collectGarbage()
    peak = Math.max(peak, await inspector.heapBytes())
  } while (!(await Promise.race([isDone, sleep(0, false)])))
  return peak
}

export interface MemoryFigure {
  readonly messages: number
  /** Bytes of all messages of the batch once inflated */
  readonly plainBytes: number
  /** Largest size of the heap while the batch is consumed, without garbage, as seen between two collections */
  readonly heapBytes: number
}

/** Events of the largest POST, padded so that they compress into one message each of nearly the largest size. */
const LARGEST_POST_EVENTS = 1_000
const PADDING_BYTES = 900

/** Messages of a full queue batch. */
const FULL_BATCH = 100

/** The heap while a full batch of the largest messages is consumed. */
export async function measureMemory({
  runtime,
  gate,
  games,
  bodies,
}: GrowthOptions): Promise<MemoryFigure> {
  const inspector = await inspectorOf(runtime)
  try {
    gate.close()
    const body = new Uint8Array(gzipSync(bodies.nextPadded(LARGEST_POST_EVENTS, PADDING_BYTES)))
    const before = await runtime.counts()
    await sendPosts({
      url: runtime.url,
      games: games.slice(0, 1),
      posts: FULL_BATCH,
      headers: { 'Content-Encoding': 'gzip' },
      nextBody: () => body,
    })
    const after = await runtime.counts()
    await inspector.collectGarbage()
    gate.open()
    const heapBytes = await peakLiveHeap(inspector, runtime.drained())
    return {
      messages: after.sent - before.sent,
      plainBytes: FULL_BATCH * LARGEST_POST_EVENTS * (PADDING_BYTES + PLAIN_ROW_BYTES),
      heapBytes,
    }
  } finally {
    inspector.close()
  }
}

/** Bytes of a row without its padding. */
const PLAIN_ROW_BYTES = 590
