/**
 * What the control database said, remembered per isolate: what was found for KEY_CACHE_MS, what was not for
 * UNKNOWN_KEY_CACHE_MS. A change reaches other isolates within that time.
 */
import { KEY_CACHE_MS, MAX_CACHED_KEYS, UNKNOWN_KEY_CACHE_MS } from '../../configs/limits.ts'

const caches = new Set<TimedCache<unknown>>()

export class TimedCache<Value> {
  readonly #entries = new Map<string, { readonly value: Value | null; readonly untilMs: number }>()

  constructor() {
    caches.add(this)
  }

  /** The remembered value, or what `read` finds; the same object for as long as it is remembered. */
  async get(name: string, nowMs: number, read: () => Promise<Value | null>): Promise<Value | null> {
    const known = this.#entries.get(name)
    if (known !== undefined && known.untilMs > nowMs) return known.value
    const value = await read()
    const untilMs = nowMs + (value === null ? UNKNOWN_KEY_CACHE_MS : KEY_CACHE_MS)
    // Deleted first, so that the entry is the youngest again.
    this.#entries.delete(name)
    this.#entries.set(name, { value, untilMs })
    this.#dropOldest()
    return value
  }

  clear(): void {
    this.#entries.clear()
  }

  #dropOldest(): void {
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > MAX_CACHED_KEYS && oldest !== undefined) this.#entries.delete(oldest)
  }
}

/** Forgets everything in this isolate, so that who makes a change sees it at once. */
export function forgetControlData(): void {
  for (const cache of caches) cache.clear()
}
