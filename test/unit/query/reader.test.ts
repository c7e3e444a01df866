import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'

import { describe, it } from 'vitest'
import { z } from 'zod'

import type { ClickHouseConnection } from '../../../src/clickhouse/connection.ts'
import { ask, DatabaseError } from '../../../src/clickhouse/reader.ts'

const row = z.object({ n: z.int() })
const question = { sql: 'SELECT n FROM secret_table', params: {}, row }
const GOOD_REPLY = '{"meta":[],"data":[{"n":1},{"n":2}],"rows":2}'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Runs `use` against an HTTP server on loopback that answers as told. */
async function withServer<Result>(
  handler: Handler,
  use: (connection: ClickHouseConnection) => Promise<Result>,
): Promise<Result> {
  const server = createServer(handler)
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  try {
    return await use({
      url: `http://127.0.0.1:${port}`,
      user: 'u',
      password: 'p:ключ',
      database: 'd',
    })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

function answering(status: number, body: string, headers: Record<string, string> = {}): Handler {
  return (request, response) => {
    request.resume().on('end', () => response.writeHead(status, headers).end(body))
  }
}

/** The error of a question to a server that answers so. */
async function failureOf(handler: Handler): Promise<DatabaseError> {
  const outcome = await withServer(handler, (connection) =>
    ask(connection, question).catch((error: unknown) => error),
  )
  if (outcome instanceof DatabaseError) return outcome
  throw new Error(`no DatabaseError but ${String(outcome)}`)
}

describe('ask', () => {
  it('returns the rows of a complete reply', async ({ expect }) => {
    const rows = await withServer(answering(200, GOOD_REPLY), (connection) =>
      ask(connection, question),
    )
    expect(rows).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('sends bound parameters, fixed settings and credentials of any alphabet', async ({
    expect,
  }) => {
    const seen: { url?: URL; authorization?: string | undefined; body: string } = { body: '' }
    await withServer(
      (request, response) => {
        seen.url = new URL(request.url ?? '', 'http://server.test')
        seen.authorization = request.headers.authorization
        request.on('data', (chunk) => (seen.body += String(chunk)))
        request.on('end', () => response.end(GOOD_REPLY))
      },
      (connection) =>
        ask(connection, {
          ...question,
          params: { text: "it's\t\\", list: ["a'b"], numbers: [1, 2] },
        }),
    )
    const sent = Object.fromEntries(seen.url?.searchParams ?? [])
    expect(sent).toMatchObject({
      database: 'd',
      param_text: "it\\'s\\t\\\\",
      param_list: "['a\\'b']",
      param_numbers: '[1,2]',
      readonly: '2',
      wait_end_of_query: '1',
      max_execution_time: '25',
      output_format_json_quote_64bit_integers: '0',
      use_skip_indexes_if_final_exact_mode: '1',
      session_timezone: 'UTC',
      limit: '0',
    })
    expect(seen.body).toBe('SELECT n FROM secret_table \nFORMAT JSON')
    expect(Buffer.from(seen.authorization?.split(' ')[1] ?? '', 'base64').toString()).toBe(
      'u:p:ключ',
    )
  })

  it('gives up after its own deadline, and tells the server to do so before', async ({
    expect,
  }) => {
    const seen = { seconds: '', isAborted: false }
    const aborted = Promise.withResolvers<void>()
    const startMs = Date.now()
    const outcome = await withServer(
      (request, response) => {
        seen.seconds =
          new URL(request.url ?? '', 'http://server.test').searchParams.get('max_execution_time') ??
          ''
        response.on('close', () => {
          seen.isAborted = true
          aborted.resolve()
        })
        // The status line comes, the reply never does.
        response.writeHead(200).flushHeaders()
      },
      async (connection) => {
        const error: unknown = await ask(connection, question, { deadlineMs: 1_000 }).catch(
          (cause: unknown) => cause,
        )
        await aborted.promise
        return error
      },
    )
    expect(outcome).toMatchObject({ name: 'DatabaseError', transient: true, code: null })
    expect(seen).toEqual({ seconds: '1', isAborted: true })
    expect(Date.now() - startMs).toBeLessThan(5_000)
  })

  it('sends long parameters in the body', async ({ expect }) => {
    let url = ''
    await withServer(
      (request, response) => {
        url = request.url ?? ''
        request.resume().on('end', () => response.end(GOOD_REPLY))
      },
      (connection) => ask(connection, { ...question, params: { text: 'x'.repeat(10_000) } }),
    )
    expect(url.length).toBeLessThan(4_000)
  })

  it.for([
    [60, false],
    [47, false],
    [516, false],
    [115, false],
    [159, true],
    [202, true],
    [241, true],
    [394, true],
  ] as const)('error %d of the server is transient: %s', async ([code, transient], { expect }) => {
    const text = `Code: ${code}. DB::Exception: near secret_table. (SOME_ERROR) (version 26.7)`
    const headers = { 'X-ClickHouse-Exception-Code': String(code) }
    const error = await failureOf(answering(500, text, headers))
    expect(error).toMatchObject({ transient, code })
    expect(error.message).not.toContain('secret_table')
    expect(String(error.cause)).toContain('secret_table')
  })

  it('an exception after the status line is an error', async ({ expect }) => {
    const text = 'Code: 241. DB::Exception: memory. (MEMORY_LIMIT_EXCEEDED)'
    const error = await failureOf(answering(200, text, { 'X-ClickHouse-Exception-Code': '241' }))
    expect(error).toMatchObject({ transient: true, code: 241 })
  })

  it.for([
    ['an empty reply', '', true],
    ['a reply that is cut off', GOOD_REPLY.slice(0, -8), true],
    ['a reply that misses rows', '{"data":[{"n":1}],"rows":2}', true],
    ['a page of something else', '<html>login</html>', true],
    ['a row of another shape', '{"data":[{"n":"1"}],"rows":1}', false],
    ['a number that a double cannot hold', '{"data":[{"n":9007199254740993}],"rows":1}', false],
  ] as const)('%s is an error', async ([, body, transient], { expect }) => {
    expect(await failureOf(answering(200, body))).toMatchObject({ transient, code: null })
  })

  it.for([
    [502, true],
    [503, true],
    [429, true],
    [401, false],
    [404, false],
    [301, false],
  ] as const)(
    'status %d without a code is transient: %s',
    async ([status, transient], { expect }) => {
      const handler = answering(status, 'Bad Gateway', { Location: 'http://127.0.0.1:1/' })
      expect(await failureOf(handler)).toMatchObject({ transient, code: null })
    },
  )

  it('a connection that ends within the reply is an error that may pass', async ({ expect }) => {
    const error = await failureOf((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200, { 'Content-Length': '1000' })
        response.write(GOOD_REPLY, () => response.destroy())
      })
    })
    expect(error).toMatchObject({ transient: true, code: null })
  })
})
