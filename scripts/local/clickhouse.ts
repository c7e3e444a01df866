/**
 * A real ClickHouse for development and tests: the npm package as a child process, HTTP on loopback, data
 * in a directory. It is one node without a password; production points CLICKHOUSE_URL elsewhere.
 */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { connectionFrom } from '../../src/clickhouse/connection.ts'
import { startBackgroundProcess, tailOf } from './background-process.ts'
import { freePort } from './free-port.ts'

const SERVER = fileURLToPath(new URL('clickhouse-server.ts', import.meta.url))

/** Ready after 0.6 s on a quiet machine; a large data directory takes longer to load. */
const READY_DEADLINE_MS = 60_000
const PING_INTERVAL_MS = 50
const PING_DEADLINE_MS = 1_000
const STOP_GRACE_MS = 10_000

export interface ClickHouseServer {
  /** HTTP origin, `http://127.0.0.1:<port>` */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<string>
  stop(): Promise<void>
  /** SIGKILL, as a crash would end it. What was inserted before is still there after the next start. */
  kill(): Promise<void>
}

/**
 * Starts ClickHouse on `dataDir` (made if missing) and resolves when it answers. Without `port` a free one
 * is chosen; the same port and directory can be used again after stop() and kill(). Throws with the
 * server's own words when it ends before it is ready, or when it is not ready within a minute.
 */
export async function startClickHouse(options: {
  readonly dataDir: string
  readonly port?: number
}): Promise<ClickHouseServer> {
  const dataDir = resolve(options.dataDir)
  mkdirSync(dataDir, { recursive: true })
  const port = options.port ?? (await freePort())
  const url = `http://127.0.0.1:${port}`
  const logFile = join(dataDir, 'server.log')
  const server = await startBackgroundProcess({
    args: [SERVER, dataDir, String(port)],
    logFile,
  })

  const deadlineMs = Date.now() + READY_DEADLINE_MS
  let ended: string | undefined
  void server.exited.then((reason) => (ended = reason))
  while (!(await isReady(url, dataDir))) {
    if (ended !== undefined) throw new Error(`ClickHouse ${ended}:\n${tailOf(logFile)}`)
    if (Date.now() > deadlineMs) {
      await server.kill()
      throw new Error(`ClickHouse did not answer within a minute:\n${tailOf(logFile)}`)
    }
    await sleep(PING_INTERVAL_MS)
  }
  return {
    url,
    port,
    pid: server.pid,
    exited: server.exited,
    stop: () => server.stop(STOP_GRACE_MS),
    kill: () => server.kill(),
  }
}

/** The ClickHouse that CLICKHOUSE_DSN or CLICKHOUSE_URL names; null when neither is set. */
export function outsideClickHouse(settings: NodeJS.ProcessEnv): ClickHouseConnection | null {
  const isNamed = settings['CLICKHOUSE_DSN'] || settings['CLICKHOUSE_URL']
  return isNamed ? connectionFrom(settings) : null
}

/** True when the server with this data directory answers; another one may hold the port. */
async function isReady(url: string, dataDir: string): Promise<boolean> {
  try {
    const reply = await fetch(url, {
      method: 'POST',
      body: "SELECT value FROM system.server_settings WHERE name = 'path' FORMAT TSVRaw",
      signal: AbortSignal.timeout(PING_DEADLINE_MS),
    })
    return (await reply.text()).trimEnd() === dataDir
  } catch {
    // Nobody listens yet; the caller knows whether the process still lives.
    return false
  }
}
