/**
 * Which operations meet which fault: fixed by the seed and the number of the operation (the third insert, the tenth
 * send), so that a seed has one schedule however fast the machine is. Pure; the Worker and the runner share it.
 */
import type { Random } from '../simulate/random.ts'
import { createRandom } from '../simulate/random.ts'

/** What can go wrong with each kind of operation. */
export const FAULT_KINDS = {
  /** An insert into ClickHouse */
  insert: [
    'reset',
    'hang before',
    'hang after commit',
    'reply cut',
    'status 503',
    'too many queries (202)',
    'too many parts (252)',
    'read-only (164)',
    'memory limit (241)',
    'unknown status after commit (319)',
    'exception in a 200',
    'a 200 of no ClickHouse',
    'refused for a time',
    'SIGKILL before',
    'SIGKILL while inserting',
    'SIGKILL after commit',
  ],
  /** Any other question to ClickHouse */
  query: [
    'reset',
    'hang before',
    'reply cut',
    'status 503',
    'too many queries (202)',
    'memory limit (241)',
    'exception in a 200',
  ],
  /** EVENTS_QUEUE.send */
  send: ['rejected', 'rejected after it was taken', 'slow, then rejected'],
  /** DEAD_LETTER_QUEUE.send */
  'dead letter': ['rejected', 'rejected after it was taken'],
  /** A batch that the queue hands to the consumer */
  batch: [
    'throw before',
    'throw after',
    'batch twice',
    'messages twice',
    'split',
    'shuffled',
    'regrouped',
    'acks lost',
    'retries exhausted',
    'throw at ack',
    'settings unreadable',
  ],
  /** A call to a Durable Object, its alarm included */
  object: ['throw before', 'throw after', 'evicted before', 'evicted after'],
  /** A POST of a client */
  post: ['answer lost', 'given up at once'],
} as const

export type Operation = keyof typeof FAULT_KINDS
export type FaultKind<Op extends Operation> = (typeof FAULT_KINDS)[Op][number]

/** Share of the operations that meet a fault. */
const RATES: Readonly<Record<Operation, number>> = {
  insert: 0.16,
  query: 0.04,
  send: 0.04,
  'dead letter': 0.2,
  batch: 0.4,
  object: 0.2,
  post: 0.04,
}

export interface Fault<Op extends Operation> {
  readonly kind: FaultKind<Op>
  /** The operation is the nth of its kind, from 1 */
  readonly n: number
  /** What else is to be drawn for this fault */
  readonly random: Random
}

/** Hands out the faults of one kind of operation, in the order of the operations. */
export class FaultSchedule<Op extends Operation> {
  readonly #operation: Op
  readonly #seed: number
  readonly #random: Random
  #deck: FaultKind<Op>[] = []
  #count = 0

  constructor(seed: number, operation: Op) {
    this.#seed = seed
    this.#operation = operation
    this.#random = createRandom(seed, `schedule of ${operation}`)
  }

  /** Counts one operation; null when nothing happens to it. Every kind comes once before any comes again. */
  next(): Fault<Op> | null {
    this.#count += 1
    if (!this.#random.chance(RATES[this.#operation])) return null
    if (this.#deck.length === 0) this.#deck = shuffled(kindsOf(this.#operation), this.#random)
    const kind = this.#deck.pop()
    if (kind === undefined) throw new RangeError(`${this.#operation} has no faults`)
    const name = `${this.#operation} ${this.#count}`
    return { kind, n: this.#count, random: createRandom(this.#seed, name) }
  }
}

/** A schedule for every kind of operation. */
export type Schedules = { readonly [Op in Operation]: FaultSchedule<Op> }

/** The whole schedule of a seed. */
export function createSchedules(seed: number): Schedules {
  return {
    insert: new FaultSchedule(seed, 'insert'),
    query: new FaultSchedule(seed, 'query'),
    send: new FaultSchedule(seed, 'send'),
    'dead letter': new FaultSchedule(seed, 'dead letter'),
    batch: new FaultSchedule(seed, 'batch'),
    object: new FaultSchedule(seed, 'object'),
    post: new FaultSchedule(seed, 'post'),
  }
}

function kindsOf<Op extends Operation>(operation: Op): readonly FaultKind<Op>[] {
  return FAULT_KINDS[operation]
}

/** A new list in another order: Fisher and Yates. */
export function shuffled<Value>(values: readonly Value[], random: Random): Value[] {
  const rest = [...values]
  const result: Value[] = []
  while (rest.length > 0) result.push(...rest.splice(Math.floor(random.next() * rest.length), 1))
  return result
}

/** Counts faults by `operation: kind`. */
export class FaultTally {
  readonly #counts = new Map<string, number>()

  note(operation: Operation, kind: string): void {
    const name = `${operation}: ${kind}`
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
