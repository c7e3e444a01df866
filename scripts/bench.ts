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
import { baselineVerdicts, resultsSchema, targetVerdicts } from './bench/results.ts'
import { measureAll } from './bench/run.ts'
import { renderResults, renderVerdicts } from './bench/tables.ts'

const USAGE = `npm run bench -- [--quick] [--json] [--write]

  --quick   fewer rounds and sizes, below two minutes on a quiet machine
  --json    the results as JSON instead of tables
  --write   writes docs/reference/performance.md and scripts/bench/baseline.json`

const PAGE = new URL('../docs/reference/performance.md', import.meta.url)
const BASELINE = new URL('bench/baseline.json', import.meta.url)

async function main(): Promise<number> {
  const { values: options } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  if (options.quick && options.write) {
    console.error('A quick run is no baseline.')
    return 1
  }
  const directory = mkdtempSync(join(tmpdir(), 'croupier-bench-'))
  try {
    const results = await measureAll({ directory, isQuick: options.quick, log: console.error })
    console.log(options.json ? JSON.stringify(results, null, 2) : renderResults(results))
    if (options.write) {
      await writeFile(PAGE, await renderPage(results, machine()))
      await writeFile(BASELINE, `${JSON.stringify(results, null, 2)}\n`)
    }
    const baseline = resultsSchema.parse(JSON.parse(await readFile(BASELINE, 'utf8')))
    const targets = targetVerdicts(results)
    const comparisons = baselineVerdicts(results, baseline)
    console.error(renderVerdicts('Targets', targets))
    console.error(renderVerdicts('Baseline, 25 % worse at most', comparisons))
    return [...targets, ...comparisons].every(({ passes }) => passes) ? 0 : 1
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function machine(): string {
  const processors = cpus()
  return `${processors.length} cores of ${processors[0]?.model ?? 'an unknown processor'}`
}

process.exitCode = await main()
