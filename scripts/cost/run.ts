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
import type { BenchGame } from '../bench/load.ts'
import { benchGames, BodySource, sendPosts } from '../bench/load.ts'
import { cpuSeconds } from '../bench/processes.ts'
import type { Runtime } from '../bench/runtime.ts'
import { startCroupier } from '../bench/runtime.ts'
import { PROJECT_ROOT } from '../local/wrangler.ts'
import type { PriceList, Usage } from './price.ts'
import { ASSUMED_RATE_PER_SECOND, countsSchema, priceListSchema, usageBetween } from './price.ts'

/** What is sent in a run. */
export interface PlannedRun {
  /** Events of one POST */
  readonly size: number
  readonly posts: number
  /** The setting of the game; 0 is off */
  readonly coalesceMs: number
}

/** Whole queue batches of 100 messages; with coalescing some whole messages. */
export const COST_PLAN: readonly PlannedRun[] = [
  { size: 1, posts: 1_000, coalesceMs: 0 },
  { size: 1, posts: 1_000, coalesceMs: 2_000 },
  { size: 20, posts: 500, coalesceMs: 0 },
  { size: 100, posts: 300, coalesceMs: 0 },
]

/** What a run is called in tables, targets and the baseline. */
export function runName({ size, coalesceMs }: Omit<PlannedRun, 'posts'>): string {
  return `${size} per POST${coalesceMs === 0 ? '' : ', coalesced'}`
}

export interface CountedRun {
  readonly name: string
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
  readonly plan: readonly PlannedRun[]
  /** How long to look at a game that sends nothing, in milliseconds: one interval of publishing by default */
  readonly idleMs?: number
  /** Where the sources are; this project by default */
  readonly root?: string
}

/** Runs the plan, each run in a runtime of its own. Nothing is left running. */
export async function countUsage(options: CostOptions): Promise<CountedUsage> {
  const { directory, plan, idleMs = PUBLISH_INTERVAL_MS, root = PROJECT_ROOT } = options
  const modules = await bundleWorker({ source: 'scripts/cost/worker/counting.ts', directory, root })
  const standIn = await startStandIn()
  const logShare = logShareOf(root)
  try {
    const runs: CountedRun[] = []
    for (const planned of plan) {
      runs.push(
        await withRuntime(modules, standIn, root, (run) => countRun(run, planned, logShare)),
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
  readonly games: readonly BenchGame[]
  /** Sends so many POSTs and waits until the queue is empty */
  readonly send: (size: number, posts: number, connections?: number) => Promise<void>
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
  const send: Run['send'] = async (size, posts, connections) => {
    await sendPosts({
      url: runtime.url,
      games,
      posts,
      nextBody: () => bodies.next(size),
      ...(connections !== undefined && { connections }),
    })
    await runtime.drained()
  }
  try {
    // What happens once, such as the tables of a new object, is no cost of an event.
    await send(1, 1)
    return await use({ runtime, games, send })
  } finally {
    await runtime.stop()
  }
}

async function countRun(
  run: Run,
  { size, posts, coalesceMs }: PlannedRun,
  logShare: number,
): Promise<CountedRun> {
  const { runtime, send } = run
  // As many POSTs wait together as come at the assumed rate while the first of them waits.
  const connections =
    coalesceMs === 0 ? undefined : Math.ceil((ASSUMED_RATE_PER_SECOND * coalesceMs) / 1_000)
  if (coalesceMs > 0) await switchOn(run, coalesceMs)
  const before = await snapshot(runtime)
  await send(size, posts, connections)
  const after = await snapshot(runtime)
  const grown = (name: 'batches' | 'settled' | 'queueWrites' | 'sent') =>
    Number(after.counts[name]) - Number(before.counts[name])
  return {
    name: runName({ size, coalesceMs }),
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

/** Sets `coalesce_ms` of all games of a run, and waits until that was done with. */
async function switchOn({ runtime, games, send }: Run, coalesceMs: number): Promise<void> {
  for (const { gameId, env } of games) {
    const response = await fetch(`${runtime.url}/api/analytics/filters`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${runtime.adminKey}`,
        'X-Game-ID': gameId,
        'X-Env': env,
      },
      body: JSON.stringify({ coalesce_ms: coalesceMs }),
    })
    const answer = await response.text()
    if (!response.ok) throw new Error(`coalesce_ms: ${response.status} ${answer}`)
  }
  // The first POST creates the object.
  await send(1, 1)
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
