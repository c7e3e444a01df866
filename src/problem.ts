/** Errors on the wire: problem documents (RFC 9457). */
import type { Context } from 'hono'

import { RATE_RETRY_AFTER_SECONDS, RETRY_AFTER_SECONDS } from '../configs/limits.ts'
import type { ProblemCode } from './api-error.ts'
import { ApiError, PROBLEMS } from './api-error.ts'
import type { AppEnv } from './app-env.ts'
import { DatabaseError } from './clickhouse/reader.ts'
import { ConfigError } from './config.ts'
import { log } from './log.ts'

/** The only exit for errors: known ones as their problem document, unknown ones as `internal`. */
export function problemFrom(error: Error, c: Context<AppEnv>): Response {
  const code = codeOf(error)
  const { status, title } = PROBLEMS[code]
  const traceId = c.get('traceId')
  if (status >= 500) {
    log('error', 'request failed', { trace_id: traceId, path: c.req.path, code, error })
  }
  const retryAfterSeconds = retryAfter(error, status)
  if (retryAfterSeconds !== null) c.header('Retry-After', String(retryAfterSeconds))
  if (status === 401) c.header('WWW-Authenticate', 'Bearer')
  return c.json(
    {
      type: `urn:croupier:problem:${code}`,
      title,
      status,
      detail: detailOf(error, code, traceId),
      code,
      trace_id: traceId,
    },
    status,
    { 'Content-Type': 'application/problem+json' },
  )
}

/** Seconds after which the same request may succeed; null when it will not. */
function retryAfter(error: Error, status: number): number | null {
  const retryAfterMs = error instanceof ApiError ? error.retryAfterMs : undefined
  if (retryAfterMs !== undefined) return Math.max(1, Math.ceil(retryAfterMs / 1_000))
  if (status === 429) return RATE_RETRY_AFTER_SECONDS
  return status === 503 ? RETRY_AFTER_SECONDS : null
}

function codeOf(error: Error): ProblemCode {
  if (error instanceof ApiError) return error.code
  if (error instanceof DatabaseError) {
    return error.transient ? 'database_unavailable' : 'database_error'
  }
  return error instanceof ConfigError ? 'misconfigured' : 'internal'
}

/** What a caller may know of an error: what is in its message, or where to ask. */
function detailOf(error: Error, code: ProblemCode, traceId: string): string {
  if (error instanceof ApiError) return error.message
  if (code === 'database_unavailable') return 'The database did not answer; ask again.'
  if (code === 'database_error') return 'The database refused the question.'
  return `The request failed; quote trace_id ${traceId}.`
}
