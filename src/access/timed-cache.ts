/**
 * What the control database said, remembered per isolate: what was found for KEY_CACHE_MS, what was not for
 * UNKNOWN_KEY_CACHE_MS. A change reaches other isolates within that time. While the database does not answer,
 * what was found is trusted for STALE_KEY_MS more.
 */
import {
  CONTROL_DEADLINE_MS,
  KEY_CACHE_MS,
  MAX_CACHED_KEYS,
  MAX_CACHED_UNKNOWN_KEYS,
  STALE_KEY_MS,
  UNKNOWN_KEY_CACHE_MS,
} from '../../configs/limits.ts'
import { describeError, log } from '../log.ts'
import { soonFromControl } from './control-database.ts'

interface Known<Value> {
  readonly value: Value
  /** When the database is asked again */
  readonly untilMs: number
  /** When the database was asked for it */
  readonly readMs: number
}

/** A question to the database that is under way. */
interface Flight<Value> {
  /** Never rejects, so that only the deadline does while it is waited for */
  readonly outcome: Promise<Outcome<Value>>
  readonly startMs: number
}

type Outcome<Value> = { readonly value: Value | null } | { readonly error: unknown }

interface TimedCacheOptions {
  /** For how long an expired value is trusted when the database does not answer, in milliseconds */
  readonly staleMs?: number
}

const caches = new Set<TimedCache<unknown>>()

export class TimedCache<Value> {
  readonly #staleMs: number
  readonly #known = new Map<string, Known<Value>>()
  /** Names that nothing was found for, and until when that holds */
  readonly #unknown = new Map<string, number>()
  readonly #flights = new Map<string, Flight<Value>>()

  constructor({ staleMs = STALE_KEY_MS }: TimedCacheOptions = {}) {
    this.#staleMs = staleMs
    caches.add(this)
  }

  /**
   * The remembered value, or what `read` finds; the same object for as long as it is remembered. One question per
   * name is under way at a time; whoever asks meanwhile gets the value that has just expired, or waits for it too.
   * Throws what `read` throws, and control_unavailable after CONTROL_DEADLINE_MS.
   */
  async get(name: string, nowMs: number, read: () => Promise<Value | null>): Promise<Value | null> {
    const known = this.#known.get(name)
    if (known !== undefined && nowMs < known.untilMs) return known.value
    if (nowMs < (this.#unknown.get(name) ?? 0)) return null
    // The request that asked may be gone, and its promise with it: then its flight is not waited for.
    const present = this.#flights.get(name)
    const isUnderWay = present !== undefined && nowMs - present.startMs < CONTROL_DEADLINE_MS
    const hasJustExpired = known !== undefined && nowMs < known.untilMs + UNKNOWN_KEY_CACHE_MS
    if (isUnderWay && hasJustExpired && this.#isTrusted(known, nowMs)) return known.value
    const flight = isUnderWay ? present : this.#start(name, nowMs, read)
    try {
      const value = await answerOf(flight)
      if (this.#flights.get(name) === flight) this.#remember(name, value, flight.startMs)
      return value
    } catch (error) {
      if (known === undefined || !this.#isTrusted(known, nowMs)) throw error
      if (this.#flights.get(name) === flight) this.#trustLonger(name, known, nowMs, error)
      return known.value
    } finally {
      if (this.#flights.get(name) === flight) this.#flights.delete(name)
    }
  }

  clear(): void {
    this.#known.clear()
    this.#unknown.clear()
    this.#flights.clear()
  }

  #start(name: string, nowMs: number, read: () => Promise<Value | null>): Flight<Value> {
    const flight = { outcome: outcomeOf(read), startMs: nowMs }
    this.#flights.set(name, flight)
    return flight
  }

  #isTrusted({ readMs }: Known<Value>, nowMs: number): boolean {
    return this.#staleMs > 0 && nowMs - readMs <= KEY_CACHE_MS + this.#staleMs
  }

  #remember(name: string, value: Value | null, readMs: number): void {
    this.#known.delete(name)
    this.#unknown.delete(name)
    if (value === null) {
      this.#unknown.set(name, readMs + UNKNOWN_KEY_CACHE_MS)
      dropOldest(this.#unknown, MAX_CACHED_UNKNOWN_KEYS)
    } else {
      this.#known.set(name, { value, untilMs: readMs + KEY_CACHE_MS, readMs })
      dropOldest(this.#known, MAX_CACHED_KEYS)
    }
  }

  #trustLonger(name: string, known: Known<Value>, nowMs: number, error: unknown): void {
    log('warn', 'the control database does not answer; what it said last is trusted', {
      reason: describeError(error),
    })
    // Deleted first, so that the entry is the youngest again.
    this.#known.delete(name)
    this.#known.set(name, { ...known, untilMs: nowMs + UNKNOWN_KEY_CACHE_MS })
    dropOldest(this.#known, MAX_CACHED_KEYS)
  }
}

async function outcomeOf<Value>(read: () => Promise<Value | null>): Promise<Outcome<Value>> {
  try {
    return { value: await read() }
  } catch (error) {
    return { error }
  }
}

async function answerOf<Value>({ outcome }: Flight<Value>): Promise<Value | null> {
  const settled = await soonFromControl(outcome)
  if ('error' in settled) throw settled.error
  return settled.value
}

function dropOldest(entries: Map<string, unknown>, limit: number): void {
  const [oldest] = entries.keys()
  if (entries.size > limit && oldest !== undefined) entries.delete(oldest)
}

/** Forgets everything in this isolate, so that who makes a change sees it at once. */
export function forgetControlData(): void {
  for (const cache of caches) cache.clear()
}
