/**
 * `npm run bench`: what an event costs the Worker, beside the least that any Worker would pay, and whether that has
 * become worse. Exit code 1 when a target or the baseline is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { renderPage } from './bench/page.ts'
import type { Results } from './bench/results.ts'
import { baselineVerdicts, resultsSchema, targetVerdicts } from './bench/results.ts'
import { measureAll } from './bench/run.ts'
import { renderResults, renderVerdicts } from './bench/tables.ts'

const USAGE = `npm run bench -- [--quick] [--json] [--write]

  --quick   fewer rounds and sizes, below two minutes on a quiet machine
  --json    the results as JSON instead of tables
  --before  writes scripts/bench/before.json: for the build that is about to be changed, on the machine that
            will measure it again
  --write   writes docs/reference/performance.md, which shows both, and scripts/bench/baseline.json`

const PAGE = new URL('../docs/reference/performance.md', import.meta.url)
const BASELINE = new URL('bench/baseline.json', import.meta.url)
const BEFORE = new URL('bench/before.json', import.meta.url)

async function main(): Promise<number> {
  const { values: options } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      before: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  if (options.quick && (options.write || options.before)) {
    console.error('A quick run is nothing to compare with.')
    return 1
  }
  const directory = mkdtempSync(join(tmpdir(), 'croupier-bench-'))
  try {
    const results = await measureAll({ directory, isQuick: options.quick, log: console.error })
    console.log(options.json ? JSON.stringify(results, null, 2) : renderResults(results))
    const file = `${JSON.stringify(results, null, 2)}\n`
    if (options.before) await writeFile(BEFORE, file)
    if (options.write) {
      await writeFile(PAGE, await renderPage(results, await readResults(BEFORE), machine()))
      await writeFile(BASELINE, file)
    }
    const baseline = await readResults(BASELINE)
    const targets = targetVerdicts(results)
    const comparisons = baselineVerdicts(results, baseline)
    console.error(renderVerdicts('Targets', targets))
    console.error(renderVerdicts('Baseline, 25 % worse at most', comparisons))
    return [...targets, ...comparisons].every(({ passes }) => passes) ? 0 : 1
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function readResults(file: URL): Promise<Results> {
  return resultsSchema.parse(JSON.parse(await readFile(file, 'utf8')))
}

function machine(): string {
  const processors = cpus()
  return `${processors.length} cores of ${processors[0]?.model ?? 'an unknown processor'}`
}

process.exitCode = await main()
