/** Why an event is not simply accepted: stable codes, a JSON pointer and what was expected. */

/** Codes of events that are refused. */
export type RejectionCode =
  | 'invalid_json'
  | 'not_an_object'
  | 'missing_event'
  | 'unknown_event'
  | 'missing_attribute'
  | 'invalid_attribute'
  | 'invalid_time'
  | 'event_time_in_future'
  | 'event_time_too_old'
  | 'property_conflict'
  | 'properties_too_large'
  | 'duplicate_event_id'
  | 'other_game'

/** Codes of events that are accepted with a change. */
export type CorrectionCode = 'event_time_clamped' | 'event_time_corrected'

export interface RejectionReason {
  readonly code: RejectionCode
  /** JSON pointer (RFC 6901) into the event */
  readonly pointer: string
  readonly detail: string
}

/** A reason before it is known where in the event the value stands. */
export type Fault = Omit<RejectionReason, 'pointer'>

/** One entry of the answer: an event that was not simply accepted. */
export interface Verdict {
  readonly index: number
  readonly event_id: string | null
  readonly status: 'rejected' | 'corrected'
  readonly code: RejectionCode | CorrectionCode
  readonly pointer: string
  readonly detail: string
}
