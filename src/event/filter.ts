/** What a game does not take at the moment: the whole batch, or single events of it. Pure. */
import type { HashKey } from '../sketch/hash.ts'
import { halfSipHash64 } from '../sketch/hash.ts'
import type { SketchMetric } from './envelope.ts'
import type { GameSettings } from './game-settings.ts'

/** Whether a game takes anything at all. */
export type Admission =
  | { readonly kind: 'open' }
  | { readonly kind: 'disabled'; readonly reason: string }
  /** `endMs`: when the window ends, in milliseconds since the epoch */
  | { readonly kind: 'maintenance'; readonly message: string; readonly endMs: number }

/** What an event is to the filter. */
export interface FilteredEvent {
  /** Canonical id, or the name of a custom event */
  readonly id: string
  /** Unique counts that its user enters */
  readonly countsAs: readonly SketchMetric[]
  /** Whether it is money: a payment, a failed one or a refund */
  readonly isPayment: boolean
}

/** Why an event is not stored, although nothing is wrong with it. */
export interface FilterReason {
  readonly code: 'event_filtered' | 'sampled_out' | 'payments_disabled'
  readonly detail: string
}

/**
 * Sampling has to be the same in every isolate and every build, not secret: a client that searches for ids which
 * are always stored only stores more of its own events.
 */
const SAMPLING_KEY: HashKey = { k0: 0x73616d70, k1: 0x6c696e67 }

/** Values of the 32-bit word that sampling compares. */
const HASH_VALUES = 2 ** 32

// Written before it is read, within one synchronous call.
const hash = new Uint32Array(2)

/** Whether the game takes batches at `nowMs`. The kill switch wins; of several windows, the one that ends last. */
export function admission(settings: GameSettings, nowMs: number): Admission {
  if (!settings.ingest_enabled) {
    return { kind: 'disabled', reason: settings.ingest_disabled_reason }
  }
  let present: Admission = { kind: 'open' }
  for (const { start, end, message, block_writes: blocksWrites } of settings.maintenance) {
    if (!blocksWrites || Date.parse(start) > nowMs) continue
    const endMs = Date.parse(end)
    const isLast = present.kind !== 'maintenance' || endMs > present.endMs
    if (endMs > nowMs && isLast) present = { kind: 'maintenance', message, endMs }
  }
  return present
}

/**
 * Why an event is not stored; null when it is. `identity` gives what a second attempt to send the event repeats (see
 * rowIdentity): sampling depends on nothing else, so the event has the same fate each time.
 */
export function filterEvent(
  settings: GameSettings,
  event: FilteredEvent,
  identity: () => string,
): FilterReason | null {
  const { events, dropped_events: dropped } = settings
  if (dropped.includes(event.id)) {
    return { code: 'event_filtered', detail: `the game drops ${event.id} at the moment` }
  }
  if (events !== null && !events.includes(event.id)) {
    return { code: 'event_filtered', detail: `${event.id} is not among the events that are taken` }
  }
  if (event.isPayment && !settings.payments_enabled) {
    return { code: 'payments_disabled', detail: 'the game takes no payments at the moment' }
  }
  const percent = samplePercent(settings, event)
  if (percent >= 100 || isSampled(identity(), percent)) return null
  return { code: 'sampled_out', detail: `${percent} percent of ${event.id} are stored` }
}

/**
 * Share of such events that is stored, in percent. Events that count users or money are stored always: a sampled
 * unique count could not be scaled up again.
 */
export function samplePercent(settings: GameSettings, event: FilteredEvent): number {
  if (event.countsAs.length > 0 || event.isPayment) return 100
  const { sampling, sample_global: globalPercent } = settings
  // Names come from clients; `constructor` is one that every object knows.
  return Object.hasOwn(sampling, event.id) ? (sampling[event.id] ?? globalPercent) : globalPercent
}

/** Raising the percentage only adds events: the hash of an identity stays where it is. */
function isSampled(identity: string, percent: number): boolean {
  halfSipHash64(SAMPLING_KEY, identity, hash)
  return (hash[0] ?? 0) * 100 < percent * HASH_VALUES
}
