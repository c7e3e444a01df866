/** One chaos run: traffic, faults and questions at the same time; then silence, a replay, and the comparison. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { compareAggregates } from './compare-aggregates.ts'
import { compareAnswers } from './compare-answers.ts'
import { compareLive } from './compare-live.ts'
import { compareSeries } from './compare-series.ts'
import type { Findings } from './compare-tables.ts'
import {
  compareAudit,
  compareEvents,
  comparePayments,
  compareRefused,
  noFindings,
} from './compare-tables.ts'
import { compareDeadLetters, replayDeadLetters } from './dead-letters.ts'
import { activityOf, plusDays } from './figures.ts'
import { Oracle } from './oracle.ts'
import type { SendOptions } from './sender.ts'
import { firedIn, Sender } from './sender.ts'
import { ChaosStack } from './stack.ts'
import { GAMES } from './traffic.ts'
import type { WatchReport } from './watch.ts'
import { askWhileAway, watch } from './watch.ts'

export interface RunOptions extends SendOptions {
  readonly log: (line: string) => void
  /** Keeps the data directory and says where it is */
  readonly keep?: boolean
}

export interface RunReport extends Findings {
  readonly seed: number
  /** Events and payments, each once, the refused ones among them */
  readonly sent: number
  readonly acknowledged: number
  readonly unacknowledged: number
  readonly posts: number
  readonly attempts: number
  readonly repeats: number
  readonly deadLetters: number
  /** By `operation: kind` */
  readonly faults: Readonly<Record<string, number>>
  readonly fired: number
  /** POSTs that reached the queue in company */
  readonly coalesced: number
  readonly answers: Pick<WatchReport, 'answered' | 'failed'>
  readonly seconds: { readonly faults: number; readonly all: number }
}

const PROGRESS_INTERVAL_MS = 30_000
const SETTLE_MS = 1_500
const DRAIN_INTERVAL_MS = 200
/** How long the rest of the queue may take after the faults. */
const DRAIN_DEADLINE_MS = 300_000
/** How long figures may take that are published now and then. */
const PUBLISH_DEADLINE_MS = 150_000
const PUBLISH_INTERVAL_MS = 3_000

/** Runs from beginning to end. Throws only when the run itself cannot go on. */
export async function runChaos(given: RunOptions): Promise<RunReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'croupier-chaos-'))
  const beganMs = Date.now()
  const log = (line: string) =>
    given.log(`${((Date.now() - beganMs) / 1_000).toFixed(1).padStart(6)} s  ${line}`)
  const options = { ...given, log }
  log('starting ClickHouse, the proxy and the Worker')
  try {
    const stack = await ChaosStack.start(dataDir, options.seed, batchSizeFor(options.events))
    try {
      return await runOn(stack, options, beganMs)
    } finally {
      await stack.stop()
    }
  } finally {
    if (options.keep === true) log(`the data stays in ${dataDir}`)
    else rmSync(dataDir, { recursive: true, force: true })
  }
}

/** The platform's maximum in long runs; in short ones smaller batches, so that there are more to go wrong. */
function batchSizeFor(events: number): number {
  return Math.min(100, Math.max(15, Math.floor(events / 1_000)))
}

