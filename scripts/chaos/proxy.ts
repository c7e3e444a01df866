/**
 * The way from the Worker to ClickHouse: a proxy that refuses, hangs, cuts replies, answers with errors and kills the
 * server, as the seed says.
 */
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Agent, createServer, request as httpRequest } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'

import { portOf } from '../local/free-port.ts'
import type { MortalClickHouse } from './database.ts'
import type { Fault, FaultTally, Schedules } from './schedule.ts'
import { POISON } from './sessions.ts'

const HANG_MS = [500, 2_500] as const
const AWAY_MS = [100, 1_500] as const
const REFUSAL_MS = [300, 1_200] as const

/** Error codes of ClickHouse by fault. */
const CODES: Readonly<Record<string, number>> = {
  'too many queries (202)': 202,
  'too many parts (252)': 252,
  'read-only (164)': 164,
  'memory limit (241)': 241,
  'unknown status after commit (319)': 319,
}

interface Reply {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: Buffer
}

type AnyFault = Fault<'insert'> | Fault<'query'>

export class FaultProxy {
  readonly #database: MortalClickHouse
  readonly #tally: FaultTally
  readonly #server: Server
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  readonly #port: number
  /** Null while nothing fails */
  #schedules: Schedules | null = null
  /** Rows that say so are refused for good, as rows that only the database finds wrong */
  refusesPoison = true

  private constructor(database: MortalClickHouse, tally: FaultTally, server: Server) {
    this.#database = database
    this.#tally = tally
    this.#server = server
    this.#port = portOf(server)
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch(() => {
        // ClickHouse is away: the Worker sees a connection that breaks.
        request.socket.destroy()
      })
    })
  }

  static async start(database: MortalClickHouse, tally: FaultTally): Promise<FaultProxy> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new FaultProxy(database, tally, server)
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** From now on inserts and questions fail as the schedules say; null ends it. */
  follow(schedules: Schedules | null): void {
    this.#schedules = schedules
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#agent.destroy()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    const table = insertedTable(request, body)
    const fault = this.#nextFault(table !== null)
    if (fault !== null) return this.#fail(fault, request, response, body)
    if (table === 'events' && this.refusesPoison && holdsPoison(request, body)) {
      return answer(response, errorReply(27, `Cannot parse input: ${POISON}`))
    }
    answer(response, await this.#forward(request, body))
  }

  #nextFault(isInsert: boolean): AnyFault | null {
    const operation = isInsert ? 'insert' : 'query'
    const fault = this.#schedules?.[operation].next() ?? null
    if (fault !== null) this.#tally.note(operation, fault.kind)
    return fault
  }

  /** What was committed stays committed: only the reply is lost or wrong. */
  async #fail(
    { kind, random }: AnyFault,
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
  ): Promise<void> {
    const { socket } = request
    switch (kind) {
      case 'reset':
        socket.destroy()
        return
      case 'hang before':
        await sleep(random.between(...HANG_MS))
        socket.destroy()
        return
      case 'hang after commit':
        await this.#forward(request, body)
        await sleep(random.between(...HANG_MS))
        socket.destroy()
        return
      case 'reply cut':
        cut(socket, await this.#forward(request, body))
        return
      case 'status 503':
        return answer(response, { status: 503, headers: {}, body: Buffer.from('no server') })
      case 'too many queries (202)':
      case 'too many parts (252)':
      case 'read-only (164)':
      case 'memory limit (241)':
        return answer(response, errorReply(CODES[kind] ?? 0, kind))
      case 'unknown status after commit (319)':
        await this.#forward(request, body)
        return answer(response, errorReply(319, kind))
      case 'exception in a 200':
        return answer(response, {
          status: 200,
          headers: { 'x-clickhouse-summary': '{"read_rows":"0"}' },
          body: Buffer.from('Code: 241. DB::Exception: memory limit exceeded'),
        })
      case 'a 200 of no ClickHouse':
        return answer(response, { status: 200, headers: {}, body: Buffer.from('It works!') })
      case 'refused for a time':
        socket.destroy()
        return this.#refuseFor(random.between(...REFUSAL_MS))
      case 'SIGKILL before':
        await this.#database.crash(random.between(...AWAY_MS))
        socket.destroy()
        return
      case 'SIGKILL while inserting':
        // The reply never comes, whether the insert did or not.
        this.#forward(request, body).catch(() => undefined)
        await sleep(random.between(0, 15))
        await this.#database.crash(random.between(...AWAY_MS))
        socket.destroy()
        return
      case 'SIGKILL after commit':
        await this.#forward(request, body)
        await this.#database.crash(random.between(...AWAY_MS))
        socket.destroy()
        return
    }
  }

  /** Nobody listens: the system refuses the connection. */
  async #refuseFor(ms: number): Promise<void> {
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeAllConnections()
    await sleep(ms)
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  async #forward(request: IncomingMessage, body: Buffer): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const { host: _, ...headers } = request.headers
    const forwarded = httpRequest(
      `${this.#database.url}${request.url ?? '/'}`,
      {
        method: request.method ?? 'POST',
        headers: { ...headers, 'content-length': String(body.byteLength) },
        agent: this.#agent,
      },
      resolve,
    )
    forwarded.on('error', reject)
    forwarded.end(body)
    const reply = await promise
    return { status: reply.statusCode ?? 502, headers: reply.headers, body: await buffer(reply) }
  }
}

/** The table of an insert of rows, `?` for another insert, null for a question. */
function insertedTable(request: IncomingMessage, body: Buffer): string | null {
  const inUrl = new URL(request.url ?? '/', 'http://proxy').searchParams.get('query')
  const sql = inUrl ?? body.subarray(0, 200).toString('utf8')
  const found = /^\s*INSERT INTO (?<table>\w+)/.exec(sql)
  return found === null ? null : (found.groups?.['table'] ?? '?')
}

function holdsPoison(request: IncomingMessage, body: Buffer): boolean {
  const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
  return plain.includes(POISON)
}

function errorReply(code: number, text: string): Reply {
  return {
    status: 500,
    headers: { 'x-clickhouse-exception-code': String(code) },
    body: Buffer.from(`Code: ${code}. DB::Exception: ${text}`),
  }
}

function answer(response: ServerResponse, { status, headers, body }: Reply): void {
  const { 'transfer-encoding': _, connection: __, ...kept } = headers
  response.writeHead(status, { ...kept, 'content-length': String(body.byteLength) })
  response.end(body)
}

/** Half of a reply: of the headers where there is no body. */
function cut(socket: IncomingMessage['socket'], { body }: Reply): void {
  const head = 'HTTP/1.1 200 OK\r\nX-ClickHouse-Summary: {"read'
  const half = body.subarray(0, Math.floor(body.byteLength / 2))
  if (half.byteLength === 0) socket.end(head)
  else {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.byteLength}\r\n\r\n`)
    socket.end(half)
  }
}
