/** The clients of a run: they share the traffic, each with one batch at a time, and repeat what was acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises'

import { createRandom } from '../simulate/random.ts'
import type { ClientTarget } from './client.ts'
import { deliver } from './client.ts'
import type { Oracle } from './oracle.ts'
import { createSchedules } from './schedule.ts'
import type { ChaosStack } from './stack.ts'
import type { Batch } from './traffic.ts'
import { trafficOf } from './traffic.ts'

export interface SendOptions {
  readonly seed: number
  /** Events and payments to send */
  readonly events: number
  /** Faults that have to fire */
  readonly faults: number
  /** How long faults fire at most, in seconds */
  readonly seconds: number
}

/** Senders at a time. */
const CLIENTS = 20
/** Of the time of the faults. */
const SENDING_SHARE = 0.75
const REPEAT_CHANCE = 0.08
const MAX_REPEATABLE = 300
const ENOUGH_INTERVAL_MS = 300
/** How long a batch is sent again after the faults. */
const GIVE_UP_MS = 240_000

export class Sender {
  readonly refusals: string[] = []
  posts = 0
  repeats = 0
  unacknowledged = 0
  readonly #target: ClientTarget
  readonly #oracle: Oracle
  readonly #options: SendOptions
  readonly #startMs: number
  readonly #traffic: Iterator<Batch>
  readonly #repeatable: Batch[] = []
  readonly #stack: ChaosStack
  #sentItems = 0
  #isOver = false

  constructor(stack: ChaosStack, oracle: Oracle, options: SendOptions, startMs: number) {
    const { seed, events, seconds } = options
    const { post } = createSchedules(seed)
    this.#stack = stack
    this.#oracle = oracle
    this.#options = options
    this.#startMs = startMs
    this.#target = {
      url: stack.url,
      seed,
      tally: stack.tally,
      keyOf: (batch) => stack.keyOf(batch),
      faults: () => (this.#isLate() || this.#isOver ? null : post),
    }
    this.#traffic = trafficOf({
      seed,
      events,
      startMs,
      durationMs: seconds * 1_000 * SENDING_SHARE,
      // A POST costs much more than an event: large runs have a larger share of large POSTs.
      serverBatch: Math.min(500, Math.max(30, events / 500)),
      serverShare: events < 100_000 ? 0.4 : 0.97,
    })
  }

  /** Sends everything, and then repeats until enough faults have fired or the time is over. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, (_, client) => this.#client(client)))
    this.#isOver = true
  }

  async #client(client: number): Promise<void> {
    const random = createRandom(this.#options.seed, `client ${client}`)
    for (;;) {
      const next = this.#traffic.next()
      if (next.done === true) break
      if (Date.now() > this.#giveUpMs()) {
        this.refusals.push('the machine was too slow: not all events were sent')
        return
      }
      await this.#pace(next.value.items.length)
      await this.#send(next.value)
      const old = random.pick(this.#repeatable.length > 0 ? this.#repeatable : [next.value])
      if (random.chance(REPEAT_CHANCE)) await this.#repeat(old)
    }
    while (!this.#isLate() && (await this.#fired()) < this.#options.faults) {
      await sleep(ENOUGH_INTERVAL_MS)
      const [old] = this.#repeatable
      if (old === undefined) break
      await this.#repeat(random.pick(this.#repeatable))
    }
  }

  /** How far the traffic is, in words. */
  progress(): string {
    return `${this.#sentItems} of ${this.#options.events} events, ${this.posts} POSTs`
  }

  #isLate(): boolean {
    return Date.now() - this.#startMs > this.#options.seconds * 1_000
  }

  #giveUpMs(): number {
    return this.#startMs + this.#options.seconds * 1_000 + GIVE_UP_MS
  }

  async #fired(): Promise<number> {
    const counts = { ...this.#stack.tally.counts(), ...(await this.#stack.control()).faults }
    return firedIn(counts)
  }

  async #pace(items: number): Promise<void> {
    const { events, seconds } = this.#options
    const dueMs = (seconds * 1_000 * SENDING_SHARE * this.#sentItems) / events
    this.#sentItems += items
    const waitMs = this.#startMs + dueMs - Date.now()
    if (waitMs > 0) await sleep(waitMs)
  }

  async #send(batch: Batch): Promise<void> {
    this.#oracle.noteSending(batch)
    this.posts += 1
    if (await this.#deliver(batch)) {
      if (this.#repeatable.length < MAX_REPEATABLE) this.#repeatable.push(batch)
      else this.#repeatable[batch.id % MAX_REPEATABLE] = batch
    } else this.unacknowledged += 1
  }

  async #repeat(batch: Batch): Promise<void> {
    this.repeats += 1
    await this.#deliver(batch)
  }

  async #deliver(batch: Batch): Promise<boolean> {
    try {
      const delivery = await deliver(this.#target, batch, () => Date.now() > this.#giveUpMs())
      if (delivery === null) return false
      this.#oracle.noteAttempts(batch, delivery.attempts)
      this.#oracle.noteAnswer(batch, delivery.answer)
      return true
    } catch (error) {
      this.refusals.push(error instanceof Error ? error.message : String(error))
      return false
    }
  }
}

/** The number of faults, of counts by kind. */
export function firedIn(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
