/** Waits for what was acknowledged to arrive in the answers, and to stay there. */
import { setTimeout as sleep } from 'node:timers/promises'

import type { ReplayPlan } from './cookie-cats.ts'
import {
  answeredFigures,
  countEqual,
  type Figures,
  queueBacklog,
  type ReadTarget,
  UnansweredError,
} from './figures.ts'
import { startProgress } from './progress.ts'

const FIRST_POLL_MS = 1_000
const LONGEST_POLL_MS = 5_000

/**
 * Readings in a row that must be as expected, with nothing left in the queue: after a second replay the
 * figures are right at once, and what could still spoil them is on its way.
 */
const SETTLED_READINGS = 2

/** What the API answers, and how sure that is. */
export interface Reading {
  readonly answered: Figures
  /** When an answer last differed from the one before it, by performance.now() */
  readonly changedMs: number
  /** How many of the last readings were as expected, with an empty queue */
  readonly settled: number
  /** Why the last question has no answer; null when it has one */
  readonly failure: string | null
}

/**
 * Asks until every figure is as expected and stays so, or until nothing has changed for `waitMs`: the queue
 * may be far behind the last acknowledgement, but then every question finds more than the one before.
 * Throws when the API refuses a question.
 */
export async function readBack(
  expected: Figures,
  target: ReadTarget,
  plan: ReplayPlan,
  waitMs: number,
): Promise<Reading> {
  const progress = startProgress('reading back', 'figures', expected.size)
  let reading: Reading = {
    answered: new Map(),
    changedMs: performance.now(),
    settled: 0,
    failure: null,
  }
  let pollMs = FIRST_POLL_MS
  try {
    while (reading.settled < SETTLED_READINGS && performance.now() - reading.changedMs <= waitMs) {
      await sleep(pollMs)
      pollMs = Math.min(2 * pollMs, LONGEST_POLL_MS)
      reading = await readAgain(reading, expected, target, plan)
      progress.update(countEqual(expected, reading.answered))
    }
    return reading
  } finally {
    progress.stop()
  }
}

async function readAgain(
  last: Reading,
  expected: Figures,
  target: ReadTarget,
  plan: ReplayPlan,
): Promise<Reading> {
  try {
    const backlog = await queueBacklog(target)
    const answered = await answeredFigures(target, plan)
    const isSame = countEqual(answered, last.answered) === answered.size
    const isEqual = countEqual(expected, answered) === expected.size
    return {
      answered,
      changedMs: isSame ? last.changedMs : performance.now(),
      settled: isEqual && (backlog ?? 0) === 0 ? last.settled + 1 : 0,
      failure: null,
    }
  } catch (error) {
    if (error instanceof UnansweredError) return { ...last, settled: 0, failure: error.message }
    throw error
  }
}
