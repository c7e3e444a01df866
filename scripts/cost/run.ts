/** A run of Croupier with the counting Worker: the operations that so many events needed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { unstable_readConfig as readConfig } from 'wrangler'

import { PUBLISH_INTERVAL_MS } from '../../configs/limits.ts'
import type { BundleModule } from '../bench/bundle.ts'
import { bundleWorker } from '../bench/bundle.ts'
import type { StandIn } from '../bench/clickhouse-stand-in.ts'
import { startStandIn } from '../bench/clickhouse-stand-in.ts'
import { benchGames, BodySource, sendPosts } from '../bench/load.ts'
import { cpuSeconds } from '../bench/processes.ts'
import type { Runtime } from '../bench/runtime.ts'
import { startCroupier } from '../bench/runtime.ts'
import { PROJECT_ROOT } from '../local/wrangler.ts'
import type { PriceList, Usage } from './price.ts'
import { countsSchema, priceListSchema, usageBetween } from './price.ts'

/** Events of one POST, and POSTs of a run: whole queue batches of 100 messages. */
export const COST_PLAN = [
  { size: 1, posts: 1_000 },
  { size: 20, posts: 500 },
  { size: 100, posts: 300 },
] as const

export interface CountedRun {
  /** Events of one POST */
  readonly size: number
  readonly events: number
  readonly usage: Usage
  /** Messages of a queue batch on average */
  readonly messagesPerBatch: number
  readonly chunksPerMessage: number
}

export interface CountedUsage {
  readonly runs: readonly CountedRun[]
  /** What one game needs while nothing arrives, over one interval of publishing */
  readonly idle: Usage
}

const PRICES = new URL('prices.json', import.meta.url)

/** The published prices. Throws ZodError for a list that is not whole. */
export function readPrices(): PriceList {
  return priceListSchema.parse(JSON.parse(readFileSync(PRICES, 'utf8')))
}

/** The share of log lines that wrangler.toml lets the platform keep. */
function logShareOf(root: string): number {
  process.env['WRANGLER_LOG'] ??= 'none'
  const { observability } = readConfig({ config: join(root, 'wrangler.toml') })
  if (observability?.enabled !== true) return 0
  return observability.logs?.head_sampling_rate ?? observability.head_sampling_rate ?? 1
}

export interface CostOptions {
  readonly directory: string
  readonly plan: readonly { readonly size: number; readonly posts: number }[]
  /** How long to look at a game that sends nothing, in milliseconds: one interval of publishing by default */
  readonly idleMs?: number
  /** Where the sources are; this project by default */
  readonly root?: string
}

/** Runs the plan, each size in a runtime of its own. Nothing is left running. */
export async function countUsage(options: CostOptions): Promise<CountedUsage> {
  const { directory, plan, idleMs = PUBLISH_INTERVAL_MS, root = PROJECT_ROOT } = options
  const modules = await bundleWorker({ source: 'scripts/cost/worker/counting.ts', directory, root })
  const standIn = await startStandIn()
  const logShare = logShareOf(root)
  try {
    const runs: CountedRun[] = []
    for (const { size, posts } of plan) {
      runs.push(
        await withRuntime(modules, standIn, root, (run) => countRun(run, size, posts, logShare)),
      )
    }
    const idle = await withRuntime(modules, standIn, root, (run) =>
      countIdle(run, idleMs, logShare),
    )
    return { runs, idle }
  } finally {
    await standIn.stop()
  }
}

interface Run {
  readonly runtime: Runtime
  /** Sends so many POSTs and waits until the queue is empty */
  readonly send: (size: number, posts: number) => Promise<void>
}

async function withRuntime<Outcome>(
  modules: readonly BundleModule[],
  { connection: clickhouse }: StandIn,
  root: string,
  use: (run: Run) => Promise<Outcome>,
): Promise<Outcome> {
  const games = benchGames(1)
  const bodies = new BodySource()
  const runtime = await startCroupier({ modules, clickhouse, games, vars: {}, root })
  const send = async (size: number, posts: number) => {
    await sendPosts({ url: runtime.url, games, posts, nextBody: () => bodies.next(size) })
    await runtime.drained()
  }
  try {
    // What happens once, such as the tables of a new object, is no cost of an event.
    await send(1, 1)
    return await use({ runtime, send })
  } finally {
    await runtime.stop()
  }
}

async function countRun(
  { runtime, send }: Run,
  size: number,
  posts: number,
  logShare: number,
): Promise<CountedRun> {
  const before = await snapshot(runtime)
  await send(size, posts)
  const after = await snapshot(runtime)
  const grown = (name: 'batches' | 'settled' | 'queueWrites' | 'sent') =>
    Number(after.counts[name]) - Number(before.counts[name])
  return {
    size,
    events: size * posts,
    usage: usageBetween(before.counts, after.counts, {
      cpuSeconds: after.cpu - before.cpu,
      logShare,
    }),
    messagesPerBatch: grown('settled') / grown('batches'),
    chunksPerMessage: grown('queueWrites') / grown('sent'),
  }
}

async function countIdle({ runtime, send }: Run, idleMs: number, logShare: number): Promise<Usage> {
  await send(1, 1)
  const before = await snapshot(runtime)
  await sleep(idleMs)
  const after = await snapshot(runtime)
  return usageBetween(before.counts, after.counts, {
    cpuSeconds: after.cpu - before.cpu,
    logShare,
  })
}

async function snapshot(runtime: Runtime) {
  return { counts: countsSchema.parse(await runtime.counts()), cpu: cpuSeconds(runtime.pid) }
}
