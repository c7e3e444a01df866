/** Parameters and bodies from text to checked values. Every fault names its place; all are told at once. */
import type { z } from 'zod'

import type { ProblemCode } from './api-error.ts'
import { ApiError } from './api-error.ts'

/** The parameters of a request, each at most once. Throws invalid_parameter. */
export function readSearch<Output>(schema: z.ZodType<Output>, search: URLSearchParams): Output {
  const repeated = [...new Set(search.keys())].filter((name) => search.getAll(name).length > 1)
  const faults = repeated.map((name) => `${name}: expected once`)
  return parsed(schema, Object.fromEntries(search), 'invalid_parameter', faults)
}

/** A body of JSON; an empty one stands for `{}`. Throws invalid_json, invalid_field. */
export function readJsonBody<Output>(schema: z.ZodType<Output>, text: string): Output {
  return parsed(schema, text.trim() === '' ? {} : parseJson(text), 'invalid_field', [])
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ApiError('invalid_json', 'Send a JSON object, or nothing.', { cause })
  }
}

function parsed<Output>(
  schema: z.ZodType<Output>,
  value: unknown,
  code: ProblemCode,
  faults: readonly string[],
): Output {
  const result = schema.safeParse(value)
  if (result.success && faults.length === 0) return result.data
  const issues = result.error?.issues.flatMap(toFaults) ?? []
  throw new ApiError(code, [...faults, ...issues].join('; '))
}

function toFaults(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => `${name}: is not known at this address`)
  }
  return [issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`]
}