async function runOn(stack: ChaosStack, options: RunOptions, beganMs: number): Promise<RunReport> {
  const { seed, log } = options
  const oracle = new Oracle(GAMES)
  const truths = [...oracle.games.values()]
  const startMs = Date.now()
  const today = new Date(startMs).toISOString().slice(0, 10)
  const range = `start=${plusDays(today, -40)}&end=${plusDays(today, 3)}`

  log(`seed ${seed}: ${options.events} events in about ${options.seconds} s`)
  await stack.follow(seed)
  let isOver = false
  const watching = watch(stack, truths, range, () => isOver)
  const sender = new Sender(stack, oracle, options, startMs)
  const calm = setTimeout(() => {
    stack.follow(null).catch((error: unknown) => sender.refusals.push(String(error)))
  }, options.seconds * 1_000)
  const progress = setInterval(() => log(sender.progress()), PROGRESS_INTERVAL_MS)
  await sender.run()
  clearTimeout(calm)
  clearInterval(progress)
  const faultsMs = Math.min(Date.now() - startMs, options.seconds * 1_000)
  await stack.follow(null)
  log('faults are over; waiting for what was acknowledged')
  await stack.database.untilBack()
  isOver = true
  const watched = await watching

  const findings = noFindings()
  findings.wrong.push(...oracle.contradictions, ...sender.refusals, ...watched.wrong)
  findings.wrong.push(...(await askWhileAway(stack, truths, range)))
  await drain(stack, findings)
  const deadLetters = await compareDeadLetters(stack, oracle, findings)
  log(`replaying ${deadLetters} dead letters`)
  const replayed = new Set<string>()
  // A letter may have been on its way when the others were read.
  while ((await replayDeadLetters(stack, replayed)) > 0) await drain(stack, findings)
  log('comparing')
  for (const truth of truths) {
    await compareEvents(stack.connection, truth, findings)
    await comparePayments(stack.connection, truth, findings)
    await compareRefused(stack.connection, truth, findings)
    await compareAudit(stack.connection, truth, findings)
  }
  await compareFigures(stack, oracle, findings)
  const { faults: workerFaults, coalesced } = await stack.control()
  const faults = { ...stack.tally.counts(), ...workerFaults }
  const fired = firedIn(faults)
  if (fired < options.faults) {
    findings.wrong.push(
      `only ${fired} of ${options.faults} faults fired: the run proves less than asked`,
    )
  }
  if (coalesced === 0) findings.wrong.push('no POST reached the queue in company')
  return {
    ...findings,
    seed,
    sent: truths.reduce((sum, truth) => sum + truth.sent.size, 0),
    acknowledged: oracle.acknowledged(),
    unacknowledged: sender.unacknowledged,
    posts: sender.posts,
    attempts: truths.reduce((sum, { attempts }) => sum + attempts, 0),
    repeats: sender.repeats,
    deadLetters,
    faults,
    fired,
    coalesced,
    answers: { answered: watched.answered, failed: watched.failed },
    seconds: { faults: faultsMs / 1_000, all: (Date.now() - beganMs) / 1_000 },
  }
}

/** Figures of rows at once; what the sketches publish now and then as soon as it can be there. */
async function compareFigures(
  stack: ChaosStack,
  oracle: Oracle,
  findings: Findings,
): Promise<void> {
  // Where rows are wrong, what is published of them is, too; what is missing may only be late.
  const isSound = findings.lost + findings.duplicated + findings.wrong.length === 0
  for (const truth of oracle.games.values()) {
    const activity = activityOf(truth)
    findings.wrong.push(...(await compareAnswers(stack, truth.game, activity)))
    if (!isSound) continue
    const publishedDifferences = async (): Promise<string[]> => [
      ...(await compareLive(stack, truth.game, activity)),
      ...(await compareSeries(stack, truth.game, activity)),
      ...(await compareAggregates(stack.connection, truth.game, activity)),
    ]
    findings.wrong.push(...(await untilEqual(publishedDifferences)))
  }
}

/** The differences that are left when there are none any more, or at the deadline. */
async function untilEqual(compare: () => Promise<string[]>): Promise<string[]> {
  const deadlineMs = Date.now() + PUBLISH_DEADLINE_MS
  for (;;) {
    const wrong = await compare()
    if (wrong.length === 0 || Date.now() > deadlineMs) return wrong
    await sleep(PUBLISH_INTERVAL_MS)
  }
}

/** Waits until nothing is on its way; at the deadline it is a finding. */
async function drain(stack: ChaosStack, findings: Findings): Promise<void> {
  const deadlineMs = Date.now() + DRAIN_DEADLINE_MS
  let busyMs = Date.now()
  while (Date.now() - busyMs < SETTLE_MS) {
    const [backlog, { outstanding, running }] = [await stack.backlog(), await stack.control()]
    if (backlog !== 0 || outstanding > 0 || running > 0) busyMs = Date.now()
    if (Date.now() > deadlineMs) {
      const rest = `${backlog ?? 'unknown'} in the queues, ${outstanding} to come again`
      findings.wrong.push(`not everything arrived in ${DRAIN_DEADLINE_MS / 1_000} s: ${rest}`)
      return
    }
    await sleep(DRAIN_INTERVAL_MS)
  }
}
