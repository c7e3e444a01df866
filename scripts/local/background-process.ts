/**
 * A Node child process that belongs to its starter: it does not see the terminal's Ctrl-C (so the starter
 * decides the order of the end), it ends when the starter dies, and its output goes to a file.
 */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const END_WITH_PARENT = fileURLToPath(new URL('end-with-parent.ts', import.meta.url))

/** Lines of the log that explain an early end. */
const REASON_LINES = 15
const NATIVE_FRAME = /^\d+\. .* @ 0x[0-9a-f]+$/

export interface BackgroundProcess {
  readonly pid: number
  /** Resolves when the process has ended, with what is known of the reason. */
  readonly exited: Promise<string>
  /** The first IPC message, such as wrangler's "ready"; rejects when the process ends before it. */
  readonly firstMessage: Promise<unknown>
  /** Asks it to end, insists after `graceMs`, and resolves when it has ended. */
  stop(graceMs: number): Promise<void>
  /** SIGKILL to it and its children; resolves when it has ended. */
  kill(): Promise<void>
}

export interface BackgroundProcessOptions {
  /** Words after `node` */
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Standard output and error are appended here. */
  readonly logFile: string
}

/** Starts `node <args>`. Throws when it cannot be started at all. */
export async function startBackgroundProcess(
  options: BackgroundProcessOptions,
): Promise<BackgroundProcess> {
  const log = openSync(options.logFile, 'a', 0o600)
  const child = spawn(process.execPath, ['--import', END_WITH_PARENT, ...options.args], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: options.env,
    cwd: options.cwd,
  })
  closeSync(log)
  await once(child, 'spawn')
  if (child.pid === undefined) throw new Error(`node ${options.args.join(' ')} has no process id`)
  return controlOf(child, child.pid, options.logFile)
}

function controlOf(child: ChildProcess, pid: number, logFile: string): BackgroundProcess {
  const exited = once(child, 'exit').then(
    ([code, signal]) => `ended with ${signal ?? `code ${code}`}`,
  )
  const firstMessage = Promise.race([
    once(child, 'message').then(([message]: unknown[]) => message),
    exited.then((reason) => {
      throw new Error(`${reason}; the end of ${logFile}:\n${tailOf(logFile)}`)
    }),
  ])
  // Whoever does not wait for the first message must not be ended by its rejection.
  firstMessage.catch(() => undefined)

  const kill = async (): Promise<void> => {
    signalGroup(pid, 'SIGKILL')
    await exited
  }
  return {
    pid,
    exited,
    firstMessage,
    kill,
    stop: async (graceMs) => {
      child.kill('SIGTERM')
      const insist = setTimeout(() => void kill(), graceMs)
      await exited
      clearTimeout(insist)
    },
  }
}

/** The process leads a group of its own, so its children go with it. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** The last lines of a log, as the reason of a failure; frames of a stack without symbols say nothing. */
export function tailOf(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').split('\n')
  const telling = lines.filter((line) => line.trim() !== '' && !NATIVE_FRAME.test(line))
  return telling.slice(-REASON_LINES).join('\n')
}
