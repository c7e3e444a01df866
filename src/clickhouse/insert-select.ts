/**
 * Rows that the server makes of its own rows: one INSERT ... SELECT with bound parameters, one deadline. It reads
 * under the same settings as a question (reader.ts), so that what is stored is what an answer would say.
 */
import { z } from 'zod'

import type { ClickHouseConnection } from './connection.ts'
import type { Parameter } from './reader.ts'
import { ANSWER_SETTINGS, DatabaseError, isTransient } from './reader.ts'
import type { Reply } from './request.ts'
import { request } from './request.ts'

export interface InsertSelect {
  /** INSERT ... SELECT with `{name:Type}` placeholders */
  readonly sql: string
  readonly params: Readonly<Record<string, Parameter>>
  /** When the server gives up, in seconds */
  readonly maxSeconds: number
}

/** The server gives up first, so that its own reason arrives and no attempt outlives its successor. */
const REPLY_MARGIN_MS = 5_000

/** Characters of the server's words that are kept for the log. */
const MAX_REASON_LENGTH = 500

const summarySchema = z.object({ written_rows: z.string().regex(/^\d+$/).transform(Number) })

/** Runs the statement to its end and returns how many rows it has written. Throws DatabaseError. */
export async function insertSelect(
  connection: ClickHouseConnection,
  { sql, params, maxSeconds }: InsertSelect,
): Promise<number> {
  const reply = await request(connection, {
    parameters: {
      ...textOf(ANSWER_SETTINGS),
      // A Distributed table would otherwise answer before its shards have the rows.
      distributed_foreground_insert: '1',
      max_execution_time: String(maxSeconds),
      timeout_overflow_mode: 'throw',
      ...boundParameters(params),
    },
    body: sql,
    deadlineMs: maxSeconds * 1_000 + REPLY_MARGIN_MS,
  }).catch((cause: unknown) => {
    throw new DatabaseError('the database could not be reached, or did not answer in time', {
      transient: true,
      cause,
    })
  })
  return writtenRowsOf(reply)
}

function textOf(settings: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]))
}

function boundParameters(params: InsertSelect['params']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [`param_${name}`, parameterText(value)]),
  )
}

/** As the server reads parameters: text with escapes, quoted where it stands in an array. */
function parameterText(value: Parameter): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return escaped(value)
  return `[${value.map((item) => (typeof item === 'string' ? `'${escaped(item)}'` : item)).join(',')}]`
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", String.raw`\'`)
    .replaceAll('\t', String.raw`\t`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\r', String.raw`\r`)
}

function writtenRowsOf({ status, code, summary, text }: Reply): number {
  if (code !== null) {
    throw new DatabaseError(`the database answered with error ${code}`, {
      transient: isTransient(code),
      code,
      cause: new Error(text.trim().slice(0, MAX_REASON_LENGTH)),
    })
  }
  const written = status === 200 && summary !== null ? parseSummary(summary) : null
  if (written === null) {
    throw new DatabaseError('the address of the database answered as no ClickHouse does', {
      transient: status >= 500 || status === 408 || status === 429,
      cause: new Error(`HTTP status ${status}`),
    })
  }
  return written
}

function parseSummary(summary: string): number | null {
  try {
    const parsed = summarySchema.safeParse(JSON.parse(summary))
    return parsed.success ? parsed.data.written_rows : null
  } catch {
    // Not JSON is not a summary.
    return null
  }
}
