/**
 * What many viewers of one isolate ask for again and again, read once per period and name. A promise of one request
 * must not be waited for in another: the request that made it may be gone, and its promise with it. So whoever comes
 * while a read is under way waits by timers of its own until there is an answer, or until the read is overdue.
 */
import type { AskedFor, Part } from './missing.ts'
import { partOf } from './missing.ts'

/** How often somebody who waits for the read of another looks, in milliseconds. */
const LOOK_MS = 50

/** So much later than the end of a period the next one is asked for: timers may be early. */
const MARGIN_MS = 10

/** Names that are remembered per isolate. */
const MAX_NAMES = 1_000

/** Time as the caller has it. */
export interface Clock {
  /** Milliseconds since the epoch */
  now(): number
  wait(ms: number): Promise<void>
}

/** The outcome of one read; `readMs`: when it began, in milliseconds since the epoch. */
export interface Reading<Value> {
  readonly part: Part<Value>
  readonly readMs: number
}

interface Round<Value> {
  readonly number: number
  readonly startMs: number
  /** Null while the read is under way */
  reading: Reading<Value> | null
}

interface RoundsOptions {
  /** What is read, for the log */
  readonly label: string
  readonly periodMs: number
  /** A read that takes longer is not waited for any more; reads bound themselves to less */
  readonly overdueMs: number
}

export class SharedRounds<Value> {
  readonly #options: RoundsOptions
  readonly #rounds = new Map<string, Round<Value>>()
  /** Where in the period its rounds begin: not every isolate of the world should ask at the same instant. */
  #phaseMs: number | null = null

  constructor(options: RoundsOptions) {
    this.#options = options
  }

  /**
   * What was read in the present period under this name; a failure is shared, too. `read` is told when the reading
   * began, in milliseconds since the epoch; `names` go to the log. Throws only what `wait` does.
   */
  async read(
    name: string,
    clock: Clock,
    read: (startMs: number) => Promise<Value>,
    names: AskedFor,
  ): Promise<Reading<Value>> {
    for (;;) {
      const nowMs = clock.now()
      const number = this.#numberAt(nowMs)
      const known = this.#rounds.get(name)
      if (known?.reading && known.number === number) return known.reading
      const isUnderWay = known?.reading === null && nowMs - known.startMs < this.#options.overdueMs
      if (!isUnderWay) {
        const round = { number, startMs: nowMs, reading: null }
        return this.#start(name, round, () => partOf(this.#options.label, read(nowMs), names))
      }
      await clock.wait(LOOK_MS)
    }
  }

  /** How long after `nowMs` the next period has begun, in milliseconds. */
  untilNextMs(nowMs: number): number {
    const { periodMs } = this.#options
    return (this.#numberAt(nowMs) + 1) * periodMs + this.#phase() - nowMs + MARGIN_MS
  }

  async #start(
    name: string,
    round: Round<Value>,
    read: () => Promise<Part<Value>>,
  ): Promise<Reading<Value>> {
    this.#rounds.delete(name)
    this.#rounds.set(name, round)
    const [oldest] = this.#rounds.keys()
    if (this.#rounds.size > MAX_NAMES && oldest !== undefined) this.#rounds.delete(oldest)
    round.reading = { part: await read(), readMs: round.startMs }
    return round.reading
  }

  #numberAt(nowMs: number): number {
    return Math.floor((nowMs - this.#phase()) / this.#options.periodMs)
  }

  #phase(): number {
    this.#phaseMs ??= Math.floor(Math.random() * this.#options.periodMs)
    return this.#phaseMs
  }
}
