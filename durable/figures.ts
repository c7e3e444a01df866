/** What GameSketches is told and what it answers: plain data, since it crosses a call. */
import type { BreakdownColumn, Counting, TokenGroup } from '../src/event/envelope.ts'

/** A unique count. */
export interface Figure {
  /** Users */
  readonly value: number
  /** Whether `value` is no estimate */
  readonly exact: boolean
  /** Half-width of the 95 % interval in users; 0 when exact */
  readonly error: number
}

/** Whose tokens they are, and how the game counts; `counting` is null in messages of builds that did not tell. */
export interface TokenDelivery {
  readonly gameId: string
  readonly env: string
  readonly shard: number
  readonly counting: Counting | null
  readonly groups: readonly TokenGroup[]
}

/** A game day (days since 1970-01-01 of the local date) and a minute (minutes since the epoch). */
export interface Moment {
  readonly day: number
  readonly minute: number
}

/** Answer of figures(). */
export interface LiveFigures {
  readonly dau: Figure
  readonly newUsers: Figure
  readonly online: Figure
}

/** Unique users online in a minute, and in the 5 and 15 minutes that end with it. */
export interface MinuteFigures {
  readonly minute: number
  readonly online: Figure
  readonly active5m: Figure
  readonly active15m: Figure
}

/** The fullest minute; `minute` is null when there was none. */
export interface Peak extends Figure {
  readonly minute: number | null
}

/** Unique users of a game day, and of the 7 and 30 days that end with it. */
export interface DayFigures {
  readonly day: number
  readonly dau: Figure
  readonly newUsers: Figure
  readonly wau: Figure
  readonly mau: Figure
  readonly onlinePeak: Peak
}

/** Answer of realtime(): the day and the minute that were asked for. */
export interface RealtimeFigures {
  readonly day: DayFigures
  readonly minute: MinuteFigures
  /** Unique users online in the minute and in the one after it: with the last full minute, those who are online now */
  readonly activeNow: Figure
  /** Distinct users with an event that counts as new, ever */
  readonly registeredTotal: Figure
  readonly onlinePeakAllTime: Peak
  /**
   * When the object last took users, in milliseconds since the epoch; null before the first. After an eviction up to
   * some PUBLISH_INTERVAL_MS too early: it is stored with what is published, not by a write of its own.
   */
  readonly lastTokensMs: number | null
}

/** Unique users of a day by the values of a column, most users first. */
export interface Breakdown {
  readonly column: BreakdownColumn
  /** `name`: as sent, cut to MAX_BREAKDOWN_VALUE_LENGTH; empty for users whose clients sent none */
  readonly values: readonly { readonly name: string; readonly users: Figure }[]
  /** Users of all values beyond the bound; null when every value has a figure of its own */
  readonly other: Figure | null
}

/** Users of a cohort who came back; `rate` and `rateError` are shares from 0 to 1, null for an empty cohort. */
export interface Returned extends Figure {
  readonly rate: number | null
  readonly rateError: number | null
}

/** A cohort day, with the users who were active 1, 7 and 30 days after it. */
export interface Cohort {
  readonly day: number
  readonly size: Figure
  readonly d1: Returned
  readonly d7: Returned
  readonly d30: Returned
}
