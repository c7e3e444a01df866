/** Statements to ClickHouse from Node scripts; text and bound parameters in, text out, failures thrown. */
import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { request } from '../../src/clickhouse/request.ts'

/** Schema changes wait for merges; Node's fetch waits 300 s for headers at most. */
const STATEMENT_DEADLINE_MS = 280_000

/** The server refused a statement. */
export class SqlError extends Error {
  override readonly name = 'SqlError'
  /** ClickHouse error code; null when the reply is not ClickHouse's */
  readonly code: number | null

  constructor(message: string, code: number | null) {
    super(message)
    this.code = code
  }
}

/**
 * Runs one statement and returns what it answers; `parameters` are the values of its `{name:Type}`
 * placeholders. Throws SqlError when the server refuses it, and an Error with
 * the reason when there is no reply.
 */
export async function runSql(
  connection: ClickHouseConnection,
  sql: string,
  parameters: Readonly<Record<string, string | number>> = {},
): Promise<string> {
  const values = Object.entries(parameters).map(([name, value]) => [`param_${name}`, String(value)])
  const reply = await request(connection, {
    parameters: {
      ...Object.fromEntries(values),
      // The status line is sent once the statement has ended, so it tells the truth.
      wait_end_of_query: '1',
      // Schema statements insert single rows; they must be there when the statement has ended.
      async_insert: '0',
    },
    body: sql,
    deadlineMs: STATEMENT_DEADLINE_MS,
  })
  if (reply.code !== null || reply.status !== 200) {
    throw new SqlError(`HTTP status ${reply.status}: ${reply.text.trim()}`, reply.code)
  }
  return reply.text
}

/** A database, table or column name as SQL. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}
