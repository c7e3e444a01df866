/** Builds that are broken on purpose: a rig that does not notice them proves nothing. */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { z } from 'zod'

import { PROJECT_ROOT } from '../local/wrangler.ts'
import type { RunOptions } from './run.ts'

/** What each patch in scripts/chaos/broken takes away. */
export const BROKEN_BUILDS: Readonly<Record<string, string>> = {
  'ack-before-insert': 'messages are acknowledged to the queue before their rows are stored',
  'batch-token-only': 'rows have no identity: only the token of an insert tells a repetition',
  'sum-of-minutes': 'users of a day are the sum of the users of its minutes',
  'skew-in-sorting-key': 'the identity of a row holds its corrected time',
  'swallowed-query-error': 'a question that failed is answered with nothing instead of an error',
}

/** What a run needs of the tree. */
const COPIED = ['src', 'durable', 'configs', 'scripts', 'wrangler.toml', 'package.json'] as const

/** Characters of a finding that are shown. */
const SHOWN_LENGTH = 120

export interface BrokenBuild {
  readonly name: string
  /** What the run said against it, in short; null when it passed */
  readonly caught: string | null
}

const reportSchema = z.object({
  lost: z.int(),
  duplicated: z.int(),
  wrong: z.array(z.string()),
})

/** The patch of a build. Throws RangeError for a name that there is not. */
export function patchOf(name: string): string {
  if (!Object.hasOwn(BROKEN_BUILDS, name)) {
    throw new RangeError(`no broken build ${name}: ${Object.keys(BROKEN_BUILDS).join(', ')} or all`)
  }
  return fileURLToPath(new URL(`broken/${name}.patch`, import.meta.url))
}

/** Runs the named build, or all of them one after the other. Throws when a patch does not apply. */
export async function runBroken(name: string, options: RunOptions): Promise<BrokenBuild[]> {
  const names = name === 'all' ? Object.keys(BROKEN_BUILDS) : [name]
  const builds: BrokenBuild[] = []
  for (const each of names) {
    const patch = patchOf(each)
    options.log(`broken build ${each}: ${BROKEN_BUILDS[each] ?? ''}`)
    const caught = await runPatched(patch, options)
    options.log(`  ${caught ?? 'NOT CAUGHT'}`)
    builds.push({ name: each, caught })
  }
  return builds
}

async function runPatched(patch: string, options: RunOptions): Promise<string | null> {
  const copy = mkdtempSync(join(tmpdir(), 'croupier-broken-'))
  const run = promisify(execFile)
  try {
    for (const path of COPIED)
      cpSync(join(PROJECT_ROOT, path), join(copy, path), { recursive: true })
    symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(copy, 'node_modules'))
    await run('git', ['apply', patch], { cwd: copy })
    const json = join(copy, 'report.json')
    const { seed, events, faults, seconds } = options
    const sizes = { seed, events, faults, seconds, json }
    const flags = Object.entries(sizes).flatMap(([option, value]) => [`--${option}`, String(value)])
    const outcome = await run(process.execPath, ['scripts/chaos.ts', ...flags], {
      cwd: copy,
      maxBuffer: 2 ** 24,
      timeout: (seconds + 600) * 1_000,
    }).catch((error: unknown) => failureSchema.parse(error))
    if ('code' in outcome && outcome.code !== 1)
      throw new Error(`the run broke:\n${outcome.stderr}`)
    return 'code' in outcome ? saidAgainst(json, outcome.stderr) : null
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

const failureSchema = z.looseObject({ code: z.int().nullable(), stderr: z.string() })

function saidAgainst(json: string, stderr: string): string {
  let text: string
  try {
    text = readFileSync(json, 'utf8')
  } catch (cause) {
    throw new Error(`the run ended without a report:\n${stderr}`, { cause })
  }
  const { lost, duplicated, wrong } = reportSchema.parse(JSON.parse(text))
  const [first] = wrong
  return [
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...(duplicated > 0 ? [`${duplicated} duplicated`] : []),
    ...(first === undefined
      ? []
      : [`${wrong.length} wrong, such as: ${first.slice(0, SHOWN_LENGTH)}`]),
  ].join('; ')
}
