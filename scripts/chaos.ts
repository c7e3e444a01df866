/**
 * `npm run chaos`: the whole system on a real ClickHouse under generated traffic while faults fire, compared with an
 * oracle that knows only what clients sent and which acknowledgements they got. Bounded in time; stops by itself.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

import { z } from 'zod'

import { BROKEN_BUILDS, runBroken } from './chaos/broken-builds.ts'
import { PAGE, renderPage } from './chaos/page.ts'
import { isGood, renderReport } from './chaos/report.ts'
import type { RunOptions } from './chaos/run.ts'
import { runChaos } from './chaos/run.ts'

const USAGE = `node scripts/chaos.ts [options]

  --seed N         traffic and schedule of faults; without it a new one, which is printed
  --events N       events and payments to send (20,000)
  --faults N       faults that have to fire (60)
  --seconds N      how long faults fire at most (45); the whole run takes about 20 more
  --long           1,000,000 events, 200 faults and 780 seconds unless said otherwise
  --json FILE      writes the report there
  --write          writes docs/reference/guarantees.md: this run, and all broken builds
  --broken NAME    a run of 3,000 events on a build that is broken on purpose, which has to fail:
                   ${Object.keys(BROKEN_BUILDS).join(', ')}, or all
  --keep           keeps the data of the run`

const size = z.coerce.number().int().positive()
const optionsSchema = z.object({
  seed: z.coerce.number().int().nonnegative().optional(),
  events: size.optional(),
  faults: size.optional(),
  seconds: size.max(1_200).optional(),
  long: z.boolean().default(false),
  json: z.string().optional(),
  write: z.boolean().default(false),
  broken: z.string().optional(),
  keep: z.boolean().default(false),
  help: z.boolean().default(false),
})

const SHORT = { events: 20_000, faults: 60, seconds: 45 }
/** Enough for a build that is broken. */
const BROKEN = { events: 3_000, faults: 15, seconds: 12 }
const LONG = { events: 1_000_000, faults: 200, seconds: 780 }

/** Throws TypeError for an option that there is not. */
function readArguments(): unknown {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      events: { type: 'string' },
      faults: { type: 'string' },
      seconds: { type: 'string' },
      long: { type: 'boolean' },
      json: { type: 'string' },
      write: { type: 'boolean' },
      broken: { type: 'string' },
      keep: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  return values
}

async function main(): Promise<number> {
  const parsed = optionsSchema.safeParse(readArguments())
  if (!parsed.success || parsed.data.help) {
    console.log(parsed.success ? USAGE : `${z.prettifyError(parsed.error)}\n\n${USAGE}`)
    return parsed.success ? 0 : 1
  }
  const { long, json, write, broken, ...given } = parsed.data
  const sizes = long ? LONG : broken === undefined ? SHORT : BROKEN
  const options: RunOptions = {
    seed: given.seed ?? Date.now() % 1_000_000,
    events: given.events ?? sizes.events,
    faults: given.faults ?? sizes.faults,
    seconds: given.seconds ?? sizes.seconds,
    keep: given.keep,
    log: (line) => console.error(line),
  }
  if (broken !== undefined) {
    const builds = await runBroken(broken, options)
    for (const { name, caught } of builds) console.log(`${name}: ${caught ?? 'NOT CAUGHT'}`)
    // A broken build has to fail, as a run of it would; 2 says that one did not.
    return builds.every(({ caught }) => caught !== null) ? 1 : 2
  }
  const report = await runChaos(options)
  console.log(renderReport(report))
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`)
  if (!isGood(report)) return 1
  if (write) {
    const builds = await runBroken('all', { ...options, ...BROKEN })
    await writeFile(PAGE, renderPage(report, builds))
    if (builds.some(({ caught }) => caught === null)) return 2
  }
  return 0
}

process.exitCode = await main()
