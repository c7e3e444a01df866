/**
 * What the sketches carry and cost: simulated days of small and large games in the real storage engine. Linux only: the
 * CPU of the runtime is read from /proc.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

import { z } from 'zod'

import { renderPage } from './sketch-day/page.ts'
import type { DayResult, Scenario } from './sketch-day/result.ts'
import { runDay } from './sketch-day/run.ts'
import { startObjects } from './sketch-day/runtime.ts'

const USAGE = `node scripts/simulate/sketch-day.ts [--json | --write] [options]

  --json            all figures, unrounded
  --write           writes docs/reference/sketch-day.md; without either the page is printed
  --peak N          one game of N players at the peak instead of those of the page
  --shards N        its shards (default 1)
  --windows N       windows of a day that are counted, a divisor of 1,440 (default 6)
  --minutes N       minutes of each (default 2)`

const PAGE = new URL('../../docs/reference/sketch-day.md', import.meta.url)

/** Small games have longer windows: what happens every five minutes is most of what they do. */
const SCENARIOS: readonly Scenario[] = [
  { peak: 100, shards: 1, windows: 6, windowMinutes: 40 },
  { peak: 10_000, shards: 1, windows: 6, windowMinutes: 10 },
  { peak: 100_000, shards: 1, windows: 6, windowMinutes: 2 },
  { peak: 100_000, shards: 8, windows: 6, windowMinutes: 2 },
]

const positive = z.coerce.number().int().positive()

const optionsSchema = z
  .object({
    json: z.boolean().default(false),
    write: z.boolean().default(false),
    help: z.boolean().default(false),
    peak: positive.max(200_000).optional(),
    shards: positive.max(64).default(1),
    windows: positive.max(24).default(6),
    minutes: positive.max(50).default(2),
  })
  .refine(({ windows }) => 1_440 % windows === 0, 'windows: expected a divisor of 1,440')
  .refine(({ write, peak }) => !write || peak === undefined, 'the page has games of its own')

/** Throws TypeError for an option that there is not. */
function readArguments(): unknown {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean' },
      write: { type: 'boolean' },
      help: { type: 'boolean' },
      peak: { type: 'string' },
      shards: { type: 'string' },
      windows: { type: 'string' },
      minutes: { type: 'string' },
    },
  })
  return values
}

async function run(scenarios: readonly Scenario[]): Promise<DayResult[]> {
  const results: DayResult[] = []
  for (const scenario of scenarios) {
    console.error(`${scenario.peak} players, ${scenario.shards} shards`)
    // A process each, so that the memory of one game does not slow down the next.
    const runtime = await startObjects()
    try {
      results.push(await runDay(scenario, runtime))
    } finally {
      await runtime.stop()
    }
  }
  return results
}

async function main(): Promise<number> {
  const parsed = optionsSchema.safeParse(readArguments())
  if (!parsed.success) {
    console.error(`${z.prettifyError(parsed.error)}\n\n${USAGE}`)
    return 1
  }
  const { json, write, help, peak, shards, windows, minutes: windowMinutes } = parsed.data
  if (help) {
    console.log(USAGE)
    return 0
  }
  const scenarios = peak === undefined ? SCENARIOS : [{ peak, shards, windows, windowMinutes }]
  const results = await run(scenarios)
  if (json) {
    console.log(JSON.stringify(results, null, 2))
    return 0
  }
  const page = await renderPage(results)
  if (write) await writeFile(PAGE, page)
  else console.log(page)
  return 0
}

process.exitCode = await main()
