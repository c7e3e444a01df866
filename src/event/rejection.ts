/** Why an event is not simply accepted: stable codes, a JSON pointer, what was expected, what to do about it. */

/**
 * Codes of events that are not accepted. `quarantined`: where the catalog is what stands against the event (isCurable),
 * it may pass as it is after a change of it, and is kept to be replayed; otherwise, and for the other codes, it is
 * `rejected`: it never can.
 */
export const REFUSALS = {
  invalid_json: {
    status: 'rejected',
    advice: 'Write one JSON value a line; check what the client does when it is cut off.',
  },
  not_an_object: { status: 'rejected', advice: 'Send each event as a JSON object.' },
  missing_event: { status: 'rejected', advice: 'Put the name of the event into "event".' },
  unknown_event: {
    status: 'quarantined',
    advice:
      'Mend the spelling, or add the event to the game (custom_events, or event_mode open) and replay.',
  },
  missing_attribute: {
    status: 'quarantined',
    advice: 'Send the attribute with every event of this kind; see GET /api/catalog/events.',
  },
  invalid_attribute: {
    status: 'quarantined',
    advice: 'Send the type and range that the catalog states; see GET /api/catalog/attributes.',
  },
  invalid_time: {
    status: 'rejected',
    advice: 'Send UTC as 2026-01-31T12:00:00.000Z, or milliseconds since the epoch.',
  },
  event_time_in_future: {
    status: 'rejected',
    advice: 'Send sent_at with every batch, so that a wrong clock can be corrected.',
  },
  event_time_too_old: {
    status: 'rejected',
    advice:
      'Send sent_at with every batch and uptime_ms with every event; drop what was queued for more than 30 days.',
  },
  property_conflict: {
    status: 'rejected',
    advice: 'Send the attribute once: at the top level, in props or in attrs.',
  },
  properties_too_large: {
    status: 'rejected',
    advice: 'Send ids instead of contents; split large states into several events.',
  },
  duplicate_event_id: {
    status: 'rejected',
    advice: 'Give every event an id of its own; if it was a repeat, nothing was lost.',
  },
  other_game: {
    status: 'rejected',
    advice: 'Use the key of that game and environment, or leave game_id and env out.',
  },
  server_only: {
    status: 'rejected',
    advice: 'Report it from your server, with a server key; a client cannot be trusted with it.',
  },
} as const satisfies Record<string, { status: 'quarantined' | 'rejected'; advice: string }>
export type RejectionCode = keyof typeof REFUSALS

/** Codes of events that are accepted with a change. */
export const CORRECTIONS = {
  event_time_corrected: {
    detail: 'the clock of the client is off; the time was shifted by received - sent_at',
    advice: 'Nothing to do; the time of the client is kept beside it.',
  },
  event_time_from_uptime: {
    detail: 'the clock of the client moved or is off; the time was taken from its uptime',
    advice: 'Nothing to do; the time of the client is kept beside it.',
  },
  event_time_clamped: {
    detail: 'the time cannot be; it became the receive time, the latest that it can have been',
    advice: 'Send sent_at with every batch, so that the clock can be corrected.',
  },
} as const satisfies Record<string, { detail: string; advice: string }>
export type CorrectionCode = keyof typeof CORRECTIONS

/** Codes of events that the game does not want to store at the moment. */
export const FILTERS = {
  event_filtered: 'Nothing to do in the client; see GET /api/analytics/filters.',
  sampled_out: 'Nothing to do: the game stores a share of these events.',
  payments_disabled: 'Nothing to do in the client; see GET /api/analytics/filters.',
} as const satisfies Record<string, string>
export type FilterCode = keyof typeof FILTERS

export interface RejectionReason {
  readonly code: RejectionCode
  /** JSON pointer (RFC 6901) into the event */
  readonly pointer: string
  readonly detail: string
  /** A change of the catalog, or of the game's own events, could let the event pass as it is */
  readonly isCurable?: true
}

/** A reason before it is known where in the event the value stands. */
export type Fault = Omit<RejectionReason, 'pointer'>

export const VERDICT_STATUSES = ['corrected', 'quarantined', 'rejected', 'filtered'] as const

/** One entry of the answer: an event that was not simply accepted. */
export interface Verdict {
  readonly index: number
  readonly event_id: string | null
  readonly status: (typeof VERDICT_STATUSES)[number]
  readonly code: RejectionCode | CorrectionCode | FilterCode
  readonly pointer: string
  readonly detail: string
  /** What to do about it */
  readonly advice: string
}
