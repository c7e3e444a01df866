/**
 * The writer against a real ClickHouse, where every error code in its list is provoked, and against a
 * server that breaks the protocol in the ways that networks and proxies do.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'

import { afterAll, beforeAll, describe, inject, it } from 'vitest'

import { quoteName, runSql } from '../../scripts/database/run-sql.ts'
import { freePort, portOf } from '../../scripts/local/free-port.ts'
import { migrate } from '../../scripts/migrate.ts'
import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import type { Insert, InsertOutcome } from '../../src/clickhouse/writer.ts'
import { insertRows } from '../../src/clickhouse/writer.ts'
import { dropDatabase } from '../stack/test-database.ts'

const server = inject('clickhouse')
const connection = { ...server, database: `${server.database}_writer` }
const empty = { ...server, database: `${server.database}_writer_empty` }

beforeAll(async () => {
  // The rows below have fixed times; a retention would take them away one day.
  await migrate(connection, () => undefined, { retention: { eventsDays: 0, rejectedDays: 0 } })
  await runSql(server, `CREATE DATABASE ${quoteName(empty.database)}`)
})

afterAll(async () => {
  await dropDatabase(connection)
  await dropDatabase(empty)
})

type Row = Readonly<Record<string, unknown>>

function anEvent(eventId: string, changes: Row = {}): Row {
  return {
    event_time: '2026-11-01 10:00:00.123',
    client_time: '2026-11-01 10:00:00.123',
    received_time: '2026-11-01 10:00:01.456',
    game_id: 'writer',
    env: 'prod',
    event: 'user.login',
    event_id: eventId,
    user_id: `user of ${eventId}`,
    props_json: '{}',
    ...changes,
  }
}

function insertOf(rows: readonly (Row | string)[], token: string): Insert {
  const lines = rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`)
  const ndjson = new TextEncoder().encode(lines.join(''))
  return { table: 'events', ndjson, rows: rows.length, token }
}

/** How many rows there are, duplicates included, whose event_id starts so. */
async function countEvents(prefix: string): Promise<number> {
  const sql = 'SELECT count() FROM events WHERE startsWith(event_id, {prefix:String})'
  return Number(await runSql(connection, sql, { prefix }))
}

