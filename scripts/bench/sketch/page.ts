/** docs/reference/sketches.md: what the sketches are, what their errors mean, and the tables of the benchmark. */
import { format } from 'oxfmt'

import { maxTokens } from '../../../src/sketch/distinct-count.ts'
import { relativeStandardError } from '../../../src/sketch/estimate.ts'
import { cell, table } from '../../reference/markdown.ts'
import type { AccuracyAt } from './accuracy.ts'
import { PRECISION } from './bench.ts'
import { percent, type Row, tableOf, TIMING_MARGIN } from './row.ts'
import type { Machine } from './versions.ts'

/** All that one run of the benchmark has found. */
export interface Findings {
  /** ISO date of the run, UTC */
  readonly date: string
  readonly machine: Machine
  readonly rows: readonly Row[]
  readonly accuracy: readonly AccuracyAt[]
}

const standardError = percent(relativeStandardError(PRECISION))
const most = maxTokens(PRECISION).toLocaleString('en-US')
const registers = (2 ** PRECISION).toLocaleString('en-US')

const HEAD = `# Sketches

<!-- Written by npm run bench:sketch -- --write; the text is in scripts/bench/sketch/page.ts. -->

Active users, new users and players online are counted by sketches: they answer at once, take a few kilobytes, and can
be merged, so that a week is the union of its days. This page says how exact they are, what they cost, and what they
are stored as, beside Redis and others, measured in one run.

## What the errors mean

- Up to ${most} users a sketch keeps a token of each, and its count is exact: \`error\` is 0 and \`exact\` is true. Two users
  share a token with a probability below 2⁻²⁷, so at 4,096 users one count in 25 is one or two users too small.
- Above, it keeps ${registers} registers of one byte (UltraLogLog, precision ${PRECISION}). The relative standard error is ${standardError}, that of a
  union as well, because a union is what counting everybody at once would have given. \`error\` is 1.96 standard errors:
  the true count is within \`value ± error\` in 95 of 100 cases.
- Ids are hashed with a secret key (HalfSipHash-2-4). With a public hash anybody who may send events can search for ids
  that make a count explode; the rows D2 below do so.
- Adding is idempotent and the order does not matter: a message that is delivered twice changes nothing.
`

const TARGETS = `## Targets

\`value\` is the ratio of our figure to the other one where there is another one, otherwise our figure. Every random number
comes from a seed, so the rows A, B and D are the same in every run. Times (C) are the fastest of many short interleaved
rounds; the run fails when one is more than ${TIMING_MARGIN * 100} % over its limit, because machines have other work to do. Redis' times are those
that it reports itself (\`INFO commandstats\`, microseconds within the command), without reading the command from the
socket. *Quoted* figures are not of this run: Apache DataSketches (C++, commit c228885, g++ -O2) was measured once, on a
machine of the same kind. A time against a quoted time is shown and does not fail the run.
`

const WIRE = `## The wire format in short

Version 1. Each sketch has exactly one set of tokens or registers, and reading accepts only what counting can produce.

| bytes | |
| --- | --- |
| 0 | \`0xA1\`, the version |
| 1 | kind: 0 empty, 1 tokens, 2 registers, 3 registers deflated |
| 2 | precision p, 4 to 18 |
| 3 | hash id: which key made the tokens; sketches of different keys are never merged |
| 4 on | kind 1: number of tokens (16 bits, little-endian), Rice parameter k, then the tokens in ascending order as a bit stream: the difference of the high 26 bits as a Rice code, the leading zeros in unary. Kind 2: 2^p registers. Kind 3: the same as raw DEFLATE with Huffman codes only, which any inflate reads |

Kind 3 is what is stored, kind 2 what travels between Workers. The order of the symbols in the registers is random, so
references back would cost 9 % and save nothing.

## Sources

- Ertl, "UltraLogLog: A Practical and More Space-Efficient Alternative to HyperLogLog for Approximate Distinct
  Counting", PVLDB 17 (2023), [arXiv 2308.16862](https://arxiv.org/abs/2308.16862): registers, estimate, standard error.
- Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog", 2007; Ertl, "New cardinality estimation algorithms for HyperLogLog
  sketches", 2017, [arXiv 1702.01284](https://arxiv.org/abs/1702.01284): what Redis and the HyperLogLog of C3 do.
- Aumasson and Bernstein, SipHash, [reference code](https://github.com/veorq/SipHash): the keyed hash and its vectors.
- Paterson and Raynal, "HyperLogLog: Exponentially Bad in Adversarial Settings",
  [ePrint 2021/1139](https://eprint.iacr.org/2021/1139): the attack of D2.
- [Apache DataSketches](https://datasketches.apache.org/): HLL_4, HLL_8 and CPC.
`

/** The page, formatted like all our files. Throws Error when it cannot be formatted. */
export async function renderPage(findings: Findings): Promise<string> {
  const { heads, cells } = tableOf(findings.rows)
  const targets = table(
    heads,
    cells.map((row) => row.map(cell)),
  )
  const text = [HEAD, measured(findings), TARGETS, targets, accuracyPart(findings.accuracy), WIRE]
  const { code, errors } = await format('sketches.md', text.join('\n\n'), { printWidth: 100 })
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  return code
}

function measured({ date, machine }: Findings): string {
  return [
    '## Measured',
    '',
    `On ${date} on ${machine.processor}, shared with other work; ${machine.versions.join(', ')}.`,
    'To measure anew: `apt-get install redis-server`, then `npm run bench:sketch` (`-- --quick` for fewer trials).',
  ].join('\n')
}

function accuracyPart(accuracy: readonly AccuracyAt[]): string {
  const theory = percent(relativeStandardError(PRECISION))
  const rows = accuracy.map(({ users, trials, isSimulated, rootMeanSquare, bias, storedBytes }) => [
    `${users.toLocaleString('en-US')}${isSimulated ? ' *' : ''}`,
    String(trials),
    percent(rootMeanSquare),
    percent(bias),
    storedBytes.toFixed(0),
  ])
  return [
    '## Errors and bytes by number of users',
    `The standard error of the formula is ${theory}; below some hundred thousand users the registers do better. * The states of`,
    'the registers are drawn directly: how many users have how many leading zeros, and in which registers they are.',
    '',
    table(['users', 'trials', 'root mean square error', 'bias', 'bytes as stored'], rows),
  ].join('\n')
}
