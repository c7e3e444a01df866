/**
 * Questions to ClickHouse: text with bound parameters in, checked rows out. A failure is always a
 * DatabaseError, never an empty answer: the reply is buffered by the server until the query has ended, it is
 * one JSON document that a cut connection cannot shorten unnoticed, and every row is parsed.
 */
import type { ClickHouseSettings } from '@clickhouse/client-web'
import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client-web'
import { z } from 'zod'

import type { ClickHouseConnection } from './connection.ts'
import { authorizationOf } from './connection.ts'

/** Bounds connecting, waiting and reading the whole reply. */
const REPLY_DEADLINE_MS = 30_000
/** So much earlier the server gives up, where there is time for it, so that its own reason arrives. */
const SERVER_MARGIN_SECONDS = 5
const MAX_RESULT_ROWS = 200_000

/** Defaults differ between versions and profiles; whatever changes an answer is stated here. */
export const ANSWER_SETTINGS = {
  // A profile's limit would cut an answer without a word.
  limit: '0',
  offset: '0',
  // The status line is sent once the query has ended, so it tells the truth.
  wait_end_of_query: 1,
  session_timezone: 'UTC',
  join_use_nulls: 0,
  group_by_use_nulls: 0,
  transform_null_in: 0,
  aggregate_functions_null_for_empty: 0,
  empty_result_for_aggregation_by_empty_set: 0,
  // A skip index may drop the granule that holds the winning version of a row; the exact mode reads
  // back every granule that could hold another version of what is left.
  use_skip_indexes_if_final: 1,
  use_skip_indexes_if_final_exact_mode: 1,
  // The partition key is a function of the sorting key, so versions of one row share a partition.
  do_not_merge_across_partitions_select_final: 1,
} as const satisfies ClickHouseSettings

/** The same for questions: what they may do, and how their answers are written. */
const SETTINGS = {
  ...ANSWER_SETTINGS,
  // Reads and settings only, whatever the user may do.
  readonly: '2',
  timeout_overflow_mode: 'throw',
  max_result_rows: String(MAX_RESULT_ROWS),
  result_overflow_mode: 'throw',
  cancel_http_readonly_queries_on_client_close: 1,
  http_write_exception_in_output_format: 0,
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
  output_format_write_statistics: 0,
  date_time_output_format: 'iso',
} as const satisfies ClickHouseSettings

/** Server errors that pass: overload, time, memory, the network between servers, a restart. */
const TRANSIENT_CODES: ReadonlySet<number> = new Set([
  3, // UNEXPECTED_END_OF_FILE
  159, // TIMEOUT_EXCEEDED
  160, // TOO_SLOW
  198, // DNS_ERROR
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  203, // NO_FREE_CONNECTION
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  236, // ABORTED
  241, // MEMORY_LIMIT_EXCEEDED
  242, // TABLE_IS_READ_ONLY
  279, // ALL_CONNECTION_TRIES_FAILED
  319, // UNKNOWN_STATUS_OF_INSERT
  394, // QUERY_WAS_CANCELLED
  425, // SYSTEM_ERROR
  439, // CANNOT_SCHEDULE_TASK
  735, // QUERY_WAS_CANCELLED_BY_CLIENT
  745, // SERVER_OVERLOADED
  999, // KEEPER_EXCEPTION
])

/** True for an error of the server that passes: the same question may succeed later. */
export function isTransient(code: number): boolean {
  return TRANSIENT_CODES.has(code)
}

export type Parameter = string | number | readonly string[] | readonly number[]

/** One question: SQL with `{name:Type}` placeholders, their values, and the shape of an answer row. */
export interface Query<Row> {
  readonly sql: string
  readonly params: Readonly<Record<string, Parameter>>
  readonly row: z.ZodType<Row>
}

/**
 * The database did not answer a question. The message names neither SQL nor data; what the server said is
 * in `cause`, for the log. `transient`: the same question may succeed later.
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
  readonly transient: boolean
  /** ClickHouse error code; null when the failure is not the server's */
  readonly code: number | null

  constructor(
    message: string,
    options: { transient: boolean; code?: number | null; cause?: unknown },
  ) {
    super(message, { cause: options.cause })
    this.transient = options.transient
    this.code = options.code ?? null
  }
}

/** An HTTP error that does not carry a ClickHouse code: a proxy's, or no ClickHouse at all. */
class UnexpectedStatusError extends Error {
  override readonly name = 'UnexpectedStatusError'
  readonly status: number

