/** What the counts of an object say: figures of days and minutes, unions, peaks, breakdowns, cohorts. */
import type { SketchMetric } from '../../src/event/envelope.ts'
import type { DistinctCountSketch } from '../../src/sketch/distinct-count.ts'
import { sharedFigure, sharedRate, sketchFigure } from '../../src/sketch/interval.ts'
import type { SimdMerge } from '../../src/sketch/simd-merge.ts'
import { intersect } from '../../src/sketch/token-sample.ts'
import type { BreakdownQuestion, BucketRange } from '../call-arguments.ts'
import type {
  Breakdown,
  Cohort,
  DayFigures,
  LiveFigures,
  MinuteFigures,
  Moment,
  RealtimeFigures,
  Returned,
} from '../figures.ts'
import { MONTH_DAYS, oldestBucket, WEEK_DAYS } from '../series.ts'
import type { SketchTable } from '../sketch-table.ts'
import type { DayPeak } from './aggregate-rows.ts'
import type { Counts } from './counts.ts'
import { DayWindows } from './day-windows.ts'
import { MinuteWindows } from './minute-windows.ts'
import { Peaks } from './peaks.ts'

/** Figures of a day without its peak, which depends on the zone of the game. */
type DayCounts = Omit<DayFigures, 'onlinePeak'>

export class FigureReader {
  readonly peaks: Peaks
  /** When the object last took users, as far as it remembers, in milliseconds since the epoch */
  lastTokensMs: number | null = null
  readonly #counts: Counts
  readonly #days: DayWindows
  readonly #minutes: MinuteWindows

  constructor(counts: Counts, table: SketchTable, simd: SimdMerge | null) {
    this.#counts = counts
    this.#days = new DayWindows((day) => counts.sketch('dau', day), simd)
    this.#minutes = new MinuteWindows((minute) => counts.sketch('online', minute), simd)
    this.peaks = new Peaks(counts, table)
  }

  /** Says that the count of a bucket changed. */
  changed(metric: SketchMetric, bucket: number): void {
    if (metric === 'dau') this.#days.changed(bucket)
    if (metric === 'online') {
      this.#minutes.changed(bucket)
      this.peaks.changed(bucket)
    }
  }

  /** Forgets everything but the zone. */
  clear(): void {
    this.#days.clear()
    this.#minutes.clear()
    this.peaks.clear()
  }

