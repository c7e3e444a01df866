/** Errors that a caller may see: a closed set of codes. Adding a code without a status does not compile. */
import type { ContentfulStatusCode } from 'hono/utils/http-status'

export const PROBLEMS = {
  empty_body: { status: 400, title: 'The body is empty' },
  invalid_encoding: { status: 400, title: 'The body cannot be decoded' },
  invalid_json: { status: 400, title: 'The body is not JSON' },
  invalid_body: { status: 400, title: 'The body holds no events' },
  invalid_parameter: { status: 400, title: 'A parameter cannot be used' },
  missing_key: { status: 401, title: 'No key was sent' },
  unknown_key: { status: 401, title: 'The key is not known' },
  wrong_key_kind: { status: 403, title: 'The key is of another kind' },
  key_of_another_game: { status: 403, title: 'The key belongs to another game or environment' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  method_not_allowed: { status: 405, title: 'This address has another method' },
  body_too_large: { status: 413, title: 'The body is too large; split it' },
  batch_too_large: { status: 413, title: 'The batch has too many events; split it' },
  unsupported_encoding: { status: 415, title: 'The body is compressed in an unknown way' },
  internal: { status: 500, title: 'Something failed on our side' },
  misconfigured: { status: 500, title: 'The service is not configured' },
  database_error: { status: 502, title: 'The database refused the question' },
  queue_unavailable: { status: 503, title: 'The queue does not take events at the moment' },
  control_unavailable: { status: 503, title: 'Keys cannot be looked up at the moment' },
  database_unavailable: { status: 503, title: 'The database does not answer at the moment' },
} as const satisfies Record<string, { status: ContentfulStatusCode; title: string }>

export type ProblemCode = keyof typeof PROBLEMS

/** An error whose detail may be shown to the caller. `cause` goes to the log only. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ProblemCode

  constructor(code: ProblemCode, detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.code = code
  }
}
