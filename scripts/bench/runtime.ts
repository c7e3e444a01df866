/**
 * A Worker in a workerd of its own, without the development server: requests reach the Worker's socket directly, and
 * the queue, D1 and Durable Objects are those of the simulator, with the settings of wrangler.toml.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler'
import { z } from 'zod'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { splitStatements } from '../database/sql-statements.ts'
import type { Game, GameKeys } from '../local/control-database.ts'
import { PROJECT_ROOT } from '../local/wrangler.ts'
import type { BundleModule } from './bundle.ts'
import { workerdChildren } from './processes.ts'

/** Of every Worker here; each has a process of its own. */
const WORKER_NAME = 'measured'

/** Asking costs the Worker CPU too. */
const DRAIN_INTERVAL_MS = 100
const GAMES_PER_BATCH = 10
const DRAIN_DEADLINE_MS = 120_000

/** Any 16 hex digits and any secrets of 32 characters do: nothing of a run is kept. */
const SECRETS = {
  SKETCH_KEY: '0001020304050607',
  ADMIN_KEY: 'bench-admin-key-0123456789abcdef0123456789',
  JWT_SECRET: 'bench-jwt-secret-0123456789abcdef012345678',
  ANALYTICS_INGEST_SECRET: 'bench-ingest-secret-0123456789abcdef01234',
}

const countsSchema = z.looseObject({ sent: z.number(), settled: z.number() })
type Counts = z.infer<typeof countsSchema>

export interface Runtime {
  /** Origin of the Worker's own socket */
  readonly url: string
  /** Id of the workerd process */
  readonly pid: number
  /** Origin of the inspector; null when it was not asked for */
  readonly inspectorUrl: URL | null
  /** Opens the administrative routes; nothing of a run is kept */
  readonly adminKey: string
  /** What the Worker says at /bench/counts */
  counts(): Promise<Counts>
  /** Resolves when the queue has delivered everything that was sent. Throws after two minutes. */
  drained(): Promise<void>
  stop(): Promise<void>
}

export interface CroupierOptions {
  readonly modules: readonly BundleModule[]
  readonly clickhouse: ClickHouseConnection
  readonly games: readonly (Game & GameKeys)[]
  /** Variables of the Worker beside those of wrangler.toml */
  readonly vars: Readonly<Record<string, string>>
  readonly hasInspector?: boolean
  /** How long the queue gathers a batch, in seconds; as deployed by default */
  readonly batchTimeoutSeconds?: number
  /** Where wrangler.toml and configs/d1 are; this project by default */
  readonly root?: string
}

/** Starts Croupier with its games in the control database. */
export async function startCroupier(options: CroupierOptions): Promise<Runtime> {
  const { root = PROJECT_ROOT, clickhouse, vars, modules, games, hasInspector = false } = options
  const deployed = deployedOptions(root)
  const bindings = {
    ...deployed.bindings,
    ...SECRETS,
    CLICKHOUSE_URL: clickhouse.url,
    CLICKHOUSE_USER: clickhouse.user,
    CLICKHOUSE_PASSWORD: clickhouse.password,
    CLICKHOUSE_DATABASE: clickhouse.database,
    ...vars,
  }
  const queueConsumers = withBatchTimeout(deployed.queueConsumers, options.batchTimeoutSeconds)
  const { miniflare, runtime } = await start(
    { ...deployed, queueConsumers, bindings },
    modules,
    hasInspector,
  )
  await prepareControlDatabase(await miniflare.getD1Database('CONTROL_DB'), root, games)
  return runtime
}

/** Starts the floor, with the queue settings of Croupier. */
export async function startFloor(
  modules: readonly BundleModule[],
  bindings: Readonly<Record<string, string>>,
): Promise<Runtime> {
  const { compatibilityDate, queueProducers, queueConsumers } = deployedOptions(PROJECT_ROOT)
  const options = { compatibilityDate, queueProducers, queueConsumers, bindings }
  return (await start(options, modules, false)).runtime
}

const consumersSchema = z.record(z.string(), z.looseObject({}))

/** What is looked at of the options; the rest goes to the runtime as it is. */
const deployedSchema = z.looseObject({
  compatibilityDate: z.string(),
  bindings: z.record(z.string(), z.json()),
  queueProducers: z.looseObject({}),
  queueConsumers: consumersSchema,
})

