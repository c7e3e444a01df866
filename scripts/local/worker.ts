/**
 * The Worker on this machine: `wrangler dev` as a child process, with queue, Durable Objects and D1 local.
 * Durable Objects and D1 survive a restart; the local queue lives in memory and does not.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { z } from 'zod'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { healthSchema } from '../../src/health-schema.ts'
import { startBackgroundProcess } from './background-process.ts'
import type { LocalSecrets } from './secrets.ts'
import { PROJECT_ROOT, runWrangler, WRANGLER_PATH, wranglerEnv } from './wrangler.ts'

const HEALTHY_DEADLINE_MS = 60_000
const HEALTH_INTERVAL_MS = 100
const HEALTH_REPLY_DEADLINE_MS = 10_000
const STOP_GRACE_MS = 10_000

export interface LocalWorker {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  readonly pid: number
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<string>
  stop(): Promise<void>
  /** What /healthz says; null when it does not answer. */
  health(): Promise<Health | null>
}

export interface LocalWorkerOptions {
  /** Durable Objects and D1 */
  readonly dataDir: string
  readonly logFile: string
  readonly port: number
  readonly clickhouse: ClickHouseConnection
  readonly secrets: LocalSecrets
  /** Further variables, not secret */
  readonly vars?: Readonly<Record<string, string>>
}

const readySchema = z.object({
  event: z.literal('DEV_SERVER_READY'),
  ip: z.string(),
  port: z.int(),
})

export type Health = z.infer<typeof healthSchema>

/** Starts the Worker and resolves when /healthz answers 200. Throws with the end of its log otherwise. */
export async function startWorker(options: LocalWorkerOptions): Promise<LocalWorker> {
  mkdirSync(options.dataDir, { recursive: true })
  // An empty file of secrets: a .dev.vars of the developer would hide the environment.
  const noSecrets = join(options.dataDir, 'empty.env')
  writeFileSync(noSecrets, '')
  const bundle = await bundleInto(join(options.dataDir, 'bundle'))
  const worker = await startBackgroundProcess({
    args: [WRANGLER_PATH, 'dev', bundle, ...flagsOf(options, noSecrets)],
    env: environmentOf(options),
    cwd: PROJECT_ROOT,
    logFile: options.logFile,
  })
  try {
    const url = urlFrom(await worker.firstMessage)
    await untilHealthy(url)
    return {
      url,
      pid: worker.pid,
      exited: worker.exited,
      stop: () => worker.stop(STOP_GRACE_MS),
      health: async () => healthOf(await askHealth(url)),
    }
  } catch (error) {
    await worker.stop(STOP_GRACE_MS)
    throw error
  }
}

/**
 * The Worker as it would be deployed, bundled once. Left to itself, `wrangler dev` watches the sources and
 * reloads on every save, and the local queue, with what was acknowledged, is gone.
 */
async function bundleInto(directory: string): Promise<string> {
  await runWrangler(['deploy', '--dry-run', '--outdir', directory])
  return join(directory, 'index.js')
}

/** wrangler tells its parent the address as JSON text. */
function urlFrom(message: unknown): string {
  const { ip, port } = readySchema.parse(JSON.parse(z.string().parse(message)))
  return `http://${ip}:${port}`
}

function flagsOf({ dataDir, port, vars = {} }: LocalWorkerOptions, envFile: string): string[] {
  const address = ['--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0']
  const state = ['--local', '--persist-to', dataDir, '--env-file', envFile]
  const variables = Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`])
  // The bundle lies elsewhere: without its configuration it would have no bindings.
  const source = ['--no-bundle', '--config', join(PROJECT_ROOT, 'wrangler.toml')]
  return [...address, ...state, ...source, '--show-interactive-dev-session=false', ...variables]
}

/**
 * wrangler takes the variables and required secrets that wrangler.toml names from the environment, as they
 * are; a file would expand `$` in a password, and the command line shows it to everybody.
 */
function environmentOf({ clickhouse, dataDir, secrets }: LocalWorkerOptions): NodeJS.ProcessEnv {
  return {
    ...wranglerEnv(),
    // Two local Workers of one name would find each other's queues in the shared registry.
    WRANGLER_REGISTRY_PATH: join(dataDir, 'registry'),
    // Tools of the dev server that cost time for every request.
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
  }
}

interface HealthReply {
  readonly status: number
  readonly text: string
}

async function untilHealthy(url: string): Promise<void> {
  const deadlineMs = Date.now() + HEALTHY_DEADLINE_MS
  for (;;) {
    const reply = await askHealth(url)
    if (reply?.status === 200) return
    if (Date.now() > deadlineMs) {
      throw new Error(`The Worker is not healthy after a minute: ${reply?.text ?? 'no answer'}`)
    }
    await sleep(HEALTH_INTERVAL_MS)
  }
}

async function askHealth(url: string): Promise<HealthReply | null> {
  try {
    const signal = AbortSignal.timeout(HEALTH_REPLY_DEADLINE_MS)
    const reply = await fetch(`${url}/healthz`, { signal })
    return { status: reply.status, text: await reply.text() }
  } catch {
    // It does not listen yet, or not any more.
    return null
  }
}

function healthOf(reply: HealthReply | null): Health | null {
  if (reply === null) return null
  try {
    return healthSchema.parse(JSON.parse(reply.text))
  } catch {
    // An error page of the dev server is no health report.
    return null
  }
}
