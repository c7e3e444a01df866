/** One event on the live feed: what came in, and what became of it. */
import { z } from 'zod'

import { findEvent } from './catalog.ts'
import { VERDICT_STATUSES } from './rejection.ts'

/** What became of an event; `accepted` when there was nothing to say about it. */
export const LIVE_STATUSES = ['accepted', ...VERDICT_STATUSES] as const

/** Characters of a payload that the feed shows. */
const MAX_LIVE_PAYLOAD_LENGTH = 4_096

/** An entry as it travels; texts are empty where there is nothing to say. */
export const liveEntrySchema = z.object({
  /** When it happened, by the client's word, in milliseconds since the epoch; null when that cannot be read */
  time_ms: z.number().nullable(),
  received_time_ms: z.int().nonnegative(),
  /** Trace id of the request that brought it */
  trace_id: z.string(),
  /** Position in that request */
  index: z.int().nonnegative(),
  status: z.enum(LIVE_STATUSES),
  /** Name of the event, as sent */
  event: z.string(),
  event_id: z.string(),
  /** As the game stores it: a pseudonym where the game asks for that */
  user_id: z.string(),
  code: z.string(),
  /** JSON pointer (RFC 6901) into the event */
  pointer: z.string(),
  detail: z.string(),
  advice: z.string(),
  /** The event as JSON, without secrets, cut off at 4,096 characters */
  payload: z.string().max(MAX_LIVE_PAYLOAD_LENGTH),
})
export type LiveEntry = z.output<typeof liveEntrySchema>

/** Which entries a viewer wants to see; absent fields do not matter. */
export const liveFilterSchema = z.object({
  status: z
    .enum(LIVE_STATUSES, { error: `expected one of ${LIVE_STATUSES.join(', ')}` })
    .optional(),
  event: z.string().min(1, 'expected the name of an event').max(256).optional(),
  user_id: z.string().min(1, 'expected a user id').max(256).optional(),
})
export type LiveFilter = z.output<typeof liveFilterSchema>

/** The `hello` event, first on every stream. */
export const liveHelloSchema = z.object({
  game_id: z.string(),
  env: z.string(),
  /** Entries that were remembered and follow at once */
  remembered: z.int().nonnegative(),
  /** Seconds until every location of the edge knows that somebody watches; earlier events may be missing */
  starts_within_seconds: z.number(),
  /** Entries that one POST adds at most */
  entries_per_post: z.int(),
  heartbeat_seconds: z.number(),
})
export type LiveHello = z.output<typeof liveHelloSchema>

/** The `dropped` event: entries that this viewer was too slow for, since the last one. */
export const liveDroppedSchema = z.object({ entries: z.int().positive() })
export type LiveDropped = z.output<typeof liveDroppedSchema>

/** The text of a payload as the feed shows it. */
export function cutPayload(text: string): string {
  return text.slice(0, MAX_LIVE_PAYLOAD_LENGTH).toWellFormed()
}

/** Whether a viewer with this filter sees the entry. An event and its aliases are one. */
export function isShown(entry: LiveEntry, filter: LiveFilter): boolean {
  return (
    (filter.status === undefined || filter.status === entry.status) &&
    (filter.event === undefined || canonicalName(filter.event) === canonicalName(entry.event)) &&
    (filter.user_id === undefined || filter.user_id === entry.user_id)
  )
}

function canonicalName(event: string): string {
  return findEvent(event)?.id ?? event
}