  constructor(status: number) {
    super(`HTTP status ${status}`)
    this.status = status
  }
}

/** How long an answer is waited for. */
interface AskOptions {
  /** Milliseconds, 1,000 or more; then the request is aborted, and the server gives up by itself, too */
  readonly deadlineMs?: number
}

/** Asks and returns the rows, each parsed by `query.row`. Throws DatabaseError for anything else. */
export async function ask<Row>(
  connection: ClickHouseConnection,
  query: Query<Row>,
  { deadlineMs = REPLY_DEADLINE_MS }: AskOptions = {},
): Promise<Row[]> {
  const client = clientOf(connection, deadlineMs)
  const text = await readReply(client, query).catch((cause: unknown) => {
    throw toDatabaseError(cause)
  })
  const reply = parseReply(text, query.row)
  if (reply.rows !== reply.data.length) {
    throw new DatabaseError('the reply of the database is incomplete', { transient: true })
  }
  return reply.data
}

async function readReply<Row>(client: Client, { sql, params }: Query<Row>): Promise<string> {
  const result = await client.query({
    query: sql,
    query_params: params,
    format: 'JSON',
    // Keeps long parameters out of the URL, which proxies cut.
    use_multipart_params_auto: true,
  })
  return result.text()
}

function parseReply<Row>(text: string, row: z.ZodType<Row>): { data: Row[]; rows: number } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new DatabaseError('the reply of the database is cut off', { transient: true, cause })
  }
  const parsed = z.object({ data: z.array(row), rows: z.int() }).safeParse(json)
  if (parsed.success) return parsed.data
  throw new DatabaseError('the reply of the database has another shape', {
    transient: false,
    cause: parsed.error,
  })
}

type Client = ReturnType<typeof createClient>

/** By deadline: there are as many as the code names. */
const clients = new WeakMap<ClickHouseConnection, Map<number, Client>>()

function clientOf(connection: ClickHouseConnection, deadlineMs: number): Client {
  const known = clients.get(connection) ?? new Map<number, Client>()
  clients.set(connection, known)
  const client = known.get(deadlineMs) ?? openClient(connection, deadlineMs)
  known.set(deadlineMs, client)
  return client
}

function openClient(connection: ClickHouseConnection, deadlineMs: number): Client {
  return createClient({
    url: connection.url,
    database: connection.database,
    clickhouse_settings: { ...SETTINGS, max_execution_time: executionSeconds(deadlineMs) },
    application: 'croupier-edge',
    // The client's own timeout ends with the headers; the deadline in `fetch` covers the reply.
    request_timeout: deadlineMs,
    keep_alive: { enabled: false },
    log: { level: ClickHouseLogLevel.OFF },
    fetch: fetchWithin(connection, deadlineMs),
  })
}

/** When the server gives up, in whole seconds; 0 would mean never. */
function executionSeconds(deadlineMs: number): number {
  const seconds = Math.floor(deadlineMs / 1_000)
  return Math.max(seconds - SERVER_MARGIN_SECONDS, Math.floor(seconds / 2), 1)
}

/** `fetch` with a deadline over the whole reply, and credentials of any alphabet. */
function fetchWithin(connection: ClickHouseConnection, deadlineMs: number): typeof fetch {
  const authorization = authorizationOf(connection)
  return async (input, init) => {
    const headers = new Headers(init?.headers)
    headers.set('Authorization', authorization)
    const response = await fetch(input, {
      ...init,
      headers,
      // A redirect would carry the credentials somewhere else.
      redirect: 'manual',
      signal: AbortSignal.timeout(deadlineMs),
    })
    if (!response.ok && !response.headers.has('X-ClickHouse-Exception-Code')) {
      await response.body?.cancel()
      throw new UnexpectedStatusError(response.status)
    }
    return response
  }
}

function toDatabaseError(cause: unknown): DatabaseError {
  if (cause instanceof ClickHouseError) {
    const code = Number(cause.code)
    return new DatabaseError(`the database answered with error ${code}`, {
      transient: isTransient(code),
      code,
      cause,
    })
  }
  if (cause instanceof UnexpectedStatusError) {
    const transient = cause.status >= 500 || cause.status === 408 || cause.status === 429
    return new DatabaseError('the address of the database answered as no ClickHouse does', {
      transient,
      cause,
    })
  }
  return new DatabaseError('the database could not be reached, or did not answer in time', {
    transient: true,
    cause,
  })
}
