/** Reaches the sketches of a game: every call with a deadline, every failure as a problem. */
import type { Scope } from '../../app-env.ts'
import { gameSketches } from '../../game-sketches.ts'
import type { LiveSketches } from './live-sketches.ts'
import { answerOf } from './sketches-answer.ts'

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
