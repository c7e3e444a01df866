/** Parts of an answer that may be missing while the others are told: what kept them away, and how it is said. */
import { log } from '../../log.ts'
import type { MissingPart } from '../partial.ts'

export const SKETCHES_SILENT = 'the live figures did not answer'
export const DATABASE_SILENT = 'the database did not answer'

/** What was asked for, or what kept it away. */
export type Part<Value> = { readonly value: Value } | { readonly error: unknown }

/** Waits for a part without throwing; the reason of a failure goes to the log. */
export async function partOf<Value>(name: string, asked: Promise<Value>): Promise<Part<Value>> {
  try {
    return { value: await asked }
  } catch (error) {
    log('warn', 'part of an answer missing', { part: name, error })
    return { error }
  }
}

/** The value of a part; null when it is missing. */
export function valueOf<Value>(part: Part<Value>): Value | null {
  return 'value' in part ? part.value : null
}

/** One entry per field. */
export function missing(fields: readonly string[], reason: string): MissingPart[] {
  return fields.map((field) => ({ field, reason }))
}
