/**
 * `npm run cost`: counts what the platform bills for a run, and prints dollars per million events by the published
 * prices. Exit code 1 when a target or the baseline is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import type { Cost } from './cost/report.ts'
import { complaints, costSchema, renderCost, toCost } from './cost/report.ts'
import { COST_PLAN, countUsage, readPrices } from './cost/run.ts'

const USAGE = `npm run cost -- [--json] [--write]

  --json    the figures as JSON instead of tables
  --write   writes scripts/cost/baseline.json`

const BASELINE = new URL('cost/baseline.json', import.meta.url)

async function main(): Promise<number> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
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
    if (options.write) await writeFile(BASELINE, `${JSON.stringify(cost, null, 2)}\n`)
    const missed = complaints(cost, await readBaseline())
    for (const line of missed) console.error(line)
    return missed.length === 0 ? 0 : 1
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function readBaseline(): Promise<Cost> {
  return costSchema.parse(JSON.parse(await readFile(BASELINE, 'utf8')))
}

process.exitCode = await main()
