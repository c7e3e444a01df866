/** All measurements of a run, one after the other, each with the runtimes that it needs. */
import { join } from 'node:path'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { startClickHouse } from '../local/clickhouse.ts'
import { migrate } from '../migrate.ts'
import type { BundleModule } from './bundle.ts'
import { bundleWorker } from './bundle.ts'
import type { StandIn } from './clickhouse-stand-in.ts'
import { startStandIn } from './clickhouse-stand-in.ts'
import type { BatchSize, CpuFigures } from './cpu-per-event.ts'
import { BATCH_SIZES, measureCpu } from './cpu-per-event.ts'
import type { Gate } from './gate.ts'
import { startGate } from './gate.ts'
import { measureBacklog, measureGames, measureMemory } from './growth.ts'
import { measureInserts } from './insert-speed.ts'
import { benchGames, BodySource, sendPosts } from './load.ts'
import type { Results } from './results.ts'
import type { Runtime } from './runtime.ts'
import { startCroupier, startFloor } from './runtime.ts'
import { measureStartup } from './startup.ts'
import { measureVisible } from './time-to-visible.ts'

/** How much of everything; a quick run says as much, less exactly. */
const FULL = {
  sizes: BATCH_SIZES,
  cpuRounds: 9,
  games: [1, 10, 100],
  gameRounds: 3,
  backlog: [1, 100, 1_000, 4_000],
  insertRounds: 3,
  probes: 20,
  starts: 3,
} as const
const QUICK = {
  sizes: [1, 20, 100],
  cpuRounds: 3,
  games: [1, 10, 100],
  gameRounds: 2,
  backlog: [1, 100],
  insertRounds: 2,
  probes: 4,
  starts: 1,
} as const

export interface RunOptions {
  /** For bundles and the data of ClickHouse; removed by the caller */
  readonly directory: string
  readonly isQuick: boolean
  readonly log: (line: string) => void
}

/** What all measurements share. */
interface Bench {
  readonly parts: readonly BundleModule[]
  readonly floor: readonly BundleModule[]
  readonly standIn: StandIn
  readonly gate: Gate
}

const FLOOR_SOURCE = 'scripts/bench/worker/floor.ts'
const PARTS_SOURCE = 'scripts/bench/worker/parts.ts'

/** Users that fill the sketches before anything is measured: POSTs of strangers. */
const FILLING_POSTS = 20
const STRANGERS_PER_POST = 500

/** Runs everything. Throws when a measurement cannot be made; nothing is left running. */
export async function measureAll({ directory, isQuick, log }: RunOptions): Promise<Results> {
  const plan = isQuick ? QUICK : FULL
  log('bundling')
  const [parts, floor, deployed] = await Promise.all([
    bundleWorker({ source: PARTS_SOURCE, directory: join(directory, 'parts') }),
    bundleWorker({
      source: FLOOR_SOURCE,
      directory: join(directory, 'floor'),
      ownConfiguration: true,
    }),
    bundleWorker({ source: 'src/index.ts', directory: join(directory, 'deployed') }),
  ])
  const standIn = await startStandIn()
  const gate = await startGate()
  const bench = { parts, floor, standIn, gate }
  try {
    log('start of the module')
    const startup = await measureStartup(deployed, directory, plan.starts)
    log('CPU per event')
    const cpu = await cpuFigures(bench, plan.sizes, plan.cpuRounds)
    for (const { size, total, ratio } of cpu) {
      log(
        `  ${size} per POST: ${total.toFixed(1)} us an event, ingest ${ratio.toFixed(2)}x the floor`,
      )
    }
    log('growth')
    const growth = await growthFigures(bench, plan)
    log('inserts and visibility')
    const stored = await storedFigures(bench, join(directory, 'clickhouse'), plan)
    return { cpu, ...growth, ...stored, startup }
  } finally {
    await gate.stop()
    await standIn.stop()
  }
}

/** Runs with all of the runtimes, and ends them whatever happens. */
async function withRuntimes<Names extends string, Outcome>(
  starts: Readonly<Record<Names, () => Promise<Runtime>>>,
  use: (runtimes: Readonly<Record<Names, Runtime>>) => Promise<Outcome>,
): Promise<Outcome> {
  const started: Runtime[] = []
  const runtimes: Partial<Record<Names, Runtime>> = {}
  try {
    // One after the other: a runtime finds its process as the one that was not there before.
    for (const name in starts) {
      const runtime = await starts[name]()
      started.push(runtime)
      runtimes[name] = runtime
    }
    return await use(complete(runtimes, starts))
  } finally {
    await Promise.all(started.map((runtime) => runtime.stop()))
  }
}

