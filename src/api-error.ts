/** Errors that a caller may see: a closed set of codes. Adding a code without a status does not compile. */
import type { ContentfulStatusCode } from 'hono/utils/http-status'

export const PROBLEMS = {
  empty_body: { status: 400, title: 'The body is empty' },
  invalid_encoding: { status: 400, title: 'The body cannot be decoded' },
  invalid_json: { status: 400, title: 'The body is not JSON' },
  invalid_body: { status: 400, title: 'The body holds no events' },
  invalid_parameter: { status: 400, title: 'A parameter cannot be used' },
  invalid_field: { status: 400, title: 'A field of the body cannot be used' },
  missing_signature: { status: 401, title: 'The request is not signed' },
  invalid_signature: { status: 401, title: 'The signature does not fit the request' },
  timestamp_skew: { status: 401, title: 'The time of the signature is too far from ours' },
  nonce_used: { status: 409, title: 'The nonce was used before' },
  conflict: { status: 409, title: 'It exists already, or was changed meanwhile' },
  missing_key: { status: 401, title: 'No key was sent' },
  unknown_key: { status: 401, title: 'The key is not known' },
  wrong_key_kind: { status: 403, title: 'The key is of another kind' },
  key_of_another_game: { status: 403, title: 'The key belongs to another game or environment' },
  forbidden: { status: 403, title: 'This caller may not do this' },
  key_in_url: { status: 403, title: 'Only write keys may stand in a URL' },
  origin_not_allowed: { status: 403, title: 'The game does not take events from this origin' },
  ingest_disabled: { status: 403, title: 'The game takes no events' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  method_not_allowed: { status: 405, title: 'This address has another method' },
  body_too_large: { status: 413, title: 'The body is too large; split it' },
  batch_too_large: { status: 413, title: 'The batch has too many events; split it' },
  unsupported_encoding: { status: 415, title: 'The body is compressed in an unknown way' },
  rate_limited: { status: 429, title: 'Too many events; send again later' },
  internal: { status: 500, title: 'Something failed on our side' },
  misconfigured: { status: 500, title: 'The service is not configured' },
  database_error: { status: 502, title: 'The database refused the question' },
  queue_unavailable: { status: 503, title: 'The queue does not take events at the moment' },
  overloaded: { status: 503, title: 'There is no room at the moment; come back later' },
  maintenance: { status: 503, title: 'The game is under maintenance' },
  control_unavailable: { status: 503, title: 'Keys or settings cannot be reached at the moment' },
  figures_unavailable: { status: 503, title: 'The live figures do not answer at the moment' },
  database_unavailable: { status: 503, title: 'The database does not answer at the moment' },
} as const satisfies Record<string, { status: ContentfulStatusCode; title: string }>

export type ProblemCode = keyof typeof PROBLEMS

interface ApiErrorOptions extends ErrorOptions {
  /** After how long the same request may succeed, in milliseconds; absent: the usual time for the code */
  readonly retryAfterMs?: number
}

/** An error whose detail may be shown to the caller. `cause` goes to the log only. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ProblemCode
  readonly retryAfterMs: number | undefined

  constructor(code: ProblemCode, detail: string, options?: ApiErrorOptions) {
    super(detail, options)
    this.code = code
    this.retryAfterMs = options?.retryAfterMs
  }

  get status(): ContentfulStatusCode {
    return PROBLEMS[this.code].status
  }
}
