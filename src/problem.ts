/** Errors on the wire: problem documents (RFC 9457). */
import type { Context } from 'hono'

import { RETRY_AFTER_SECONDS } from '../configs/limits.ts'
import type { ProblemCode } from './api-error.ts'
import { ApiError, PROBLEMS } from './api-error.ts'
import type { AppEnv } from './app-env.ts'
import { ConfigError } from './config.ts'
import { log } from './log.ts'

/** The only exit for errors: known ones as their problem document, unknown ones as `internal`. */
export function problemFrom(error: Error, c: Context<AppEnv>): Response {
  const known = error instanceof ApiError
  const code = codeOf(error)
  const { status, title } = PROBLEMS[code]
  const traceId = c.get('traceId')
  if (status >= 500) {
    log('error', 'request failed', { trace_id: traceId, path: c.req.path, code, error })
  }
  if (status === 503) c.header('Retry-After', String(RETRY_AFTER_SECONDS))
  if (status === 401) c.header('WWW-Authenticate', 'Bearer')
  return c.json(
    {
      type: `urn:croupier:problem:${code}`,
      title,
      status,
      detail: known ? error.message : `The request failed; quote trace_id ${traceId}.`,
      code,
      trace_id: traceId,
    },
    status,
    { 'Content-Type': 'application/problem+json' },
  )
}

function codeOf(error: Error): ProblemCode {
  if (error instanceof ApiError) return error.code
  return error instanceof ConfigError ? 'misconfigured' : 'internal'
}
