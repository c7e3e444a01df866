/**
 * `npm start`: the whole system on this machine, with a demo game, until Ctrl-C. Data, keys and logs are
 * under .data/; removing that folder starts from nothing. CLICKHOUSE_URL or CLICKHOUSE_DSN (and _USER,
 * _PASSWORD, _DATABASE) put another ClickHouse in the place of the built-in one.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { z } from 'zod'

import { signingSecretOf } from '../src/access/signing-secret.ts'
import { tailOf } from './local/background-process.ts'
import { outsideClickHouse } from './local/clickhouse.ts'
import type { Game, GameKeys } from './local/control-database.ts'
import { newKeys } from './local/control-database.ts'
import { readOrCreatePrivate, writePrivate } from './local/private-file.ts'
import type { Stack } from './local/stack.ts'
import { DRAIN_DEADLINE_MS, startStack } from './local/stack.ts'
import { PROJECT_ROOT } from './local/wrangler.ts'

const DATA_DIR = join(PROJECT_ROOT, '.data')
/** For other scripts: where the running stack is, and the keys of the demo game. */
const DEV_FILE = join(DATA_DIR, 'dev.json')
const KEYS_FILE = join(DATA_DIR, 'demo-keys.json')

const PREFERRED_PORT = 8787
const DEMO_GAME: Game = {
  gameId: 'demo',
  env: 'prod',
  name: 'Demo',
  timeZone: 'UTC',
  // Pages from anywhere: whoever tries it out opens a file or another port.
  allowedOrigins: ['*'],
}

/** Exit code of a process that Ctrl-C ended before it could end in order. */
const INTERRUPTED = 130

const keysSchema = z.object({
  writeKey: z.string(),
  serverKey: z.string(),
  readKey: z.string(),
  keyIds: z.object({ write: z.string(), server: z.string(), read: z.string() }),
})
const devSchema = z.object({ url: z.string(), pids: z.object({ worker: z.int() }) })

const startMs = performance.now()

function log(line: string): void {
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1).padStart(5)
  console.log(`${seconds} s  ${line}`)
}

async function main(): Promise<void> {
  let stack: Stack | null = null
  let stopping = false
  const stop = (): void => {
    // Without an orderly end the children end by themselves, because this process is gone.
    if (stopping || stack === null) process.exit(INTERRUPTED)
    stopping = true
    log(
      'stopping: waiting for acknowledged events to reach ClickHouse, ' +
        `${DRAIN_DEADLINE_MS / 1_000} s at most (Ctrl-C again to force)`,
    )
    end(stack).catch(fail)
  }
  for (const request of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const) {
    process.on(request, stop)
  }

  mkdirSync(DATA_DIR, { recursive: true, mode: 0o700 })
  refuseSecondStart()
  const outside = outsideClickHouse(process.env)
  const game = { ...DEMO_GAME, ...demoKeys() }
  stack = await startStack({
    dataDir: DATA_DIR,
    port: PREFERRED_PORT,
    games: [game],
    log,
    ...(outside !== null && { clickhouse: outside }),
  })
  await writeDevFile(stack, game)
  await greet(stack, game)

  const isStopping = (): boolean => stopping
  try {
    await Promise.all([watchWorker(stack, isStopping), keepClickHouse(stack, game, isStopping)])
  } catch (error) {
    stopping = true
    await stack.stop()
    throw error
  }
}

async function end(stack: Stack): Promise<void> {
  await stack.stop()
  rmSync(DEV_FILE, { force: true })
  log('stopped')
  process.exit()
}

/** The same keys after every start; the port is another one whenever PREFERRED_PORT is taken. */
function demoKeys(): GameKeys {
  const text = readOrCreatePrivate(KEYS_FILE, () => JSON.stringify(newKeys()))
  const kept = z.looseObject({}).parse(JSON.parse(text))
  const keys = keysSchema.parse({ ...newKeys(), ...kept })
  // A file from before there were server keys lacks some; the others stay as they are.
  if (!('serverKey' in kept)) writePrivate(KEYS_FILE, JSON.stringify(keys))
  return keys
}

