/** What all questions share: whose rows, which instants, which days, split and restricted by what. */
import type { Parameter } from '../reader.ts'
import type { Filter, Grouping } from './dimension.ts'
import { filterParams, groupParams } from './dimension.ts'

/** Events that make a user active, new, and online; new by one of the kinds of cohort. */
export const ACTIVE_EVENTS = ['session.start', 'user.login'] as const
export const ONLINE_EVENTS = ['session.heartbeat', 'session.start'] as const
export const COHORT_EVENTS = {
  register: ['user.register'],
  first_active: ['user.first_active'],
  new: ['user.register', 'user.first_active'],
} as const
export type CohortKind = keyof typeof COHORT_EVENTS

export interface Question {
  readonly gameId: string
  readonly env: string
  /** First instant, in milliseconds since the epoch */
  readonly startMs: number
  /** First instant after the range */
  readonly endMs: number
  /** The zone's offset from UTC as a step function: `offsetMs[i]` holds from `sinceMs[i]` on */
  readonly offsets: { readonly sinceMs: readonly number[]; readonly offsetMs: readonly number[] }
  readonly filters: readonly Filter[]
  readonly grouping: Grouping | null
}

/** The parameters that the fragments below and those of dimension.ts refer to. */
export function questionParams(question: Question): Record<string, Parameter> {
  return {
    game_id: question.gameId,
    env: question.env,
    start_ms: question.startMs,
    end_ms: question.endMs,
    offset_since: question.offsets.sinceMs,
    offset_ms: question.offsets.offsetMs,
    ...filterParams(question.filters),
    ...groupParams(question.grouping),
  }
}

/** Rows of the game and environment. */
export const SCOPE_SQL = 'game_id = {game_id:String} AND env = {env:String}'

/** An instant that is bound in milliseconds since the epoch. */
export function instantSql(parameter: string): string {
  return `fromUnixTimestamp64Milli({${parameter}:Int64}, 'UTC')`
}

/**
 * The day number (days since 1970-01-01) of a column's instant in the zone. The offsets are bound, not looked
 * up by the server, so that days are the same here and where events were received, whichever edition of
 * the time zone database the server has.
 */
export function daySql(column: string): string {
  const ms = `toUnixTimestamp64Milli(${column})`
  const since = '{offset_since:Array(Int64)}'
  return `intDiv(${ms} + transform(roundDown(${ms}, ${since}), ${since}, {offset_ms:Array(Int64)}), 86400000)`
}
