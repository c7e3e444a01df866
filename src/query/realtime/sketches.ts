/** Reaches the sketches of a game: every call with a deadline, every failure as one problem. */
import { ApiError } from '../../api-error.ts'
import type { Scope } from '../../app-env.ts'
import { within } from '../../deadline.ts'
import { gameSketches } from '../../game-sketches.ts'
import type { LiveSketches } from './live-sketches.ts'

/** How long an answer waits for the sketches, in milliseconds. */
export const SKETCHES_DEADLINE_MS = 3_000

/** The sketches of a game, within the request that asks. */
export function liveSketches(env: Env, scope: Pick<Scope, 'gameId' | 'env'>): LiveSketches {
  const object = gameSketches(env, scope)
  return {
    realtime: (at) => answerOf(object.realtime(at)),
    minutes: (range) => answerOf(object.minutes(range)),
    days: (range) => answerOf(object.days(range)),
    breakdown: (asked) => answerOf(object.breakdown(asked)),
    cohorts: (range) => answerOf(object.cohorts(range)),
  }
}

async function answerOf<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await within(SKETCHES_DEADLINE_MS, asked)
  } catch (cause) {
    const detail = 'The live figures of the game did not answer; ask again.'
    throw new ApiError('control_unavailable', detail, { cause })
  }
}