function complete<Names extends string>(
  runtimes: Partial<Record<Names, Runtime>>,
  starts: Readonly<Record<Names, unknown>>,
): Record<Names, Runtime> {
  const isComplete = (given: Partial<Record<Names, Runtime>>): given is Record<Names, Runtime> =>
    Object.keys(starts).every((name) => Object.hasOwn(given, name))
  if (!isComplete(runtimes)) throw new Error('a runtime was not started')
  return runtimes
}

/** CPU per event of Croupier and of the floor. */
export async function cpuFigures(
  { parts, floor, standIn, gate }: Bench,
  sizes: readonly BatchSize[],
  rounds: number,
): Promise<CpuFigures[]> {
  const games = benchGames(1)
  const [game] = games
  if (game === undefined) throw new Error('no game')
  const bodies = new BodySource()
  const croupier = (variant: 'consume' | 'all') => () =>
    startCroupier({
      modules: parts,
      clickhouse: standIn.connection,
      games,
      vars: { BENCH_PARTS: variant, BENCH_GATE_URL: gate.url },
    })
  const starts = {
    floor: () => startFloor(floor, { BENCH_GATE_URL: gate.url }),
    consume: croupier('consume'),
    all: croupier('all'),
  }
  return withRuntimes(starts, async (runtimes) => {
    for (const runtime of [runtimes.consume, runtimes.all]) {
      await sendPosts({
        url: runtime.url,
        games,
        posts: FILLING_POSTS,
        nextBody: () => bodies.nextOfStrangers(STRANGERS_PER_POST),
      })
      await runtime.drained()
    }
    return measureCpu({ runtimes, gate, game, bodies, sizes, rounds })
  })
}

/** A backlog of one message is a batch of one at once. */
const SHORT_BATCH_TIMEOUT_SECONDS = 0.05

async function growthFigures(
  { parts, standIn, gate }: Bench,
  plan: typeof FULL | typeof QUICK,
): Promise<Pick<Results, 'games' | 'backlog' | 'memory'>> {
  const games = benchGames(Math.max(...plan.games))
  const bodies = new BodySource()
  const start = (options: { hasInspector?: boolean; batchTimeoutSeconds?: number }) => () =>
    startCroupier({
      modules: parts,
      clickhouse: standIn.connection,
      games,
      vars: { BENCH_PARTS: 'all', BENCH_GATE_URL: gate.url },
      ...options,
    })
  const byGames = await withRuntimes({ plain: start({}) }, ({ plain: runtime }) =>
    measureGames({ runtime, gate, games, bodies }, plan.games, plan.gameRounds),
  )
  const inspected = { hasInspector: true, batchTimeoutSeconds: SHORT_BATCH_TIMEOUT_SECONDS }
  return withRuntimes({ inspected: start(inspected) }, async ({ inspected: runtime }) => {
    const options = { runtime, gate, games, bodies }
    return {
      games: byGames,
      backlog: await measureBacklog(options, plan.backlog),
      memory: await measureMemory(options),
    }
  })
}

async function storedFigures(
  { parts, standIn, gate }: Bench,
  dataDir: string,
  plan: typeof FULL | typeof QUICK,
): Promise<Pick<Results, 'inserts' | 'visible'>> {
  const server = await startClickHouse({ dataDir })
  try {
    const clickhouse = {
      url: server.url,
      user: 'default',
      password: '',
      database: 'analytics',
    }
    await migrate(clickhouse, () => undefined)
    return await withDatabase(clickhouse)
  } finally {
    await server.stop()
  }

  async function withDatabase(clickhouse: ClickHouseConnection) {
    const games = benchGames(3)
    const [inserted, probed, other] = games
    if (inserted === undefined || probed === undefined || other === undefined) {
      throw new Error('no games')
    }
    const bodies = new BodySource()
    const start = (connection: ClickHouseConnection) => () =>
      startCroupier({
        modules: parts,
        clickhouse: connection,
        games,
        vars: { BENCH_PARTS: 'all', BENCH_GATE_URL: gate.url },
      })
    const starts = { worker: start(clickhouse), recorder: start(standIn.connection) }
    return withRuntimes(starts, async ({ worker, recorder }) => ({
      inserts: await measureInserts({
        worker,
        recorder,
        standIn,
        gate,
        clickhouse,
        game: inserted,
        bodies,
        rounds: plan.insertRounds,
      }),
      visible: await measureVisible({
        runtime: worker,
        probed,
        other,
        bodies,
        probes: plan.probes,
      }),
    }))
  }
}
