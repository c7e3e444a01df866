/** wrangler, run from scripts: no prompts, no network of its own, nothing written outside the data directory. */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { z } from 'zod'

/** Where package.json and wrangler.toml are. */
export const PROJECT_ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The command's JavaScript, to be run with `node`. */
export const WRANGLER_PATH = join(
  dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
  'bin/wrangler.js',
)

/**
 * Environment of a wrangler process. Without these settings it asks the npm registry for news, sends usage
 * figures, and fetches a sample of `request.cf`, each with a timeout of seconds on a machine without a
 * network.
 */
export function wranglerEnv(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_WRITE_LOGS: 'false',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    NO_COLOR: '1',
    FORCE_COLOR: '0',
  }
}

/** The longest command, a first local D1 migration, takes ten seconds on a loaded machine. */
const COMMAND_DEADLINE_MS = 60_000

const failureSchema = z.object({ error: z.object({ text: z.string() }) })

/**
 * Runs a command of wrangler to its end and returns its output. Throws with wrangler's own words, or when it
 * is not through within a minute.
 */
export async function runWrangler(args: readonly string[]): Promise<string> {
  const command = promisify(execFile)(process.execPath, [WRANGLER_PATH, ...args], {
    cwd: PROJECT_ROOT,
    env: wranglerEnv(),
    timeout: COMMAND_DEADLINE_MS,
    killSignal: 'SIGKILL',
  })
  // A prompt would wait for ever.
  command.child.stdin?.end()
  const { stdout } = await command.catch((cause: unknown) => {
    throw new Error(`wrangler ${args.slice(0, 2).join(' ')}: ${reasonOf(cause)}`, { cause })
  })
  return stdout
}

const outputSchema = z.object({ stdout: z.string(), stderr: z.string(), killed: z.boolean() })

/** With --json wrangler reports a failure as JSON on standard output. */
function reasonOf(error: unknown): string {
  const output = outputSchema.safeParse(error)
  if (!output.success) return error instanceof Error ? error.message : String(error)
  const { stdout, stderr, killed } = output.data
  if (killed) return `no end within ${COMMAND_DEADLINE_MS / 1000} s`
  try {
    return failureSchema.parse(JSON.parse(stdout)).error.text
  } catch {
    // Not the JSON of a failure: whatever it printed is the reason.
    return `${stderr}\n${stdout}`.trim()
  }
}
