/**
 * Identity of an event across attempts to send it. Nothing here may depend on when or how often a batch
 * was received: a retry must find the same row again.
 */
import type { AcceptedEvent } from './normalize.ts'

const DAY_MS = 86_400_000

/**
 * The event_id of an event that came without one: what a retry repeats, the body's digest (hex) and
 * the position in it.
 */
export function deriveEventId(bodyDigest: string, index: number): string {
  return `body-${bodyDigest.slice(0, 32)}-${index}`
}

/** The parts of the events table's sorting key that can differ within one batch. */
export function rowIdentity(event: AcceptedEvent, eventId: string): string {
  const clientDay = Math.floor(event.time.clientTimeMs / DAY_MS)
  return `${event.definition.id}\n${clientDay}\n${event.userId}\n${eventId}`
}
