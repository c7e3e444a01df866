/**
 * The whole system on one machine: ClickHouse, its schema, the control database and the Worker. Used by
 * `npm start` and by the end-to-end tests, so that both run the same thing.
 */
import { rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { retentionFrom } from '../database/retention.ts'
import { runSql } from '../database/run-sql.ts'
import { EditedMigrationError, migrate } from '../migrate.ts'
import type { ClickHouseServer } from './clickhouse.ts'
import { startClickHouse } from './clickhouse.ts'
import type { Game, GameKeys } from './control-database.ts'
import { prepareLocalDatabase, workerDataDir } from './control-database.ts'
import type { LogFollower } from './deferred-messages.ts'
import { followDeferredMessages } from './deferred-messages.ts'
import { freePort } from './free-port.ts'
import type { LocalSecrets } from './secrets.ts'
import { localSecrets } from './secrets.ts'
import type { LocalWorker } from './worker.ts'
import { startWorker } from './worker.ts'

const LOCAL_DATABASE = 'analytics'

/** How long stop() waits for acknowledged events to reach ClickHouse; the local queue dies with the Worker. */
export const DRAIN_DEADLINE_MS = 30_000
/** A batch leaves the backlog before it is inserted, so the silence has to last a little. */
const IDLE_MS = 1_000
const DRAIN_INTERVAL_MS = 100

export interface StackOptions {
  /** Everything that the stack keeps; one running stack per directory */
  readonly dataDir: string
  /** Wanted port of the Worker; a free one when absent or taken */
  readonly port?: number
  /** A ClickHouse that runs already; absent: one is started below `dataDir` */
  readonly clickhouse?: ClickHouseConnection
  readonly games: readonly (Game & GameKeys)[]
  readonly log: (line: string) => void
  /** Further variables of the Worker, not secret */
  readonly vars?: Readonly<Record<string, string>>
}

export interface Stack {
  /** `http://127.0.0.1:<port>` of the Worker */
  readonly url: string
  readonly worker: LocalWorker
  readonly clickhouse: ClickHouseConnection
  readonly secrets: LocalSecrets
  /** The ClickHouse that the stack started; null when it was given one. Another one after a restart. */
  readonly clickhouseServer: ClickHouseServer | null
  /** After clickhouseServer was killed: starts it on the same port and data. Throws when it was given one. */
  restartClickHouse(): Promise<void>
  /**
   * Ends everything, in order: waits until acknowledged events have reached ClickHouse (for 30 s at most, and
   * says so when that cannot be seen), then ends the Worker, then ClickHouse.
   */
  stop(): Promise<void>
}

/** Starts everything; resolves when /healthz of the Worker says so. Whatever fails, nothing is left running. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { dataDir, log } = options
  const workerDir = workerDataDir(dataDir)
  const secrets = localSecrets(dataDir)

  log('preparing the control database')
  const [database, control] = await Promise.allSettled([
    startDatabase(options),
    prepareLocalDatabase(workerDir, options.games),
  ])
  if (database.status === 'rejected') throw database.reason
  const { connection, server } = database.value
  try {
    if (control.status === 'rejected') throw control.reason
    log('starting the Worker')
    const logFile = join(dataDir, 'worker.log')
    // One run, one log: it grows with every batch.
    rmSync(logFile, { force: true })
    const port = await freePort(options.port)
    if (options.port !== undefined && port !== options.port) {
      log(`${options.port} is taken, using ${port}`)
    }
    const worker = await startWorker({
      dataDir: workerDir,
      logFile,
      port,
      clickhouse: connection,
      secrets,
      vars: options.vars ?? {},
    })
    return stackOf(worker, followDeferredMessages(logFile), connection, server, secrets, options)
  } catch (error) {
    await server?.stop()
    throw error
  }
}

interface Database {
  readonly connection: ClickHouseConnection
  readonly server: ClickHouseServer | null
}

async function startDatabase({ clickhouse, dataDir, log }: StackOptions): Promise<Database> {
  const retention = retentionFrom(process.env)
  if (clickhouse !== undefined) {
    log(`using ClickHouse at ${clickhouse.url}`)
    await migrate(clickhouse, log, { retention })
    return { connection: clickhouse, server: null }
  }
  log('starting ClickHouse')
  const server = await startClickHouse({ dataDir: clickHouseDir(dataDir) })
  const { url } = server
  const connection = { url, user: 'default', password: '', database: LOCAL_DATABASE }
  try {
    await migrate(connection, log, { retention })
  } catch (error) {
    await server.stop()
    if (!(error instanceof EditedMigrationError)) throw error
    throw new Error(`${error.message}, or remove ${relative('', dataDir)}/ to start from nothing`, {
      cause: error,
    })
  }
  return { connection, server }
}

function clickHouseDir(dataDir: string): string {
  return join(dataDir, 'clickhouse')
}

function stackOf(
  worker: LocalWorker,
  deferred: LogFollower,
  connection: ClickHouseConnection,
  startedServer: ClickHouseServer | null,
  secrets: LocalSecrets,
  { dataDir, log }: StackOptions,
): Stack {
  let server = startedServer
  return {
    url: worker.url,
    worker,
    clickhouse: connection,
    secrets,
    get clickhouseServer() {
      return server
    },
    async restartClickHouse() {
      if (server === null) throw new Error('This ClickHouse was not started by the stack')
      const { port } = server
      server = await startClickHouse({ dataDir: clickHouseDir(dataDir), port })
    },
    async stop() {
      const problem = await drain(worker, deferred, connection)
      if (problem !== null) {
        log(
          `giving up: ${problem}. Acknowledged events may be lost: the local queue ends with the Worker`,
        )
      }
      deferred.stop()
      await worker.stop()
      await server?.stop()
    },
  }
}

/**
 * Waits until no message waits in a queue or for another attempt, and no insert runs. Resolves to null then,
 * otherwise to what is in the way: at once when it cannot be seen, at the deadline when it does not end.
 */
async function drain(
  worker: LocalWorker,
  deferred: LogFollower,
  connection: ClickHouseConnection,
): Promise<string | null> {
  const deadlineMs = Date.now() + DRAIN_DEADLINE_MS
  let busyMs = Date.now()
  for (;;) {
    const [backlog, insert] = await Promise.all([hasBacklog(worker), hasRunningInsert(connection)])
    if (backlog === 'unknown') return 'the Worker does not answer'
    if (insert === 'unknown') return 'ClickHouse does not answer'
    const mayWait = deferred.mayWait()
    if (backlog === 'yes' || insert === 'yes' || mayWait) busyMs = Date.now()
    if (Date.now() - busyMs >= IDLE_MS) return null
    if (Date.now() >= deadlineMs) {
      const waited = `after ${DRAIN_DEADLINE_MS / 1_000} s`
      return mayWait
        ? `${waited} messages may still wait for another attempt`
        : `${waited} messages are still on their way`
    }
    await sleep(DRAIN_INTERVAL_MS)
  }
}

type Answer = 'yes' | 'no' | 'unknown'

async function hasBacklog(worker: LocalWorker): Promise<Answer> {
  const queue = (await worker.health())?.checks.queue
  if (queue?.backlog === undefined) return 'unknown'
  return queue.backlog + (queue.dead_letters ?? 0) > 0 ? 'yes' : 'no'
}

async function hasRunningInsert(connection: ClickHouseConnection): Promise<Answer> {
  try {
    const count = await runSql(
      connection,
      `SELECT count() FROM system.processes
       WHERE query_kind = 'Insert' AND current_database = currentDatabase()`,
    )
    return count.trim() === '0' ? 'no' : 'yes'
  } catch {
    // No answer from the database: nothing can reach it either.
    return 'unknown'
  }
}
