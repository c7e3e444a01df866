/** What the Worker of a chaos run knows across requests: whether faults fire, which have, and what is on its way. */
import type { Fault, Operation, Schedules } from '../schedule.ts'
import { createSchedules, FaultTally } from '../schedule.ts'

/** Answer of GET /__chaos. */
interface ChaosState {
  readonly faults: Readonly<Record<string, number>>
  /** Messages that were handed over and have to come again */
  readonly outstanding: number
  /** Batches that are being handled */
  readonly running: number
  /** Messages whose retries were said to be exhausted */
  readonly exhausted: number
  /** POSTs that reached the queue in company */
  readonly coalesced: number
}

class Chaos {
  running = 0
  /** Digests of the messages whose retries were said to be exhausted */
  readonly exhausted = new Set<string>()
  coalesced = 0
  readonly outstanding = new Set<string>()
  readonly #tally = new FaultTally()
  #schedules: Schedules | null = null

  get isOn(): boolean {
    return this.#schedules !== null
  }

  /** From now on operations fail as the seed says; null ends it. */
  follow(seed: number | null): void {
    this.#schedules = seed === null ? null : createSchedules(seed)
  }

  /** The fault of an operation that is about to begin; null while nothing fails. */
  next<Op extends Operation>(operation: Op): Fault<Op> | null {
    const fault = this.#schedules?.[operation].next() ?? null
    if (fault !== null) this.#tally.note(operation, fault.kind)
    return fault
  }

  state(): ChaosState {
    return {
      faults: this.#tally.counts(),
      outstanding: this.outstanding.size,
      running: this.running,
      exhausted: this.exhausted.size,
      coalesced: this.coalesced,
    }
  }
}

/** One for the isolate: the local Worker has only one. */
export const chaos = new Chaos()

/** A fault, to be told from a failure of the product in the log. */
export class ChaosError extends Error {
  override readonly name = 'ChaosError'

  constructor(what: string) {
    super(`chaos: ${what}`)
  }
}
