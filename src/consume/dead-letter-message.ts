/**
 * What was accepted and cannot be stored, on its way to the dead-letter queue: single rows that the database
 * refuses as JSON, whole messages as the bytes that they are (the platform forwards messages that ran out
 * of retries in the same form).
 */
import { z } from 'zod'

import { sha256Hex, toBase64 } from '../event/bytes.ts'
import type { RowTable } from '../event/envelope.ts'
import { describeError, log } from '../log.ts'
import type { InsertPart } from './insert-part.ts'
import type { Outcome } from './outcome.ts'
import { SETTLED } from './outcome.ts'
import { readEnvelope } from './read-message.ts'

export const deadLetterSchema = z.object({
  dead_letter_id: z.string(),
  reason: z.enum(['message_not_stored', 'row_refused', 'message_unreadable']),
  detail: z.string(),
  game_id: z.string(),
  env: z.string(),
  trace_id: z.string(),
  target: z.string(),
  encoding: z.enum(['ndjson', 'base64']),
  payload: z.string(),
})
export type DeadLetter = z.infer<typeof deadLetterSchema>

/** Error texts can quote the row; this much of one is enough to understand it. */
const MAX_DETAIL_LENGTH = 1_000

/** One row that the database refused. */
export function deadLetterFromRow(part: InsertPart, table: RowTable, detail: string): DeadLetter {
  return {
    dead_letter_id: `${part.id}:${table}:${part.firstRow ?? 0}`,
    reason: 'row_refused',
    detail: cut(detail),
    game_id: part.envelope.gameId,
    env: part.envelope.env,
    trace_id: part.envelope.traceId,
    target: table,
    encoding: 'ndjson',
    payload: new TextDecoder().decode(part.ndjson),
  }
}

/** A whole message, named by the digest of its bytes so that a second delivery is the same letter. */
export async function deadLetterFromMessage(body: unknown): Promise<DeadLetter> {
  const bytes = bodyBytes(body)
  const whole = {
    dead_letter_id: await sha256Hex(bytes),
    target: '',
    encoding: 'base64' as const,
    payload: toBase64(bytes),
  }
  try {
    const { gameId, env, traceId } = readEnvelope(body)
    return {
      ...whole,
      reason: 'message_not_stored',
      detail: 'the last retry has failed, or too many rows were refused',
      game_id: gameId,
      env,
      trace_id: traceId,
    }
  } catch (error) {
    return {
      ...whole,
      reason: 'message_unreadable',
      detail: cut(describeError(error)),
      game_id: '',
      env: '',
      trace_id: '',
    }
  }
}

/** Sends a refused row; until that has worked, the message it came from must come again. */
export async function sendDeadLetter(queue: Queue, letter: DeadLetter): Promise<Outcome> {
  const { dead_letter_id, reason, game_id, env, trace_id } = letter
  log('error', 'row refused', { dead_letter_id, reason, game_id, env, trace_id })
  return outcomeOf(() => queue.send(letter, { contentType: 'json' }))
}

/** Sends a whole message on, as it came: nobody can read it, or too many of its rows are refused. */
export async function forwardMessage(queue: Queue, body: unknown): Promise<Outcome> {
  // A queue hands over an ArrayBuffer and takes a view on one.
  return outcomeOf(() =>
    isBytes(body)
      ? queue.send(new Uint8Array(body), { contentType: 'bytes' })
      : queue.send(body, { contentType: 'json' }),
  )
}

/** A send can fail before there is a promise: a body that the queue cannot encode is a plain throw. */
async function outcomeOf(send: () => Promise<unknown>): Promise<Outcome> {
  try {
    await send()
    return SETTLED
  } catch (error) {
    return { kind: 'deferred', reason: `dead-letter queue: ${describeError(error)}` }
  }
}

/** Half a surrogate pair at the cut would make the letter itself a row that is refused. */
function cut(detail: string): string {
  return detail.slice(0, MAX_DETAIL_LENGTH).toWellFormed()
}

function isBytes(body: unknown): body is ArrayBuffer | Uint8Array {
  return body instanceof ArrayBuffer || body instanceof Uint8Array
}

function bodyBytes(body: unknown): Uint8Array {
  return isBytes(body) ? new Uint8Array(body) : new TextEncoder().encode(JSON.stringify(body) ?? '')
}