/** Consumers as they are deployed, with another time to gather a batch if one is given. */
function withBatchTimeout(
  consumers: z.output<typeof consumersSchema>,
  seconds: number | undefined,
) {
  if (seconds === undefined) return consumers
  return Object.fromEntries(
    Object.entries(consumers).map(([name, consumer]) => [
      name,
      { ...consumer, maxBatchTimeout: seconds },
    ]),
  )
}

/** The options that wrangler.toml means, without a source. */
function deployedOptions(root: string) {
  // wrangler would say on the terminal which of the secrets are missing.
  process.env['WRANGLER_LOG'] ??= 'none'
  return deployedSchema.parse(workerOptionsOf(join(root, 'wrangler.toml')).workerOptions)
}

async function start(
  options: Record<string, unknown>,
  modules: readonly BundleModule[],
  hasInspector: boolean,
): Promise<{ miniflare: Miniflare; runtime: Runtime }> {
  const others = new Set(workerdChildren(process.pid))
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: () => undefined,
      ...(hasInspector && { inspectorPort: 0 }),
      workers: [
        {
          ...options,
          name: WORKER_NAME,
          modulesRoot: '/',
          modules: modules.map(({ path, ...module }) => ({ ...module, path: `/${path}` })),
          unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        },
      ],
    }),
  )
  await miniflare.ready
  const pid = workerdChildren(process.pid).find((child) => !others.has(child))
  if (pid === undefined) throw new Error('no workerd process was started')
  const url = (await miniflare.unsafeGetDirectURL(WORKER_NAME)).origin
  const counts = async () => countsSchema.parse(await (await fetch(`${url}/bench/counts`)).json())
  const runtime = {
    url,
    pid,
    adminKey: SECRETS.ADMIN_KEY,
    inspectorUrl: hasInspector ? await miniflare.getInspectorURL() : null,
    counts,
    drained: () => untilDrained(counts),
    stop: () => miniflare.dispose(),
  }
  return { miniflare, runtime }
}

async function untilDrained(counts: () => Promise<Counts>): Promise<void> {
  const deadlineMs = Date.now() + DRAIN_DEADLINE_MS
  for (;;) {
    const { sent, settled } = await counts()
    if (settled >= sent) return
    if (Date.now() > deadlineMs) throw new Error(`${sent - settled} messages were not delivered`)
    await sleep(DRAIN_INTERVAL_MS)
  }
}

type D1 = Awaited<ReturnType<Miniflare['getD1Database']>>

async function prepareControlDatabase(
  database: D1,
  root: string,
  games: readonly (Game & GameKeys)[],
): Promise<void> {
  const directory = join(root, 'configs/d1')
  for (const file of readdirSync(directory).toSorted()) {
    const statements = splitStatements(readFileSync(join(directory, file), 'utf8'))
    await database.batch(statements.map((statement) => database.prepare(statement)))
  }
  // A statement each would be slow, all at once more than the simulator takes.
  for (let first = 0; first < games.length; first += GAMES_PER_BATCH) {
    const some = games.slice(first, first + GAMES_PER_BATCH)
    await database.batch(some.flatMap((game) => gameStatements(database, game)))
  }
}

function gameStatements(database: D1, game: Game & GameKeys) {
  const { gameId, env, name, timeZone, keyIds } = game
  const addKey = 'INSERT INTO keys (key_id, key_hash, game_id, env, kind) VALUES (?, ?, ?, ?, ?)'
  const keyStatement = (kind: keyof typeof keyIds, key: string) => {
    const digest = createHash('sha256').update(key).digest('hex')
    return database.prepare(addKey).bind(keyIds[kind], digest, gameId, env, kind)
  }
  return [
    database
      .prepare('INSERT INTO games (game_id, name, time_zone) VALUES (?, ?, ?)')
      .bind(gameId, name, timeZone),
    database.prepare('INSERT INTO environments (game_id, env) VALUES (?, ?)').bind(gameId, env),
    keyStatement('write', game.writeKey),
    keyStatement('server', game.serverKey),
    keyStatement('read', game.readKey),
  ]
}
