/** Parts of an answer that may be missing while the others are told: what kept them away, and how it is said. */
import { ApiError } from '../../api-error.ts'
import { DatabaseError } from '../../clickhouse/reader.ts'
import { log } from '../../log.ts'
import type { MissingPart } from '../partial.ts'
import type { Asker } from '../question.ts'

/** What was asked for, or what kept it away. */
export type Part<Value> = { readonly value: Value } | { readonly error: unknown }

/** For whom, and in which request, something was asked: fields of a log line. */
export type AskedFor = Readonly<Record<'game_id' | 'env' | 'trace_id', string | undefined>>

/** The log fields of an asker. */
export function askedFor({
  gameId,
  env,
  traceId,
}: Pick<Asker, 'gameId' | 'env' | 'traceId'>): AskedFor {
  return { game_id: gameId, env, trace_id: traceId }
}

/**
 * Waits for a part without throwing; the reason of a failure goes to the log, as an error when asking again does not
 * help.
 */
export async function partOf<Value>(
  name: string,
  asked: Promise<Value>,
  names: AskedFor,
): Promise<Part<Value>> {
  try {
    return { value: await asked }
  } catch (error) {
    const level = isLasting(error) ? 'error' : 'warn'
    log(level, 'part of an answer missing', { part: name, ...names, error })
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

/** Why there is nothing from the database. */
export function databaseReason(error: unknown): string {
  return isLasting(error) ? 'the database refused the question' : 'the database did not answer'
}

/** Why there is nothing from the sketches. */
export function sketchesReason(error: unknown): string {
  return isLasting(error) ? 'the live figures failed' : 'the live figures did not answer'
}

/** Whether the same question fails again. */
function isLasting(error: unknown): boolean {
  if (error instanceof DatabaseError) return !error.transient
  return error instanceof ApiError && error.code === 'internal'
}
