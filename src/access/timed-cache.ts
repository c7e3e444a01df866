/**
 * What the control database said, remembered per isolate: what was found for KEY_CACHE_MS, what was not for
 * UNKNOWN_KEY_CACHE_MS. A change reaches other isolates within that time. While the database does not answer,
 * what was found is trusted for STALE_KEY_MS more.
 */
import {
  KEY_CACHE_MS,
  MAX_CACHED_KEYS,
  STALE_KEY_MS,
  UNKNOWN_KEY_CACHE_MS,
} from '../../configs/limits.ts'
import { describeError, log } from '../log.ts'

interface Entry<Value> {
  readonly value: Value | null
  /** When the database is asked again */
  readonly untilMs: number
  /** When the database said it */
  readonly readMs: number
}

const caches = new Set<TimedCache<unknown>>()

export class TimedCache<Value> {
  readonly #entries = new Map<string, Entry<Value>>()

  constructor() {
    caches.add(this)
  }

  /** The remembered value, or what `read` finds; the same object for as long as it is remembered. */
  async get(name: string, nowMs: number, read: () => Promise<Value | null>): Promise<Value | null> {
    const known = this.#entries.get(name)
    if (known !== undefined && known.untilMs > nowMs) return known.value
    let entry: Entry<Value>
    try {
      const value = await read()
      const untilMs = nowMs + (value === null ? UNKNOWN_KEY_CACHE_MS : KEY_CACHE_MS)
      entry = { value, untilMs, readMs: nowMs }
    } catch (error) {
      const isTrusted = known !== undefined && known.value !== null
      if (!isTrusted || nowMs - known.readMs > KEY_CACHE_MS + STALE_KEY_MS) throw error
      log('warn', 'the control database does not answer; what it said last is trusted', {
        reason: describeError(error),
      })
      entry = { ...known, untilMs: nowMs + UNKNOWN_KEY_CACHE_MS }
    }
    // Deleted first, so that the entry is the youngest again.
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    this.#dropOldest()
    return entry.value
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
