/**
 * The fullest minute of a game day, and of all time.
 *
 * A peak is looked for among the minutes that are stored, whose counts may still change and whose game day is told by
 * the zone of the game; minutes that are deleted leave their peak behind. Of equally full minutes it is the earliest.
 */
import { gameDay } from '../../src/event/game-day.ts'
import { estimateFigure } from '../../src/sketch/interval.ts'
import type { Peak } from '../figures.ts'
import type { BucketEstimate, SketchTable } from '../sketch-table.ts'
import type { Counts } from './counts.ts'

const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440

/** Local dates run at most this far ahead of or behind UTC, in minutes. */
const MAX_OFFSET_MINUTES = 16 * 60

/** Under this day stands the peak of all minutes that were deleted, ever. */
const ALL_TIME = -1

export class Peaks {
  readonly #counts: Counts
  readonly #table: SketchTable
  #timeZone = 'UTC'
  /** The fullest stored minute by day; null when the day has none */
  readonly #fullest = new Map<number, BucketEstimate | null>()
  /** Minutes that changed since #fullest was found */
  readonly #changed = new Set<number>()

  constructor(counts: Counts, table: SketchTable) {
    this.#counts = counts
    this.#table = table
  }

  /** Sets the zone of the game days. */
  setTimeZone(timeZone: string): void {
    this.#timeZone = timeZone
    this.clear()
  }

  /** Forgets everything but the zone. */
  clear(): void {
    this.#fullest.clear()
    this.#changed.clear()
  }

  /** Says that the count of a minute changed. */
  changed(minute: number): void {
    this.#changed.add(minute)
  }

  /** The game day of a minute. */
  dayOf(minute: number): number {
    return gameDay(minute * MINUTE_MS, this.#timeZone)
  }

  /** The fullest minute of a game day. */
  ofDay(day: number): Peak {
    this.#refresh()
    let fullest = this.#fullest.get(day)
    if (fullest === undefined) {
      const first = day * DAY_MINUTES - MAX_OFFSET_MINUTES
      const last = (day + 1) * DAY_MINUTES + MAX_OFFSET_MINUTES
      const minutes = this.#counts.estimates('online', first, last)
      fullest = fullestOf(minutes.filter(({ bucket }) => this.dayOf(bucket) === day))
      this.#fullest.set(day, fullest)
    }
    return toPeak(fuller(fullest, this.#table.readPeak(day) ?? null))
  }

  /** The fullest minute ever. */
  ofAllTime(): Peak {
    this.#refresh()
    let fullest = this.#fullest.get(ALL_TIME)
    if (fullest === undefined) {
      fullest = fullestOf(this.#counts.estimates('online', 0, Number.MAX_SAFE_INTEGER))
      this.#fullest.set(ALL_TIME, fullest)
    }
    return toPeak(fuller(fullest, this.#table.readPeak(ALL_TIME) ?? null))
  }

  /** Writes the peaks that minutes leave behind which are about to be deleted. */
  keep(minutes: readonly BucketEstimate[]): void {
    const byDay = Map.groupBy(minutes, ({ bucket }) => this.dayOf(bucket))
    if (minutes.length > 0) byDay.set(ALL_TIME, [...minutes])
    for (const [day, ofDay] of byDay) {
      const stored = this.#table.readPeak(day) ?? null
      const peak = fuller(stored, fullestOf(ofDay))
      if (peak !== null && peak !== stored) this.#table.writePeak(day, peak)
    }
  }

  /** Brings #fullest up to date with the minutes that changed. */
  #refresh(): void {
    for (const minute of this.#changed) {
      const present = this.#counts.estimate('online', minute)
      for (const day of [this.dayOf(minute), ALL_TIME]) {
        const fullest = this.#fullest.get(day)
        if (fullest === undefined) continue
        // A count falls when it turns from exact to estimated: then another minute may be the fullest.
        if (fullest?.bucket === minute && valueOf(present) < valueOf(fullest)) {
          this.#fullest.delete(day)
        } else {
          this.#fullest.set(day, fullest?.bucket === minute ? present : fuller(fullest, present))
        }
      }
    }
    this.#changed.clear()
  }
}

function fullestOf(minutes: readonly BucketEstimate[]): BucketEstimate | null {
  return minutes.reduce<BucketEstimate | null>(fuller, null)
}

function fuller(a: BucketEstimate | null, b: BucketEstimate | null): BucketEstimate | null {
  if (a === null || b === null) return a ?? b
  const difference = valueOf(a) - valueOf(b)
  if (difference !== 0) return difference > 0 ? a : b
  return a.bucket <= b.bucket ? a : b
}

/** As people see it. */
function valueOf({ estimate }: BucketEstimate): number {
  return Math.round(estimate)
}

function toPeak(fullest: BucketEstimate | null): Peak {
  if (fullest === null) return { value: 0, exact: true, error: 0, minute: null }
  const { bucket, estimate, relativeStandardError } = fullest
  return { ...estimateFigure(estimate, relativeStandardError), minute: bucket }
}