describe('insertRows on a real ClickHouse', () => {
  it('stores the rows as they are, to the millisecond', async ({ expect }) => {
    const rows = [anEvent('as-is', { user_id: 'Зоя 😀 "\\\n\u0000', props_json: '{"a":[1,"é"]}' })]
    expect(await insertRows(connection, insertOf(rows, 'as-is'))).toEqual({ kind: 'stored' })
    const text = await runSql(
      connection,
      `SELECT user_id, props_json, toString(event_time) AS event_time
       FROM events WHERE event_id = 'as-is' FORMAT JSONEachRow`,
    )
    expect(JSON.parse(text)).toEqual({
      user_id: 'Зоя 😀 "\\\n\u0000',
      props_json: '{"a":[1,"é"]}',
      event_time: '2026-11-01 10:00:00.123',
    })
  })

  it('keeps the attempt that was received first, in whatever order they are stored', async ({
    expect,
  }) => {
    for (const second of ['03', '01', '02']) {
      const row = anEvent('first', { received_time: `2026-11-01 10:00:${second}.000` })
      await insertRows(connection, insertOf([row], `first ${second}`))
    }
    const text = await runSql(
      connection,
      "SELECT toString(received_time) FROM events FINAL WHERE event_id = 'first'",
    )
    expect(text).toBe('2026-11-01 10:00:01.000\n')
  })

  it('stores nothing twice when the same token comes again', async ({ expect }) => {
    const insert = insertOf([anEvent('twice-1'), anEvent('twice-2')], 'twice')
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await insertRows(connection, insert)).toEqual({ kind: 'stored' })
    }
    expect(await countEvents('twice')).toBe(2)
  })

  it('stores nothing twice when two attempts with one token run at once', async ({ expect }) => {
    const rows = Array.from({ length: 500 }, (_, index) => anEvent(`at-once-${index}`))
    const insert = insertOf(rows, 'at-once')
    const outcomes = await Promise.all([1, 2, 3].map(() => insertRows(connection, insert)))
    expect(outcomes.map(({ kind }) => kind)).toContain('stored')
    expect(await countEvents('at-once')).toBe(500)
  })

  it('stores a large insert whole, compressed on the way', async ({ expect }) => {
    const rows = Array.from({ length: 20_000 }, (_, index) => anEvent(`large-${index}`))
    expect(await insertRows(connection, insertOf(rows, 'large'))).toEqual({ kind: 'stored' })
    expect(await countEvents('large')).toBe(20_000)
  })

  it('stores rows of every partition that the table can have in one insert', async ({ expect }) => {
    const months = Array.from({ length: 360 }, (_, index) =>
      new Date(Date.UTC(2020, index, 15)).toISOString(),
    )
    const clocks = [...months, '1999-01-01T00:00:00.000Z']
    const rows = clocks.map((client_time, index) => anEvent(`month-${index}`, { client_time }))
    expect(await insertRows(connection, insertOf(rows, 'months'))).toEqual({ kind: 'stored' })
    expect(await countEvents('month')).toBe(361)
  })

  it.for<[string, Row | string, number]>([
    ['text that is no JSON', 'hello', 27],
    ['a cut line', '{"event_id":"poison-cut","user_id":"u', 27],
    ['half of a surrogate pair', anEvent('poison', { user_id: '\ud800' }), 25],
    ['a null where the table has none', anEvent('poison', { user_id: null }), 117],
    ['a field twice', '{"event_id":"poison","event_id":"poison"}', 117],
    ['a word for a time', anEvent('poison', { event_time: 'yesterday' }), 41],
    ['a month 13', anEvent('poison', { event_time: '2026-13-01 00:00:00' }), 41],
    ['a negative unsigned number', anEvent('poison', { row_version: -1 }), 72],
    ['text for a number', anEvent('poison', { skew_ms: 'soon' }), 27],
    ['a fraction for a whole number', anEvent('poison', { skew_ms: 1.5 }), 27],
  ])('refuses %s, and with it the whole insert', async ([, row, code], { expect }) => {
    const rows = [anEvent('poison-before'), row, anEvent('poison-after')]
    const outcome = await insertRows(connection, insertOf(rows, `poison ${JSON.stringify(row)}`))
    expect(outcome).toMatchObject({ kind: 'refused', code })
    expect(await countEvents('poison')).toBe(0)
  })

  it('refuses a value that an enumeration does not have', async ({ expect }) => {
    const ndjson = new TextEncoder().encode('{"order_id":"o","reported_by":"nobody"}\n')
    const insert: Insert = { table: 'payments', ndjson, rows: 1, token: 'enum' }
    expect(await insertRows(connection, insert)).toMatchObject({ kind: 'refused', code: 691 })
  })

  it.for<[string, ClickHouseConnection, Row, number]>([
    ['a missing database', { ...server, database: 'nowhere' }, anEvent('schema'), 81],
    ['a missing table', empty, anEvent('schema'), 60],
    ['a missing column', connection, anEvent('schema', { column_of_tomorrow: 1 }), 117],
    ['an unknown user', { ...connection, user: 'nobody' }, anEvent('schema'), 516],
  ])(
    'holds %s against nobody: the rows may come again',
    async ([, target, row, code], { expect }) => {
      const outcome = await insertRows(target, insertOf([row], 'schema'))
      expect(outcome).toMatchObject({ kind: 'transient', code })
    },
  )
})

const SUMMARY = 'X-ClickHouse-Summary: {"read_rows":"1","written_rows":"1"}'
const PASSWORD = 'hunter2'
const DEADLINE_MS = 400

interface Break {
  readonly reply: string
  /** What happens to the connection after the reply */
  readonly afterwards: 'hang' | 'end' | 'reset'
}

const http = (status: string, headers: readonly string[], body: string): string =>
  [`HTTP/1.1 ${status}`, ...headers, '', body].join('\r\n')

/** Inserts one row through a server that reads a request and answers it with `broken`. */
async function insertThrough(broken: Break): Promise<{ outcome: InsertOutcome; sent: string }> {
  const sockets: Socket[] = []
  let sent = ''
  const listener = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', (data) => {
      sent = data.toString('latin1')
      socket.write(broken.reply, () => {
        if (broken.afterwards === 'end') socket.end()
        if (broken.afterwards === 'reset') socket.resetAndDestroy()
      })
    })
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  try {
    const outcome = await insertAt(portOf(listener))
    return { outcome, sent }
  } finally {
    for (const socket of sockets) socket.destroy()
    listener.close()
  }
}