  /** The counts of a game day and a minute. */
  figures({ day, minute }: Moment): LiveFigures {
    return {
      dau: sketchFigure(this.#counts.sketch('dau', day)),
      newUsers: sketchFigure(this.#counts.sketch('new_users', day)),
      online: sketchFigure(this.#counts.sketch('online', minute)),
    }
  }

  /** Everything about a game day and a minute. RangeError for one that is no longer kept. */
  realtime({ day, minute }: Moment, nowMs: number): RealtimeFigures {
    assertKept('day', day, oldestBucket('dau', nowMs))
    assertKept('minute', minute, oldestBucket('online', nowMs))
    return {
      day: this.#dayFigures(day),
      minute: this.#minutes.figures(minute),
      activeNow: this.#minutes.withNext(minute),
      registeredTotal: sketchFigure(this.#counts.registered()),
      onlinePeakAllTime: this.peaks.ofAllTime(),
      lastTokensMs: this.lastTokensMs,
    }
  }

  /** The minutes of a range that are kept and have any users. */
  minutes({ from, to }: BucketRange, nowMs: number): MinuteFigures[] {
    const first = Math.max(from, oldestBucket('online', nowMs))
    return this.#counts
      .estimates('online', first, to)
      .map(({ bucket }) => this.#minutes.figures(bucket))
  }

  /** The days of a range that are kept and have any users. */
  days(range: BucketRange, nowMs: number): DayFigures[] {
    return this.#daysOf(range, nowMs)
      .filter((day) => this.#hasUsers(day) || this.peaks.ofDay(day).minute !== null)
      .map((day) => this.#dayFigures(day))
  }

  /** Days that are kept and have users of their own, among those that are asked for. */
  dayCounts(days: readonly number[], nowMs: number): DayCounts[] {
    const oldest = oldestBucket('dau', nowMs)
    return days
      .filter((day) => day >= oldest && this.#hasUsers(day))
      .map((day) => this.#dayCounts(day))
  }

  /** Minutes that are kept and have users of their own, among those that are asked for. */
  minuteCounts(minutes: readonly number[], nowMs: number): MinuteFigures[] {
    const oldest = oldestBucket('online', nowMs)
    return minutes
      .filter((minute) => minute >= oldest && !isEmpty(this.#counts.sketch('online', minute)))
      .map((minute) => this.#minutes.figures(minute))
  }

  /** The peaks of the days that have one, among those that are asked for. */
  dayPeaks(days: readonly number[]): DayPeak[] {
    return days
      .map((day) => ({ day, peak: this.peaks.ofDay(day) }))
      .filter(({ peak }) => peak.minute !== null)
  }

  /** Users of a day by the values of a column, most users first. */
  breakdown({ metric, day, column }: BreakdownQuestion): Breakdown {
    const page = this.#counts.page(metric, day, column)
    const values = page.values.map(({ name, sketch }) => ({ name, users: sketchFigure(sketch) }))
    return {
      column,
      values: values.toSorted(
        (a, b) => b.users.value - a.users.value || (a.name < b.name ? -1 : 1),
      ),
      other: page.other && sketchFigure(page.other),
    }
  }

  /** The cohorts of the days of a range that are kept, with users or without. */
  cohorts(range: BucketRange, nowMs: number): Cohort[] {
    return this.#daysOf(range, nowMs).map((day) => {
      const size = sketchFigure(this.#counts.sketch('new_users', day))
      return {
        day,
        size,
        d1: this.#returned(day, 1, size.value),
        d7: this.#returned(day, 7, size.value),
        d30: this.#returned(day, 30, size.value),
      }
    })
  }

  #daysOf({ from, to }: BucketRange, nowMs: number): number[] {
    const first = Math.max(from, oldestBucket('dau', nowMs))
    return Array.from({ length: Math.max(to - first + 1, 0) }, (_, index) => first + index)
  }

  #hasUsers(day: number): boolean {
    return (
      !isEmpty(this.#counts.sketch('dau', day)) || !isEmpty(this.#counts.sketch('new_users', day))
    )
  }

  #dayFigures(day: number): DayFigures {
    return { ...this.#dayCounts(day), onlinePeak: this.peaks.ofDay(day) }
  }

  #dayCounts(day: number): DayCounts {
    return {
      day,
      dau: sketchFigure(this.#counts.sketch('dau', day)),
      newUsers: sketchFigure(this.#counts.sketch('new_users', day)),
      wau: this.#days.figure(day, WEEK_DAYS),
      mau: this.#days.figure(day, MONTH_DAYS),
    }
  }

  /** Users of the cohort who were active `age` days later; between none and all of them when a sample is unknown. */
  #returned(day: number, age: number, size: number): Returned {
    const cohort = this.#counts.sample('new_users', day)
    const active = this.#counts.sample('dau', day + age)
    if (cohort === null || active === null) {
      return { value: 0, exact: false, error: size, rate: null, rateError: null }
    }
    const shared = intersect(cohort, active)
    return { ...sharedFigure(shared), ...sharedRate(shared) }
  }
}

function isEmpty({ state }: DistinctCountSketch): boolean {
  return state.kind === 'sparse' && state.tokens.size === 0
}

function assertKept(unit: string, bucket: number, oldest: number): void {
  if (bucket < oldest) {
    throw new RangeError(`${unit} ${bucket} is no longer counted: the oldest is ${oldest}`)
  }
}
