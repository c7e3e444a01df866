/**
 * CPU of the Worker per event, beside the floor. Messages wait behind a gate until all POSTs of a round are answered,
 * so ingest and consume are timed apart; the sketches are the difference to a consumer whose tokens go nowhere.
 *
 * The runtimes take turns, so that whatever else the machine does meets all of them. Of the times of several rounds the
 * smallest counts, because disturbance only adds. A ratio is the median of those of single rounds: a machine that is
 * slower for a minute is slower for both.
 */
import type { Gate } from './gate.ts'
import type { BenchGame, BodySource } from './load.ts'
import { sendPosts } from './load.ts'
import { cpuSeconds } from './processes.ts'
import type { Runtime } from './runtime.ts'

/** What runs in a runtime: the floor, Croupier without sketches, Croupier. */
export const VARIANTS = ['floor', 'consume', 'all'] as const
export type Variant = (typeof VARIANTS)[number]

export const BATCH_SIZES = [1, 20, 100, 500] as const
export type BatchSize = (typeof BATCH_SIZES)[number]

/** POSTs of a round: half a second of CPU or more each, and whole queue batches of 100 messages. */
const POSTS: Readonly<Record<BatchSize, number>> = { 1: 500, 20: 400, 100: 200, 500: 100 }

/** Bytes of the message of one POST, for the floor. */
const MESSAGE_BYTES_HEADER = 'X-Message-Bytes'

/** Microseconds of CPU per event. */
export interface CpuFigures {
  /** Events of one POST */
  readonly size: BatchSize
  /** The floor up to its answer */
  readonly floor: number
  /** Croupier up to its answer */
  readonly ingest: number
  /** Croupier from the queue to the answer of the database, tokens left out */
  readonly consume: number
  /** What the tokens add to that */
  readonly sketch: number
  /** ingest + consume + sketch */
  readonly total: number
  /** ingest / floor, as the median of the rounds */
  readonly ratio: number
  /** Bytes of the message of one POST */
  readonly messageBytes: number
}

export interface CpuOptions {
  readonly runtimes: Readonly<Record<Variant, Runtime>>
  readonly gate: Gate
  readonly game: BenchGame
  readonly bodies: BodySource
  readonly sizes: readonly BatchSize[]
  /** Rounds that count; one more warms up */
  readonly rounds: number
}

/** CPU seconds before and after the gate opens. */
interface Phases {
  readonly sending: number
  readonly draining: number
}

/** What one event costs, for each size. */
export async function measureCpu(options: CpuOptions): Promise<CpuFigures[]> {
  const { runtimes, sizes, rounds } = options
  const messageBytes = new Map<BatchSize, number>()
  for (const size of sizes)
    messageBytes.set(size, await messageBytesOf(runtimes.all, options, size))
  const measured = new Map<string, Phases[]>()
  for (let round = 0; round <= rounds; round += 1) {
    for (const size of sizes) {
      for (const variant of VARIANTS) {
        const phases = await measurePhases(options, variant, size, messageBytes.get(size) ?? 0)
        const key = `${variant} ${size}`
        if (round > 0) measured.set(key, [...(measured.get(key) ?? []), phases])
      }
    }
  }
  return sizes.map((size) => {
    const of = (variant: Variant) => {
      const phases = measured.get(`${variant} ${size}`)
      if (phases === undefined) throw new Error(`${variant} was not measured`)
      return phases
    }
    return figuresOf(size, of('floor'), of('consume'), of('all'), messageBytes.get(size) ?? 0)
  })
}

/** Figures of one size from what its rounds took, CPU seconds of each. */
export function figuresOf(
  size: BatchSize,
  floor: readonly Phases[],
  consume: readonly Phases[],
  all: readonly Phases[],
  messageBytes: number,
): CpuFigures {
  const perEvent = (seconds: number) => (seconds / (POSTS[size] * size)) * 1e6
  const least = (phases: readonly Phases[], phase: keyof Phases) =>
    Math.min(...phases.map((round) => round[phase]))
  const ingestSeconds = least(all, 'sending')
  const consumeSeconds = least(consume, 'draining')
  const drainSeconds = least(all, 'draining')
  const ratios = floor.map(({ sending }, round) => (all[round]?.sending ?? NaN) / sending)
  return {
    size,
    floor: perEvent(least(floor, 'sending')),
    ingest: perEvent(ingestSeconds),
    consume: perEvent(consumeSeconds),
    sketch: perEvent(drainSeconds - consumeSeconds),
    total: perEvent(ingestSeconds + drainSeconds),
    ratio: medianOf(ratios),
    messageBytes,
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2
}

async function measurePhases(
  { runtimes, gate, game, bodies }: CpuOptions,
  variant: Variant,
  size: BatchSize,
  messageBytes: number,
): Promise<Phases> {
  const runtime = runtimes[variant]
  gate.close()
  const startSeconds = cpuSeconds(runtime.pid)
  await sendPosts({
    url: runtime.url,
    games: [game],
    posts: POSTS[size],
    headers: { [MESSAGE_BYTES_HEADER]: String(messageBytes) },
    nextBody: () => bodies.next(size),
  })
  const sentSeconds = cpuSeconds(runtime.pid)
  gate.open()
  await runtime.drained()
  return {
    sending: sentSeconds - startSeconds,
    draining: cpuSeconds(runtime.pid) - sentSeconds,
  }
}

async function messageBytesOf(
  runtime: Runtime,
  { game, bodies }: CpuOptions,
  size: BatchSize,
): Promise<number> {
  const before = await runtime.counts()
  await sendPosts({
    url: runtime.url,
    games: [game],
    posts: 1,
    nextBody: () => bodies.next(size),
  })
  const after = await runtime.counts()
  await runtime.drained()
  return Number(after['sentBytes']) - Number(before['sentBytes'])
}
