/**
 * What the correction of clocks is worth: five ways to find the times of the same simulated events, compared with
 * their true times. The same seed gives the same numbers.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

import { z } from 'zod'

import { countNights } from './nights.ts'
import { renderPage } from './page.ts'
import { simulateClocks } from './score.ts'
import { renderTables } from './tables.ts'

const USAGE = `node scripts/simulate/clocks.ts [--json | --markdown | --write | --check] [options]

  --json           all figures, unrounded
  --markdown       the tables of docs/reference/clocks.md; also without any option
  --write          writes docs/reference/clocks.md
  --check          writes nothing; exit code 1 if --write would change the page
  --seed N         another seed than that of the page
  --batches N      batches of 20 events in each scenario`

const PAGE = new URL('../../docs/reference/clocks.md', import.meta.url)
const SEED = 2026
const BATCHES_PER_SCENARIO = 220

const optionsSchema = z
  .object({
    json: z.boolean().default(false),
    markdown: z.boolean().default(false),
    write: z.boolean().default(false),
    check: z.boolean().default(false),
    help: z.boolean().default(false),
    seed: z.coerce.number().int().nonnegative().optional(),
    batches: z.coerce.number().int().positive().max(10_000).optional(),
  })
  .refine(
    ({ write, check, seed, batches }) =>
      !(write || check) || (seed === undefined && batches === undefined),
    'the page has its own seed and size',
  )

/** Throws TypeError for an option that there is not. */
function readArguments(): unknown {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean' },
      markdown: { type: 'boolean' },
      write: { type: 'boolean' },
      check: { type: 'boolean' },
      help: { type: 'boolean' },
      seed: { type: 'string' },
      batches: { type: 'string' },
    },
  })
  return values
}

async function main(): Promise<number> {
  const parsed = optionsSchema.safeParse(readArguments())
  if (!parsed.success) {
    console.error(`${z.prettifyError(parsed.error)}\n\n${USAGE}`)
    return 1
  }
  const options = parsed.data
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  const simulation = simulateClocks(options.seed ?? SEED, options.batches ?? BATCHES_PER_SCENARIO)
  const nights = countNights()
  if (options.json) {
    console.log(JSON.stringify({ ...simulation, nights }, null, 2))
    return 0
  }
  if (!options.write && !options.check) {
    console.log(renderTables(simulation, nights))
    return 0
  }
  const page = await renderPage(simulation, nights)
  if (options.write) {
    await writeFile(PAGE, page)
    return 0
  }
  if ((await readFile(PAGE, 'utf8').catch(() => '')) === page) return 0
  console.error(
    'docs/reference/clocks.md is out of date; run node scripts/simulate/clocks.ts --write',
  )
  return 1
}

process.exitCode = await main()
