/** What every part of the benchmark is given, and the errors of many estimates as two numbers. */
import type { HashKey } from '../../../src/sketch/token.ts'
import type { RedisServer } from './redis-server.ts'

/** Precision of the sketches of a day: 2^14 registers, as many as Redis has. */
export const PRECISION = 14

export interface Bench {
  readonly redis: RedisServer
  readonly key: HashKey
  /** As hashKeyId tells it */
  readonly hashId: number
  /** Fewer trials and rounds */
  readonly isQuick: boolean
  /** One line of progress */
  readonly log: (line: string) => void
}

/** Relative errors of estimates: their root mean square and their mean, as shares. */
export class EstimateErrors {
  #count = 0
  #sum = 0
  #squares = 0

  add(estimate: number, truth: number): void {
    const error = estimate / truth - 1
    this.#count += 1
    this.#sum += error
    this.#squares += error * error
  }

  get count(): number {
    return this.#count
  }

  get rootMeanSquare(): number {
    return Math.sqrt(this.#squares / this.#count)
  }

  get bias(): number {
    return this.#sum / this.#count
  }
}