function insertAt(port: number): Promise<InsertOutcome> {
  const target = { url: `http://127.0.0.1:${port}`, user: 'u', password: PASSWORD, database: 'd' }
  return insertRows(target, insertOf([anEvent('broken')], 'broken'), { deadlineMs: DEADLINE_MS })
}

describe('insertRows through a broken network', () => {
  it.for<[string, Break]>([
    ['a connection reset after the request', { reply: '', afterwards: 'reset' }],
    ['a connection closed without a reply', { reply: '', afterwards: 'end' }],
    ['a reply cut in its headers', { reply: 'HTTP/1.1 200 OK\r\nContent-', afterwards: 'end' }],
    [
      'a reply shorter than announced',
      { reply: http('200 OK', [SUMMARY, 'Content-Length: 9'], 'ab'), afterwards: 'end' },
    ],
    [
      'chunks without an end',
      {
        reply: http('200 OK', [SUMMARY, 'Transfer-Encoding: chunked'], '2\r\nab\r\n'),
        afterwards: 'end',
      },
    ],
    ['no HTTP at all', { reply: 'SSH-2.0-OpenSSH_9.9\r\n', afterwards: 'end' }],
    [
      'status 503 of a proxy',
      { reply: http('503 Busy', ['Content-Length: 0'], ''), afterwards: 'end' },
    ],
    [
      'status 413 of a proxy',
      { reply: http('413 Large', ['Content-Length: 0'], ''), afterwards: 'end' },
    ],
    [
      'a redirect',
      {
        reply: http('307 Elsewhere', ['Location: http://127.0.0.1:1/', 'Content-Length: 0'], ''),
        afterwards: 'end',
      },
    ],
    [
      'status 200 of something that is no ClickHouse',
      { reply: http('200 OK', ['Content-Length: 5'], 'hello'), afterwards: 'end' },
    ],
    [
      'a summary that cannot be read',
      {
        reply: http('200 OK', ['X-ClickHouse-Summary: ?', 'Content-Length: 0'], ''),
        afterwards: 'end',
      },
    ],
  ])('calls %s transient', async ([, broken], { expect }) => {
    const { outcome } = await insertThrough(broken)
    expect(outcome).toMatchObject({ kind: 'transient', code: null })
  })

  it.for<[string, string]>([
    ['before the headers', ''],
    ['in the headers', 'HTTP/1.1 200 OK\r\nContent-'],
    ['in the body', http('200 OK', [SUMMARY, 'Content-Length: 9'], 'ab')],
  ])('stops waiting at the deadline when the reply hangs %s', async ([, reply], { expect }) => {
    const startMs = performance.now()
    const { outcome } = await insertThrough({ reply, afterwards: 'hang' })
    expect(outcome).toMatchObject({ kind: 'transient', code: null })
    expect(outcome).toHaveProperty('reason', expect.stringContaining('timeout'))
    expect(performance.now() - startMs).toBeLessThan(DEADLINE_MS + 2_000)
  })

  it('calls a refused connection transient', async ({ expect }) => {
    expect(await insertAt(await freePort())).toMatchObject({ kind: 'transient', code: null })
  })

  it.for([
    [241, 'transient'],
    [27, 'refused'],
  ] as const)('sees error %i behind status 200', async ([code, kind], { expect }) => {
    const headers = [SUMMARY, `X-ClickHouse-Exception-Code: ${code}`, 'Content-Length: 0']
    const { outcome } = await insertThrough({
      reply: http('200 OK', headers, ''),
      afterwards: 'end',
    })
    expect(outcome).toMatchObject({ kind, code })
  })

  it('does not believe a server that has read fewer rows than were sent', async ({ expect }) => {
    const insert = { ...insertOf([anEvent('fewer')], 'fewer'), rows: 2 }
    expect(await insertRows(connection, insert)).toMatchObject({
      kind: 'transient',
      reason: 'the server read 1 of 2 rows',
    })
  })

  it('sends the password in a header and repeats it nowhere', async ({ expect }) => {
    const echo = http('500 Broken', ['Content-Length: 7'], 'sorry!!')
    const { outcome, sent } = await insertThrough({ reply: echo, afterwards: 'end' })
    const encoded = Buffer.from(`u:${PASSWORD}`).toString('base64')
    expect(sent.toLowerCase()).toContain(`authorization: basic ${encoded.toLowerCase()}`)
    expect(sent).not.toContain(PASSWORD)
    expect(JSON.stringify(outcome)).not.toContain(PASSWORD)
  })
})
