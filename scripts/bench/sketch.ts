/**
 * `npm run bench:sketch`: how exact, how small and how fast our sketches are, each figure as a ratio with its target,
 * beside a real redis-server in the same run. Takes about three minutes; stops by itself.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

import { z } from 'zod'

import { hashKeyId, parseHashKey } from '../../src/sketch/token.ts'
import { biasRows, exactRows, measureAccuracy, redisRows } from './sketch/accuracy.ts'
import type { Bench } from './sketch/bench.ts'
import { fewUsersRows, productRows, storedRows } from './sketch/bytes.ts'
import { craftedRows } from './sketch/crafted-ids.ts'
import { type Findings, renderPage } from './sketch/page.ts'
import { MissingRedisError, startRedis } from './sketch/redis-server.ts'
import { isFailure, type Row, tableOf, verdictOf } from './sketch/row.ts'
import { addRows } from './sketch/speed-add.ts'
import { codecRows } from './sketch/speed-codec.ts'
import { stepRows, unionRows } from './sketch/speed-union.ts'
import { describeMachine } from './sketch/versions.ts'

const USAGE = `node scripts/bench/sketch.ts [--quick] [--json | --write]

  --quick   fewer trials and rounds: half a minute, and errors that are less certain
  --json    all figures, unrounded
  --write   writes docs/reference/sketches.md; not with --quick

Exit code 0 when every target is met, 1 when one is missed, 2 when it could not be measured.`

const PAGE = new URL('../../docs/reference/sketches.md', import.meta.url)

const NO_REDIS = `There is no redis-server here, and the comparison needs a real one. To install it:

    apt-get install redis-server        (Debian, Ubuntu; brew install redis on a Mac)

It need not run: this script starts one of its own on a private socket and ends it.`

/** Any key will do; the same one makes every run the same. */
const KEY = parseHashKey('5ca1ab1e0ddba11c')

const optionsSchema = z
  .object({
    quick: z.boolean().default(false),
    json: z.boolean().default(false),
    write: z.boolean().default(false),
    help: z.boolean().default(false),
  })
  .refine(({ quick, write }) => !(quick && write), 'the page is written from a full run')

/** Throws TypeError for an option that there is not. */
function readArguments(): unknown {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      json: { type: 'boolean' },
      write: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  return values
}

async function main(): Promise<number> {
  const options = optionsSchema.parse(readArguments())
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  const findings = await measure(options.quick)
  const { rows } = findings
  if (options.json) {
    const judged = rows.map((row) => ({ ...row, verdict: verdictOf(row) }))
    console.log(JSON.stringify({ ...findings, rows: judged }, null, 2))
  } else {
    printTable(rows)
  }
  if (options.write) await writeFile(PAGE, await renderPage(findings))
  const missed = rows.filter(isFailure)
  for (const { target, what } of missed) console.error(`${target} is missed: ${what}`)
  return missed.length === 0 ? 0 : 1
}

async function measure(isQuick: boolean): Promise<Findings> {
  const redis = await startRedis()
  try {
    const bench: Bench = { redis, key: KEY, hashId: hashKeyId(KEY), isQuick, log }
    const timed = async <Result>(name: string, work: () => Result | Promise<Result>) => {
      const startMs = performance.now()
      const result = await work()
      log(`${name}: ${((performance.now() - startMs) / 1_000).toFixed(1)} s`)
      return result
    }
    // Times first: the garbage of the trials is not theirs.
    const speed = [
      ...(await timed('C1 add', () => addRows(bench))),
      ...(await timed('C2 union', () => unionRows(bench))),
      ...(await timed('C3 steps', () => stepRows(bench))),
      ...(await timed('C4 codec in workerd', () => codecRows(bench))),
    ]
    const beside = await timed('A1 beside Redis', () => redisRows(bench))
    const accuracy = await timed('A2 bias', () => measureAccuracy(bench))
    const exact = await timed('A3 exact counts', () => exactRows(bench))
    const stored = await timed('B bytes', () => storedRows(bench, accuracy))
    const crafted = await timed('D2 crafted ids', () => craftedRows(bench))
    return {
      date: new Date().toISOString().slice(0, 10),
      machine: await describeMachine(redis.version),
      accuracy,
      rows: [
        ...beside,
        ...biasRows(accuracy),
        ...exact,
        ...stored.rows,
        ...productRows(accuracy, stored.redisBytes),
        ...fewUsersRows(bench),
        ...speed,
        ...crafted,
      ],
    }
  } finally {
    await redis.stop()
  }
}

/** Progress, which is not part of the output. */
function log(line: string): void {
  console.error(line)
}

/** Columns as wide as their longest cell. */
function printTable(rows: readonly Row[]): void {
  const { heads, cells } = tableOf(rows)
  const widths = heads.map((_, column) =>
    Math.max(...[heads, ...cells].map((line) => line[column]?.length ?? 0)),
  )
  for (const line of [heads, ...cells]) {
    console.log(
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  process.exitCode = 2
  if (error instanceof MissingRedisError) console.error(NO_REDIS)
  else console.error(error instanceof z.ZodError ? z.prettifyError(error) : error)
}
