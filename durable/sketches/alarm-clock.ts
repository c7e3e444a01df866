/** The one alarm of an object: what it is set to is remembered, since setting it anew is billed as a row written. */

/** An alarm that is this much overdue was lost: the platform gives up on one that failed too often. */
const LOST_MS = 60_000

export class AlarmClock {
  readonly #storage: DurableObjectStorage
  readonly #onError: (error: unknown) => void
  /** In milliseconds since the epoch; null for none */
  #timeMs: number | null = null

  /** `onError` hears of an alarm that could not be set or deleted. */
  constructor(storage: DurableObjectStorage, onError: (error: unknown) => void) {
    this.#storage = storage
    this.#onError = onError
  }

  /** Finds out what the alarm is set to; to be done before anything else. */
  async load(): Promise<void> {
    this.#timeMs = await this.#storage.getAlarm()
  }

  /** Sets the alarm, unless one is set that comes early enough. */
  setBy(timeMs: number, nowMs: number): void {
    const isSet = this.#timeMs !== null && this.#timeMs <= timeMs && this.#timeMs > nowMs - LOST_MS
    if (!isSet) this.set(timeMs)
  }

  /** Sets the alarm, whatever it was set to. Part of the commit that the output gate waits for. */
  set(timeMs: number): void {
    this.#timeMs = timeMs
    this.#watch(this.#storage.setAlarm(timeMs))
  }

  /** Deletes the alarm. */
  delete(): void {
    this.#timeMs = null
    this.#watch(this.#storage.deleteAlarm())
  }

  #watch(write: Promise<void>): void {
    write.catch((error: unknown) => {
      this.#timeMs = null
      this.#onError(error)
    })
  }
}