/** Two stacks on one folder would write to the same databases. */
function refuseSecondStart(): void {
  let other: z.infer<typeof devSchema>
  try {
    other = devSchema.parse(JSON.parse(readFileSync(DEV_FILE, 'utf8')))
    process.kill(other.pids.worker, 0)
  } catch {
    // No file, not ours, or no such process: nothing runs.
    return
  }
  throw new Error(
    `It runs already, at ${other.url} (process ${other.pids.worker}). ` +
      `If that is another program, remove ${DEV_FILE}.`,
  )
}

/** Throws when the Worker ends by itself: its queue is gone, and nothing would answer. */
async function watchWorker({ worker }: Stack, isStopping: () => boolean): Promise<void> {
  const reason = await worker.exited
  if (isStopping()) return
  throw new Error(`The Worker ${reason}:\n${tailOf(join(DATA_DIR, 'worker.log'))}`)
}

/** Starts the built-in ClickHouse again whenever it ends by itself; the queue holds the events meanwhile. */
async function keepClickHouse(
  stack: Stack,
  game: Game & GameKeys,
  isStopping: () => boolean,
): Promise<void> {
  while (stack.clickhouseServer !== null) {
    const reason = await stack.clickhouseServer.exited
    if (isStopping()) return
    log(`ClickHouse ${reason}; starting it again`)
    await stack.restartClickHouse()
    await writeDevFile(stack, game)
    log('ClickHouse answers again')
  }
}

async function writeDevFile(stack: Stack, game: Game & GameKeys): Promise<void> {
  const facts = {
    url: stack.url,
    game_id: game.gameId,
    env: game.env,
    write_key: game.writeKey,
    server_key: game.serverKey,
    server_key_id: game.keyIds.server,
    signing_secret: await signingSecretOf(stack.secrets.ingestSecret, game.keyIds.server),
    read_key: game.readKey,
    admin_key: stack.secrets.adminKey,
    clickhouse: stack.clickhouse,
    pids: {
      dev: process.pid,
      worker: stack.worker.pid,
      clickhouse: stack.clickhouseServer?.pid ?? null,
    },
  }
  writePrivate(DEV_FILE, `${JSON.stringify(facts, null, 2)}\n`)
}

async function greet(
  { url, clickhouse, secrets }: Stack,
  { gameId, env, writeKey, serverKey, readKey, keyIds }: Game & GameKeys,
): Promise<void> {
  const signingSecret = await signingSecretOf(secrets.ingestSecret, keyIds.server)
  console.log(`
Croupier is up.

  API          ${url}
  docs         ${url}/docs
  health       ${url}/healthz
  ClickHouse   ${clickhouse.url} (database ${clickhouse.database})
  game         ${gameId}, environment ${env}
  write key    ${writeKey}
  server key   ${serverKey} (id ${keyIds.server}, signing secret ${signingSecret})
  read key     ${readKey}
  admin key    ${secrets.adminKey}
  logs         .data/worker.log, .data/clickhouse/server.log

Send an event:

  curl -X POST ${url}/api/events/track -H 'Authorization: Bearer ${writeKey}' -H 'X-Game-ID: ${gameId}' -H 'X-Env: ${env}' -H 'Content-Type: application/json' -d '{"user_id":"user_123","session_id":"sess_456","event":"session.start","event_time":"'$(date -u +%Y-%m-%dT%H:%M:%SZ)'","platform":"ios","app_version":"1.2.3"}'

Ask for the figures (raw rows arrive within seconds):

  curl -H 'Authorization: Bearer ${readKey}' '${url}/api/analytics/overview?game_id=${gameId}&env=${env}'

Ctrl-C stops everything.
`)
}

function fail(error: unknown): never {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

await main().catch(fail)
