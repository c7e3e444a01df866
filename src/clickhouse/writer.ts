/**
 * Rows into ClickHouse: one POST of NDJSON bytes, one verdict. It never retries and never throws for a
 * remote failure. `stored` means that the server has said so for the whole insert; the same token sent
 * again within the table's deduplication window stores nothing twice.
 */
import { z } from 'zod'

import { gzip } from '../event/bytes.ts'
import type { RowTable } from '../event/envelope.ts'
import type { ClickHouseConnection } from './connection.ts'
import { isCausedByData } from './error-codes.ts'
import type { Reply } from './request.ts'
import { request } from './request.ts'

export interface Insert {
  readonly table: RowTable | 'dead_letters'
  /** One JSON object a line, exactly as the table will receive it */
  readonly ndjson: Uint8Array
  /** Number of lines */
  readonly rows: number
  /** Deduplication token: the same for every attempt to store the same rows */
  readonly token: string
}

export type InsertOutcome =
  | { readonly kind: 'stored' }
  /** Nothing is known against the rows: send them again later. `code` is null for a network failure. */
  | { readonly kind: 'transient'; readonly code: number | null; readonly reason: string }
  /** At least one row can never be stored as it is. */
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string }

/** One deadline over the whole exchange. A full queue batch (12.8 MB) takes about a second. */
const INSERT_DEADLINE_MS = 30_000

/** The server gives up before we do, so that a retry does not race the attempt it replaces. */
const MAX_EXECUTION_SECONDS = 25

/** Ten TCP segments: what the first flight of a connection carries, so a smaller body gains no round trip. */
const GZIP_FROM_BYTES = 14_600

/** Characters of the server's words that are kept; they may quote a row. */
const MAX_REASON_LENGTH = 500

/** Defaults differ between versions, and profiles change them; every one that the guarantee rests on is sent. */
const INSERT_SETTINGS = {
  // Answer after the rows are written: a server-side buffer would acknowledge before that, or batch inserts
  // of different tokens together.
  async_insert: '0',
  // A Distributed table would otherwise answer before its shards have the rows.
  distributed_foreground_insert: '1',
  // The token only counts while deduplication is on.
  insert_deduplicate: '1',
  // The status line is sent once the insert has ended, so it tells the truth.
  wait_end_of_query: '1',
  // `2026-11-01 10:00:00.123` and ISO 8601 with a zone are both read.
  date_time_input_format: 'best_effort',
  // A column that the table lacks is an error, not a value thrown away.
  input_format_skip_unknown_fields: '0',
  // Columns that a row leaves out take the table's defaults, row_version among them.
  input_format_defaults_for_omitted_fields: '1',
  // A null where the table has none is a mistake of the sender; an amount of null is not an amount of 0.
  input_format_null_as_default: '0',
  // A row that cannot be read fails the insert; the alternative drops it without a word.
  input_format_allow_errors_num: '0',
  input_format_allow_errors_ratio: '0',
  // The events table has 361 partitions at most (12 months of 30 years, and one for clocks outside): a
  // batch that mixes all of them is still one insert.
  max_partitions_per_insert_block: '400',
  max_execution_time: String(MAX_EXECUTION_SECONDS),
  timeout_overflow_mode: 'throw',
} as const

const summarySchema = z.object({ read_rows: z.string().regex(/^\d+$/).transform(Number) })

/**
 * Stores the rows in one insert. `refused` is said only for errors that the rows themselves cause (see
 * error-codes.ts); everything else, from a refused connection to a missing table, is `transient`.
 */
export async function insertRows(
  connection: ClickHouseConnection,
  { table, ndjson, rows, token }: Insert,
  { deadlineMs = INSERT_DEADLINE_MS }: { readonly deadlineMs?: number } = {},
): Promise<InsertOutcome> {
  try {
    const compressed = ndjson.byteLength >= GZIP_FROM_BYTES
    const reply = await request(connection, {
      parameters: {
        query: `INSERT INTO ${table} FORMAT JSONEachRow`,
        ...INSERT_SETTINGS,
        insert_deduplication_token: token,
      },
      body: compressed ? gzip(ndjson) : ndjson,
      ...(compressed && { contentEncoding: 'gzip' }),
      deadlineMs,
    })
    return verdictOn(reply, rows)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { kind: 'transient', code: null, reason: excerpt(reason) }
  }
}

function verdictOn({ status, code, summary, text }: Reply, rows: number): InsertOutcome {
  const transient = (reason: string): InsertOutcome => ({ kind: 'transient', code, reason })
  if (code !== null) {
    const reason = excerpt(text)
    return isCausedByData(code, text) ? { kind: 'refused', code, reason } : transient(reason)
  }
  if (status !== 200) return transient(`HTTP status ${status}: ${excerpt(text)}`)
  const rowsRead = rowsReadOf(summary)
  if (rowsRead === null) return transient('HTTP status 200, but not from a ClickHouse')
  // Rows that a token drops count as read, and a materialized view may count rows again: only fewer is
  // proof, and none at all means that this server does not count.
  if (rowsRead > 0 && rowsRead < rows) {
    return transient(`the server read ${rowsRead} of ${rows} rows`)
  }
  return { kind: 'stored' }
}

function rowsReadOf(summary: string | null): number | null {
  if (summary === null) return null
  try {
    const parsed = summarySchema.safeParse(JSON.parse(summary))
    return parsed.success ? parsed.data.read_rows : null
  } catch {
    // Not JSON is not a summary.
    return null
  }
}

function excerpt(text: string): string {
  const trimmed = text.trim()
  return trimmed.length <= MAX_REASON_LENGTH ? trimmed : `${trimmed.slice(0, MAX_REASON_LENGTH)}…`
}
