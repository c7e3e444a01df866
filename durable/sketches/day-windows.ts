/** Users of the 7 and 30 days that end with a day: unions of the sketches of its days, never sums. */
import type { DistinctCountSketch } from '../../src/sketch/distinct-count.ts'
import { sketchFigure } from '../../src/sketch/interval.ts'
import type { SimdMerge } from '../../src/sketch/simd-merge.ts'
import { unionOf } from '../../src/sketch/union.ts'
import type { Figure } from '../figures.ts'
import { MONTH_DAYS } from '../series.ts'

/** Unions that are remembered: of today and its neighbours, 16 KiB each; further ones are made anew. */
const MAX_UNIONS = 16

/** Figures that are remembered: of all days that can be asked for, two windows each. */
const MAX_FIGURES = 256

interface Window {
  readonly day: number
  readonly days: number
}

export class DayWindows {
  readonly #sketchOf: (day: number) => DistinctCountSketch
  readonly #simd: SimdMerge | null
  /** Unions of the days of a window without its last one, which is the one that changes */
  readonly #earlier = new Map<string, Window & { readonly union: DistinctCountSketch }>()
  readonly #figures = new Map<string, Window & { readonly figure: Figure }>()

  constructor(sketchOf: (day: number) => DistinctCountSketch, simd: SimdMerge | null) {
    this.#sketchOf = sketchOf
    this.#simd = simd
  }

  /** Unique users of the `days` days (2 to 30) that end with `day`. */
  figure(day: number, days: number): Figure {
    const key = `${day} ${days}`
    const known = this.#figures.get(key)
    if (known !== undefined) return known.figure
    const union = unionOf([this.#earlierDays(day, days), this.#sketchOf(day)], this.#simd)
    const figure = sketchFigure(union)
    remember(this.#figures, key, { day, days, figure }, MAX_FIGURES)
    return figure
  }

  /** Says that the sketch of a day changed. */
  changed(day: number): void {
    for (const [key, window] of this.#figures) {
      if (holds(window, day)) this.#figures.delete(key)
    }
    for (const [key, window] of this.#earlier) {
      if (holds(window, day) && window.day !== day) this.#earlier.delete(key)
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#figures.clear()
    this.#earlier.clear()
  }

  #earlierDays(day: number, days: number): DistinctCountSketch {
    const key = `${day} ${days}`
    const known = this.#earlier.get(key)
    if (known !== undefined) return known.union
    const sketches = Array.from({ length: days - 1 }, (_, ago) => this.#sketchOf(day - 1 - ago))
    const union = unionOf(sketches, this.#simd)
    remember(this.#earlier, key, { day, days, union }, MAX_UNIONS)
    return union
  }
}

/** The days whose windows hold a day: itself and the 29 that follow. */
export function daysUnitedWith(day: number): number[] {
  return Array.from({ length: MONTH_DAYS }, (_, later) => day + later)
}

function holds(window: Window, day: number): boolean {
  return window.day - window.days < day && day <= window.day
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value, limit: number): void {
  const [oldest] = map.keys()
  if (map.size >= limit && oldest !== undefined) map.delete(oldest)
  map.set(key, value)
}
