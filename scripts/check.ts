/** `npm run check`: everything that can be said about the code without running it; CI runs exactly this. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { z } from 'zod'

import { PROJECT_ROOT, wranglerEnv } from './local/wrangler.ts'

const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024

const bundleDir = mkdtempSync(join(tmpdir(), 'croupier-bundle-'))

/** Each one as it would be typed; the tools come from node_modules/.bin. */
const CHECKS: readonly string[] = [
  'oxfmt --check .',
  'oxlint',
  'tsc -p tsconfig.worker.json',
  'tsc -p tsconfig.workers-test.json',
  'tsc -p tsconfig.node.json',
  'wrangler types --include-runtime=false --strict-vars=false --check',
  'node scripts/generate-catalog.ts --check',
  'node scripts/generate-merge-module.ts --check',
  'node scripts/generate-reference.ts --check',
  'node scripts/simulate/clocks.ts --check',
  'knip',
  `wrangler deploy --dry-run --outdir ${bundleDir}`,
]

const outputSchema = z.object({ stdout: z.string(), stderr: z.string() })

/** Runs one check; null when it passes, otherwise what it said. */
async function complaintOf(check: string): Promise<string | null> {
  const [command = '', ...args] = check.split(' ')
  try {
    await promisify(execFile)(command, args, {
      cwd: PROJECT_ROOT,
      env: wranglerEnv(),
      maxBuffer: OUTPUT_LIMIT_BYTES,
    })
    return null
  } catch (error) {
    const output = outputSchema.safeParse(error)
    return output.success ? `${output.data.stdout}${output.data.stderr}`.trim() : String(error)
  }
}

let failed = 0
try {
  for (const check of CHECKS) {
    const startMs = performance.now()
    const complaint = await complaintOf(check)
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1).padStart(5)
    console.log(`${complaint === null ? 'ok  ' : 'FAIL'} ${seconds} s  ${check}`)
    if (complaint === null) continue
    failed += 1
    console.log(`${complaint}\n`)
  }
} finally {
  rmSync(bundleDir, { recursive: true, force: true })
}
console.log(failed === 0 ? 'All checks pass.' : `${failed} of ${CHECKS.length} checks fail.`)
process.exitCode = failed === 0 ? 0 : 1
