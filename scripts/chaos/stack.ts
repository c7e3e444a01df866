/**
 * The system of a chaos run: ClickHouse with its schema, the proxy before it, the control database, and the Worker of
 * scripts/chaos/worker as it would be deployed.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { z } from 'zod'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import type { BackgroundProcess } from '../local/background-process.ts'
import { startBackgroundProcess } from '../local/background-process.ts'
import type { GameKeys } from '../local/control-database.ts'
import { newKeys, prepareLocalDatabase, workerDataDir } from '../local/control-database.ts'
import { freePort } from '../local/free-port.ts'
import { writePrivate } from '../local/private-file.ts'
import { localSecrets } from '../local/secrets.ts'
import { PROJECT_ROOT, runWrangler, WRANGLER_PATH, wranglerEnv } from '../local/wrangler.ts'
import { migrate } from '../migrate.ts'
import { MortalClickHouse } from './database.ts'
import { FaultProxy } from './proxy.ts'
import { createSchedules, FaultTally } from './schedule.ts'
import type { Batch, ChaosGame } from './traffic.ts'
import { GAMES } from './traffic.ts'

const ENTRY = join(PROJECT_ROOT, 'scripts/chaos/worker/index.ts')
const HEALTHY_DEADLINE_MS = 60_000
const SKETCH_KEY_DIGITS = 16
const STOP_GRACE_MS = 5_000
const CONTROL_DEADLINE_MS = 20_000

const stateSchema = z.object({
  faults: z.record(z.string(), z.int()),
  outstanding: z.int(),
  running: z.int(),
  exhausted: z.int(),
  coalesced: z.int(),
})
export type WorkerState = z.infer<typeof stateSchema>

const healthSchema = z.object({
  checks: z.object({ queue: z.object({ backlog: z.int(), dead_letters: z.int() }) }),
})

export class ChaosStack {
  readonly url: string
  readonly database: MortalClickHouse
  /** Straight to ClickHouse, past the proxy */
  readonly connection: ClickHouseConnection
  readonly tally: FaultTally
  readonly proxy: FaultProxy
  readonly #worker: BackgroundProcess
  readonly #keys: ReadonlyMap<string, GameKeys>

  private constructor(
    parts: { database: MortalClickHouse; proxy: FaultProxy; tally: FaultTally },
    worker: BackgroundProcess,
    port: number,
    keys: ReadonlyMap<string, GameKeys>,
  ) {
    this.url = `http://127.0.0.1:${port}`
    this.database = parts.database
    this.proxy = parts.proxy
    this.tally = parts.tally
    this.connection = connectionTo(parts.database.url)
    this.#worker = worker
    this.#keys = keys
  }

  /** Starts everything below `dataDir`, with queue batches of at most `batchSize` messages; whatever fails, nothing is left running. */
  static async start(dataDir: string, seed: number, batchSize: number): Promise<ChaosStack> {
    // Which users share a token is a part of what a seed repeats.
    writePrivate(join(dataDir, 'sketch.key'), seed.toString(16).padStart(SKETCH_KEY_DIGITS, '0'))
    const database = await MortalClickHouse.start(join(dataDir, 'clickhouse'))
    const tally = new FaultTally()
    const proxy = await FaultProxy.start(database, tally)
    try {
      // Late events are older than some retentions.
      const retention = { eventsDays: 0, rejectedDays: 0 }
      await migrate(connectionTo(database.url), () => undefined, { retention })
      const games = GAMES.map(({ gameId, timeZone }) =>
        Object.assign(newKeys(), { gameId, timeZone, env: 'prod', name: gameId }),
      )
      await prepareLocalDatabase(workerDataDir(dataDir), games)
      const keys = new Map(games.map((game) => [game.gameId, game]))
      const port = await freePort()
      const worker = await startWorker(dataDir, port, connectionTo(proxy.url), batchSize)
      const stack = new ChaosStack({ database, proxy, tally }, worker, port, keys)
      try {
        await stack.#untilHealthy()
        await stack.#coalesce(localSecrets(dataDir).adminKey)
      } catch (error) {
        await worker.stop(STOP_GRACE_MS)
        throw error
      }
      return stack
    } catch (error) {
      await proxy.stop()
      await database.stop()
      throw error
    }
  }

  keyOf({ game, key }: Batch): string {
    const keys = this.keysOf(game)
    return key === 'server' ? keys.serverKey : keys.writeKey
  }

  keysOf({ gameId }: ChaosGame): GameKeys {
    const keys = this.#keys.get(gameId)
    if (keys === undefined) throw new RangeError(`no game ${gameId}`)
    return keys
  }

  /** Faults fire as the seed says from now on; null ends them. */
  async follow(seed: number | null): Promise<void> {
    this.proxy.follow(seed === null ? null : createSchedules(seed))
    await this.control(`?seed=${seed ?? 'none'}`)
  }

  /** The state of the Worker; a body is sent to the events queue. Throws when it does not answer. */
  async control(search = '', body?: Uint8Array<ArrayBuffer>): Promise<WorkerState> {
    const response = await fetch(`${this.url}/__chaos${search}`, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(CONTROL_DEADLINE_MS),
    })
    return stateSchema.parse(await response.json())
  }

  /** Messages that wait in the queues; null when the Worker does not tell. */
  async backlog(): Promise<number | null> {
    try {
      const signal = AbortSignal.timeout(CONTROL_DEADLINE_MS)
      const response = await fetch(`${this.url}/healthz`, { signal })
      const { queue } = healthSchema.parse(await response.json()).checks
      return queue.backlog + queue.dead_letters
    } catch {
      // A part of the answer is missing while something is down.
      return null
    }
  }

  async #untilHealthy(): Promise<void> {
    const deadlineMs = Date.now() + HEALTHY_DEADLINE_MS
    while ((await this.backlog()) === null) {
      if (Date.now() > deadlineMs) throw new Error('The Worker is not healthy after a minute')
      await sleep(100)
    }
  }

  /** Switches coalescing on for the games that want it. */
  async #coalesce(adminKey: string): Promise<void> {
    for (const { gameId, coalesceMs } of GAMES) {
      if (coalesceMs === 0) continue
      const response = await fetch(`${this.url}/api/analytics/filters`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${adminKey}`, 'X-Game-ID': gameId, 'X-Env': 'prod' },
        body: JSON.stringify({ coalesce_ms: coalesceMs }),
        signal: AbortSignal.timeout(CONTROL_DEADLINE_MS),
      })
      const answer = await response.text()
      if (!response.ok) throw new Error(`coalescing of ${gameId}: ${response.status} ${answer}`)
    }
  }

  async stop(): Promise<void> {
    await this.#worker.stop(STOP_GRACE_MS)
    await this.proxy.stop()
    await this.database.stop()
  }
}

function connectionTo(url: string): ClickHouseConnection {
  return { url, user: 'default', password: '', database: 'analytics' }
}

/** The bundle of the chaos entry under wrangler's simulator, with the bindings of wrangler.toml. */
async function startWorker(
  dataDir: string,
  port: number,
  clickhouse: ClickHouseConnection,
  batchSize: number,
): Promise<BackgroundProcess> {
  const workerDir = workerDataDir(dataDir)
  mkdirSync(workerDir, { recursive: true })
  const config = join(workerDir, 'chaos.toml')
  const toml = readFileSync(join(PROJECT_ROOT, 'wrangler.toml'), 'utf8')
  writeFileSync(config, chaosConfig(toml, batchSize))
  const noSecrets = join(workerDir, 'empty.env')
  writeFileSync(noSecrets, '')
  const bundle = join(workerDir, 'bundle')
  await runWrangler(['deploy', '--dry-run', '--config', config, '--outdir', bundle])
  const secrets = localSecrets(dataDir)
  const address = ['--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0']
  const state = ['--local', '--persist-to', workerDir, '--env-file', noSecrets]
  const source = ['--no-bundle', '--config', config, '--show-interactive-dev-session=false']
  const worker = await startBackgroundProcess({
    args: [WRANGLER_PATH, 'dev', join(bundle, 'index.js'), ...source, ...address, ...state],
    cwd: PROJECT_ROOT,
    logFile: join(dataDir, 'worker.log'),
    env: {
      ...wranglerEnv(),
      WRANGLER_REGISTRY_PATH: join(workerDir, 'registry'),
      X_LOCAL_OBSERVABILITY: 'false',
      X_LOCAL_EXPLORER: 'false',
      SKETCH_KEY: secrets.sketchKey,
      ADMIN_KEY: secrets.adminKey,
      JWT_SECRET: secrets.jwtSecret,
      ANALYTICS_INGEST_SECRET: secrets.ingestSecret,
      CLICKHOUSE_URL: clickhouse.url,
      CLICKHOUSE_USER: clickhouse.user,
      CLICKHOUSE_PASSWORD: clickhouse.password,
      CLICKHOUSE_DATABASE: clickhouse.database,
    },
  })
  try {
    await worker.firstMessage
    return worker
  } catch (error) {
    await worker.stop(STOP_GRACE_MS)
    throw error
  }
}

/** wrangler.toml with the chaos entry, and small batches that gather for a second at most: more of them in a short run. */
export function chaosConfig(toml: string, batchSize: number): string {
  return toml
    .replace(/^main = .*$/m, `main = ${JSON.stringify(ENTRY)}`)
    .replaceAll(/^max_batch_timeout = .*$/gm, 'max_batch_timeout = 1')
    .replaceAll(/^max_batch_size = .*$/gm, `max_batch_size = ${batchSize}`)
}
