/**
 * `npm run cost`: counts what the platform bills for a run, and prints dollars per million events by the published
 * prices. Exit code 1 when a target or the baseline is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { renderPage } from './cost/page.ts'
import type { Cost } from './cost/report.ts'
import { complaints, costSchema, renderCost, toCost } from './cost/report.ts'
import { COST_PLAN, countUsage, readPrices } from './cost/run.ts'

const USAGE = `npm run cost -- [--json] [--before] [--write]

  --json    the figures as JSON instead of tables
  --before  writes scripts/cost/before.json: for the build that is about to be changed
  --write   writes docs/reference/cost.md, which shows both, and scripts/cost/baseline.json`

const PAGE = new URL('../docs/reference/cost.md', import.meta.url)
const BASELINE = new URL('cost/baseline.json', import.meta.url)
const BEFORE = new URL('cost/before.json', import.meta.url)

async function main(): Promise<number> {
  const { values: options } = parseArgs({
    options: {
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
  const directory = mkdtempSync(join(tmpdir(), 'croupier-cost-'))
  try {
    const prices = readPrices()
    const cost = toCost(await countUsage({ directory, plan: COST_PLAN }), prices)
    console.log(options.json ? JSON.stringify(cost, null, 2) : renderCost(cost, prices))
    const file = `${JSON.stringify(cost, null, 2)}\n`
    if (options.before) await writeFile(BEFORE, file)
    if (options.write) {
      await writeFile(PAGE, await renderPage(cost, await readCost(BEFORE), prices))
      await writeFile(BASELINE, file)
    }
    const missed = complaints(cost, await readCost(BASELINE))
    for (const line of missed) console.error(line)
    return missed.length === 0 ? 0 : 1
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function readCost(file: URL): Promise<Cost> {
  return costSchema.parse(JSON.parse(await readFile(file, 'utf8')))
}

process.exitCode = await main()
