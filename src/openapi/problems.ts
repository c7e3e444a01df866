/** The problem document, and which problems an operation may answer with. */
import { z } from 'zod'

import type { ProblemCode } from '../api-error.ts'
import { PROBLEMS } from '../api-error.ts'
import type { Operation } from './operation.ts'

function isProblemCode(name: string): name is ProblemCode {
  return Object.hasOwn(PROBLEMS, name)
}

export const PROBLEM_CODES: readonly ProblemCode[] = Object.keys(PROBLEMS).filter(isProblemCode)

/** RFC 9457. */
export const problemSchema = z
  .strictObject({
    type: z.string().meta({
      description: 'urn:croupier:problem: and the code',
      example: 'urn:croupier:problem:invalid_parameter',
    }),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'What was wrong with this request' }),
    code: z.enum(PROBLEM_CODES),
    trace_id: z
      .string()
      .regex(/^[0-9a-f]{16}$/)
      .meta({ description: 'Also in the header X-Trace-Id and in every log line of the request' }),
  })
  .meta({ description: 'A problem document (RFC 9457)' })

const ANYWHERE: readonly ProblemCode[] = ['misconfigured', 'internal']
const OF_CALLERS: readonly ProblemCode[] = [
  'missing_key',
  'unknown_key',
  'key_in_url',
  'control_unavailable',
]
const OF_PERMISSION: readonly ProblemCode[] = ['wrong_key_kind', 'forbidden']
const OF_SIGNATURE: readonly ProblemCode[] = [
  'missing_signature',
  'invalid_signature',
  'timestamp_skew',
  'nonce_used',
  'missing_key',
  'unknown_key',
  'key_of_another_game',
  'forbidden',
  'origin_not_allowed',
  'control_unavailable',
]

/** Of what reads tables by parameters. */
export const PROBLEMS_OF_LISTS: readonly ProblemCode[] = [
  'invalid_parameter',
  'database_error',
  'database_unavailable',
]

/** Every code that the operation may answer with, in the order of PROBLEMS. */
export function problemsOf(operation: Operation): readonly ProblemCode[] {
  const codes = new Set([...ANYWHERE, ...accessProblems(operation), ...(operation.problems ?? [])])
  return PROBLEM_CODES.filter((code) => codes.has(code))
}

function accessProblems({ access, scope = 'game' }: Operation): readonly ProblemCode[] {
  if (access === 'public') return []
  if (access === 'signed') return OF_SIGNATURE
  if (access === 'any_caller') return OF_CALLERS
  const codes: ProblemCode[] = [...OF_CALLERS, ...OF_PERMISSION]
  if (scope === 'game') codes.push('key_of_another_game', 'invalid_parameter', 'not_found')
  if (scope === 'path_game') codes.push('key_of_another_game')
  if (access === 'events:write') codes.push('origin_not_allowed')
  return codes
}
