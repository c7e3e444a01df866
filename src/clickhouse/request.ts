/**
 * One HTTP request to ClickHouse with web APIs only (workerd and Node): credentials, one deadline over
 * connecting, sending, waiting and the whole reply, and a reply that is always read to its end.
 */
import type { ClickHouseConnection } from './connection.ts'
import { authorizationOf } from './connection.ts'
import { exceptionCodeOf } from './error-codes.ts'

export interface Request {
  /** URL parameters: settings, the query where the body holds data, `param_<name>` values. */
  readonly parameters: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  readonly contentEncoding?: 'gzip'
  readonly deadlineMs: number
}

export interface Reply {
  readonly status: number
  /** ClickHouse error code; null when the reply carries none */
  readonly code: number | null
  /** X-ClickHouse-Summary as sent; every ClickHouse sends it, nothing else does */
  readonly summary: string | null
  readonly text: string
}

/**
 * Sends and reads. The reply may be an error: look at `code` and `status`. Throws an Error with the reason
 * when there is no whole reply: refused, cut off, past the deadline.
 */
export async function request(connection: ClickHouseConnection, sent: Request): Promise<Reply> {
  const url = new URL(connection.url)
  url.searchParams.set('database', connection.database)
  for (const [name, value] of Object.entries(sent.parameters)) url.searchParams.set(name, value)
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        Authorization: authorizationOf(connection),
        'Content-Type': 'application/octet-stream',
        ...(sent.contentEncoding && { 'Content-Encoding': sent.contentEncoding }),
      },
      body: sent.body,
      // A redirect would repeat the rows and the credentials somewhere else.
      redirect: 'manual',
      signal: AbortSignal.timeout(sent.deadlineMs),
    })
    const text = await response.text()
    return {
      status: response.status,
      code: exceptionCodeOf(response.headers.get('X-ClickHouse-Exception-Code'), text),
      summary: response.headers.get('X-ClickHouse-Summary'),
      text,
    }
  } catch (cause) {
    throw new Error(`no reply from ClickHouse: ${reasonOf(cause)}`, { cause })
  }
}

/** `fetch` keeps the reason of a network failure in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
