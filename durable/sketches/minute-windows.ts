/** Users of a minute, and of the 5 and 15 minutes that end with it: unions of the sketches of its minutes, never sums. */
import type { DistinctCountSketch } from '../../src/sketch/distinct-count.ts'
import { sketchFigure } from '../../src/sketch/interval.ts'
import type { SimdMerge } from '../../src/sketch/simd-merge.ts'
import { unionOf } from '../../src/sketch/union.ts'
import type { Figure, MinuteFigures } from '../figures.ts'
import { LONG_WINDOW_MINUTES, SHORT_WINDOW_MINUTES } from '../series.ts'

/** Minutes whose figures are remembered: more than are kept, so that reading a curve again costs nothing. */
const MAX_FIGURES = 8_192

export class MinuteWindows {
  readonly #sketchOf: (minute: number) => DistinctCountSketch
  readonly #simd: SimdMerge | null
  readonly #figures = new Map<number, MinuteFigures>()

  constructor(sketchOf: (minute: number) => DistinctCountSketch, simd: SimdMerge | null) {
    this.#sketchOf = sketchOf
    this.#simd = simd
  }

  /** The figures of a minute. */
  figures(minute: number): MinuteFigures {
    const known = this.#figures.get(minute)
    if (known !== undefined) return known
    const sketches = Array.from({ length: LONG_WINDOW_MINUTES }, (_, ago) =>
      this.#sketchOf(minute - ago),
    )
    const short = unionOf(sketches.slice(0, SHORT_WINDOW_MINUTES), this.#simd)
    const long = unionOf([short, ...sketches.slice(SHORT_WINDOW_MINUTES)], this.#simd)
    const figures = {
      minute,
      online: sketchFigure(this.#sketchOf(minute)),
      active5m: sketchFigure(short),
      active15m: sketchFigure(long),
    }
    const [oldest] = this.#figures.keys()
    if (this.#figures.size >= MAX_FIGURES && oldest !== undefined) this.#figures.delete(oldest)
    this.#figures.set(minute, figures)
    return figures
  }

  /** Users of a minute and of the one after it, together. */
  withNext(minute: number): Figure {
    return sketchFigure(unionOf([this.#sketchOf(minute), this.#sketchOf(minute + 1)], this.#simd))
  }

  /** Says that the sketch of a minute changed. */
  changed(minute: number): void {
    for (const follower of minutesUnitedWith(minute)) this.#figures.delete(follower)
  }

  /** Forgets everything. */
  clear(): void {
    this.#figures.clear()
  }
}

/** The minutes whose windows hold a minute: itself and the 14 that follow. */
export function minutesUnitedWith(minute: number): number[] {
  return Array.from({ length: LONG_WINDOW_MINUTES }, (_, later) => minute + later)
}
