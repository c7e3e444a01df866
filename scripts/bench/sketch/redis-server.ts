/** A Redis of its own for one run: on a unix socket in a temporary directory, without persistence. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { RedisClient } from './redis-client.ts'

const START_MS = 10_000
const POLL_MS = 20
const STOP_MS = 3_000

/** There is no redis-server on this machine. */
export class MissingRedisError extends Error {}

/** What Redis says of one command: microseconds within the command, without reading its bytes, and calls. */
export interface CommandStat {
  readonly micros: number
  readonly calls: number
}

export interface RedisServer {
  readonly client: RedisClient
  readonly version: string
  /** The totals of INFO commandstats since the start; zero for a command that was not called. */
  stat(command: string): Promise<CommandStat>
  /** Ends the server that was started, and no other. */
  stop(): Promise<void>
}

/** Throws MissingRedisError when it is not installed, Error when it does not start in time. */
export async function startRedis(): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'croupier-redis-'))
  const socket = join(directory, 'redis.sock')
  const child = spawn(
    'redis-server',
    ['--port', '0', '--unixsocket', socket, '--unixsocketperm', '700', '--dir', directory].concat([
      '--save',
      '',
      '--appendonly',
      'no',
      '--daemonize',
      'no',
      '--loglevel',
      'warning',
    ]),
    { stdio: 'ignore' },
  )
  const killNow = (): void => void child.kill('SIGKILL')
  process.once('exit', killNow)
  const exited = once(child, 'exit').catch(() => undefined)
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    const insist = setTimeout(killNow, STOP_MS)
    if (child.pid !== undefined) await exited
    clearTimeout(insist)
    process.off('exit', killNow)
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await once(child, 'spawn')
    const client = await connectTo(socket, () => child.exitCode)
    const version = /redis_version:(\S+)/.exec(String(await client.call('INFO', 'server')))?.[1]
    return {
      client,
      version: version ?? 'of an unknown version',
      stat: async (name) => statIn(String(await client.call('INFO', 'commandstats')), name),
      stop: async () => {
        client.close()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isMissing) throw error
    throw new MissingRedisError('redis-server was not found', { cause: error })
  }
}

/** The line of one command in the text of INFO commandstats. */
export function statIn(text: string, name: string): CommandStat {
  const line = new RegExp(String.raw`^cmdstat_${name}:calls=(\d+),usec=(\d+),`, 'm').exec(text)
  return { calls: Number(line?.[1] ?? 0), micros: Number(line?.[2] ?? 0) }
}

async function connectTo(path: string, exitCode: () => number | null): Promise<RedisClient> {
  const untilMs = performance.now() + START_MS
  for (;;) {
    try {
      return await RedisClient.connect(path)
    } catch (error) {
      if (exitCode() !== null) {
        throw new Error(`redis-server ended with code ${exitCode()}`, { cause: error })
      }
      if (performance.now() > untilMs) {
        throw new Error('redis-server did not start in time', { cause: error })
      }
      await sleep(POLL_MS)
    }
  }
}
