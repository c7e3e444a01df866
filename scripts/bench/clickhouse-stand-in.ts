/**
 * Takes inserts and answers as ClickHouse does, without storing anything: what an insert costs the database is not
 * what is measured. It can keep what it was sent.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { gunzipSync } from 'node:zlib'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { portOf } from '../local/free-port.ts'

const NEWLINE = 0x0a

/** One insert as it arrived. */
export interface ReceivedInsert {
  /** Path and parameters of the request: the statement and its settings */
  readonly target: string
  /** NDJSON, inflated */
  readonly ndjson: Buffer
}

export interface StandIn {
  readonly connection: ClickHouseConnection
  /** From here on inserts are kept; what was kept before is forgotten. */
  keep(): void
  kept(): readonly ReceivedInsert[]
  stop(): Promise<void>
}

/** Starts it on a free port of the loopback interface. */
export async function startStandIn(): Promise<StandIn> {
  let inserts: ReceivedInsert[] | null = null
  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request)
    const target = request.url ?? ''
    const statement = new URL(target, 'http://stand-in').searchParams.get('query')
    const isInsert = statement?.startsWith('INSERT') === true
    const isPlain = request.headers['content-encoding'] === undefined
    const ndjson = isPlain ? body : gunzipSync(body)
    if (isInsert) inserts?.push({ target, ndjson })
    answer(response, isInsert ? rowsIn(ndjson) : 0)
  }
  const server = createServer((request, response) => void receive(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${portOf(server)}`
  return {
    connection: { url, user: 'default', password: '', database: 'analytics' },
    keep: () => (inserts = []),
    kept: () => inserts ?? [],
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

function answer(response: ServerResponse, rows: number): void {
  const summary = { read_rows: String(rows), written_rows: String(rows) }
  response.writeHead(200, { 'X-ClickHouse-Summary': JSON.stringify(summary) }).end()
}

function rowsIn(ndjson: Buffer): number {
  let rows = 0
  for (const byte of ndjson) if (byte === NEWLINE) rows += 1
  return rows
}
