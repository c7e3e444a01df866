/** The migration runner on a real ClickHouse: once, twice, two at a time, half way, and against edits. */
import { execFile } from 'node:child_process'
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterEach, beforeEach, describe, inject, it } from 'vitest'

import { runSql } from '../../scripts/database/run-sql.ts'
import { splitStatements } from '../../scripts/database/sql-statements.ts'
import { freePort } from '../../scripts/local/free-port.ts'
import { PROJECT_ROOT } from '../../scripts/local/wrangler.ts'
import { migrate } from '../../scripts/migrate.ts'
import { dropDatabase } from '../stack/test-database.ts'

const server = inject('clickhouse')
const connection = { ...server, database: `${server.database}_migrate` }
const REAL_FOLDER = join(PROJECT_ROOT, 'configs/clickhouse')

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'croupier-migrations-'))
})

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  await dropDatabase(connection)
})

function write(name: string, sql: string): void {
  writeFileSync(join(folder, name), sql)
}

/** Migrates and returns the lines that were logged. */
async function run(options: Parameters<typeof migrate>[2] = { folder }): Promise<string[]> {
  const lines: string[] = []
  await migrate(connection, (line) => lines.push(line), options)
  return lines
}

async function column(sql: string): Promise<string[]> {
  return (await runSql(connection, sql)).split('\n').slice(0, -1)
}

const TABLES = 'SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name'
const RECORDS = 'SELECT name FROM schema_migrations ORDER BY version'

const A = 'CREATE TABLE IF NOT EXISTS a (n UInt8) ENGINE = MergeTree ORDER BY n;'
const B = 'CREATE TABLE IF NOT EXISTS b (n UInt8) ENGINE = MergeTree ORDER BY n;'
/** applyRetention() wants these. */
const RETAINED = `
CREATE TABLE IF NOT EXISTS events (event_time DateTime64(3)) ENGINE = MergeTree ORDER BY event_time;
CREATE TABLE IF NOT EXISTS events_rejected (received_time DateTime64(3)) ENGINE = MergeTree ORDER BY received_time;
CREATE TABLE IF NOT EXISTS audit_log (time DateTime64(3)) ENGINE = MergeTree ORDER BY time;
`

/** 100 rows for each table that a later file changes, in the columns of the first four files. */
const ROWS_OF_FOUR_FILES = [
  `INSERT INTO events (event_time, game_id, env, user_id, event, event_id, client_time, received_time)
   SELECT '2026-11-20 10:00:00', 'old', 'prod', toString(number), 'session.start', toString(number),
       '2026-11-20 10:00:00', '2026-11-20 10:00:00' FROM numbers(100)`,
  `INSERT INTO payments (time, game_id, env, user_id, order_id, amount_cents, currency, status, received_time)
   SELECT '2026-11-20 10:00:00', 'old', 'prod', 'u', toString(number), 100, 'USD', 'success',
       '2026-11-20 10:00:00' FROM numbers(100)`,
  `INSERT INTO events_rejected (received_time, game_id, env, rejection_id, code, payload)
   SELECT '2026-11-20 10:00:00', 'old', 'prod', toString(number), 'unknown_event', '{}' FROM numbers(100)`,
  `INSERT INTO dead_letters (dead_time, dead_letter_id, game_id)
   SELECT '2026-11-20 10:00:00', toString(number), 'old' FROM numbers(100)`,
]

function paymentRow(status: string, amountCents: number, refundId?: string): string {
  const [name, value] = refundId === undefined ? ['', ''] : [', refund_id', `, '${refundId}'`]
  return `INSERT INTO payments
    (time, game_id, env, user_id, order_id, amount_cents, currency, status, received_time${name})
    VALUES ('2026-11-20 10:00:00', 'old', 'prod', 'u', 'order', ${amountCents}, 'USD', '${status}',
    '2026-11-20 10:00:00'${value})`
}

describe('migrate', () => {
  it('makes the database and every table, and records each file', async ({ expect }) => {
    await run({})
    expect(await column(RECORDS)).toEqual(readdirSync(REAL_FOLDER).toSorted())
    expect(await column(TABLES)).toEqual([
      'audit_log',
      'daily_exact',
      'daily_online_peak',
      'daily_revenue',
      'daily_users',
      'dead_letters',
      'events',
      'events_rejected',
      'minute_online',
      'payments',
      'schema_migrations',
    ])
  })

  it('does nothing the second time', async ({ expect }) => {
    await run({})
    const before = await column(`SELECT * FROM schema_migrations ORDER BY version`)
    expect(await run({})).toEqual([`${connection.database}: nothing to migrate`])
    expect(await column(`SELECT * FROM schema_migrations ORDER BY version`)).toEqual(before)
  })

  it('runs only the files that are missing', async ({ expect }) => {
    write('001_a.sql', A + RETAINED)
    await run()
    write('002_b.sql', B)
    expect(await run()).toEqual([`${connection.database}: ran 002_b.sql`])
    expect(await column(TABLES)).toContain('b')
  })

  it('lets two runners work at once', async ({ expect }) => {
    await Promise.all([run({}), run({}), run({})])
    const records = await column('SELECT name FROM schema_migrations FINAL ORDER BY version')
    expect(records).toEqual(readdirSync(REAL_FOLDER).toSorted())
    expect(await run({})).toEqual([`${connection.database}: nothing to migrate`])
  })

  it('runs a file again that failed half way', async ({ expect }) => {
    write(
      '001_a.sql',
      `${A}\n${RETAINED}\nCREATE TABLE IF NOT EXISTS b (n Nonsense) ENGINE = Memory;`,
    )
    await expect(run()).rejects.toThrow(/^001_a\.sql, statement 5: .*Nonsense/)
    expect(await column(TABLES)).toContain('a')
    expect(await column(RECORDS)).toEqual([])

    write('001_a.sql', `${A}\n${RETAINED}\n${B}`)
    await run()
    expect(await column(TABLES)).toContain('b')
    expect(await column(RECORDS)).toEqual(['001_a.sql'])
  })

  it('refuses an edited file and changes nothing', async ({ expect }) => {
    write('001_a.sql', A + RETAINED)
    await run()
    write('001_a.sql', `${A}${RETAINED}-- an afterthought`)
    write('002_b.sql', B)
    await expect(run()).rejects.toThrow('001_a.sql was edited after it had been run')
    expect(await column(TABLES)).not.toContain('b')
  })

  it('takes other line ends for no edit', async ({ expect }) => {
    write('001_a.sql', A + RETAINED)
    await run()
    write('001_a.sql', (A + RETAINED).replaceAll('\n', '\r\n'))
    expect(await run()).toEqual([`${connection.database}: nothing to migrate`])
  })

  it('refuses a database that is newer than the folder', async ({ expect }) => {
    write('001_a.sql', A + RETAINED)
    write('002_b.sql', B)
    await run()
    rmSync(join(folder, '002_b.sql'))
    await expect(run()).rejects.toThrow('has run 002_b.sql, which is not in the folder')
  })

  it.for([
    [['001_a.sql', '001_b.sql'], '001_a.sql and 001_b.sql have the same number'],
    [['1_a.sql'], '1_a.sql is not named like'],
    [['001 a.sql'], '001 a.sql is not named like'],
  ] as const)('refuses a folder of %j', async ([names, message], { expect }) => {
    for (const name of names) write(name, A)
    await expect(run()).rejects.toThrow(message)
  })

  it('brings a database with rows from four files to all of them, and keeps every row', async ({
    expect,
  }) => {
    const files = readdirSync(REAL_FOLDER).toSorted()
    for (const file of files.slice(0, 4)) copyFileSync(join(REAL_FOLDER, file), join(folder, file))
    // Without a retention: the audit log does not exist yet, and the rows have fixed times.
    await run({ folder, retention: {} })
    for (const sql of ROWS_OF_FOUR_FILES) await runSql(connection, sql)

    for (const file of files.slice(4)) copyFileSync(join(REAL_FOLDER, file), join(folder, file))
    await run({ folder, retention: {} })
    for (const table of ['events', 'payments', 'events_rejected', 'dead_letters']) {
      expect(await column(`SELECT count() FROM ${table} FINAL`), table).toEqual(['100'])
      await runSql(connection, `OPTIMIZE TABLE ${table} FINAL`)
      expect(await column(`SELECT count() FROM ${table}`), table).toEqual(['100'])
    }
    const old = await column(`
      SELECT DISTINCT verdict, door, reported_by, toUnixTimestamp(sent_time), toUnixTimestamp(replayed_time)
      FROM events_rejected`)
    expect(old).toEqual([['rejected', 'events', 'client', '0', '0'].join('\t')])
    expect(await column('SELECT DISTINCT enriched, is_bot, sample_percent FROM events')).toEqual([
      ['[]', 'false', '100'].join('\t'),
    ])
  })

  it('counts an order that was refunded in parts before and after as it was', async ({
    expect,
  }) => {
    const files = readdirSync(REAL_FOLDER).toSorted()
    for (const file of files.slice(0, 4)) copyFileSync(join(REAL_FOLDER, file), join(folder, file))
    await run({ folder, retention: {} })
    await runSql(connection, paymentRow('refunded', 100))
    for (const file of files.slice(4)) copyFileSync(join(REAL_FOLDER, file), join(folder, file))
    await run({ folder, retention: {} })
    // The same refund again replaces the old row; a part with an id of its own stands beside it.
    await runSql(connection, paymentRow('refunded', 100))
    await runSql(connection, paymentRow('refunded', 30, 'part-1'))
    await runSql(connection, paymentRow('refunded', 30, 'part-1'))
    await runSql(connection, 'OPTIMIZE TABLE payments FINAL')
    expect(await column('SELECT refund_id, amount_cents FROM payments ORDER BY refund_id')).toEqual(
      [['', '100'].join('\t'), ['part-1', '30'].join('\t')],
    )
  })

  it('has only statements that can be run again', async ({ expect }) => {
    await run({})
    for (const file of readdirSync(REAL_FOLDER)) {
      for (const statement of splitStatements(readFileSync(join(REAL_FOLDER, file), 'utf8'))) {
        await expect(runSql(connection, statement), file).resolves.toBe('')
      }
    }
  })
})

describe('npm run migrate', () => {
  const command = (env: NodeJS.ProcessEnv) =>
    promisify(execFile)(process.execPath, ['scripts/migrate.ts'], {
      cwd: PROJECT_ROOT,
      env: { PATH: process.env['PATH'], ...env },
    })

  it('reads the connection and the retention from the environment', async ({ expect }) => {
    const { stdout } = await command({
      CLICKHOUSE_URL: server.url,
      CLICKHOUSE_USER: server.user,
      CLICKHOUSE_PASSWORD: server.password,
      CLICKHOUSE_DATABASE: connection.database,
      ANALYTICS_EVENTS_TTL_DAYS: '365',
      ANALYTICS_AUDIT_TTL_DAYS: '730',
    })
    expect(stdout).toContain(`${connection.database}: ran 001_events.sql`)
    expect(stdout).toContain(
      'events: rows are kept until toDateTime(event_time) + toIntervalDay(365)',
    )
    expect(stdout).toContain('audit_log: rows are kept until toDateTime(time) + toIntervalDay(730)')
  })

  it.for<[NodeJS.ProcessEnv, string]>([
    [
      { CLICKHOUSE_URL: 'http://127.0.0.1:9', ANALYTICS_EVENTS_TTL_DAYS: '30' },
      'ANALYTICS_EVENTS_TTL_DAYS must be a whole number of days from 31',
    ],
    [
      { CLICKHOUSE_DSN: 'clickhouse://me:hunter2@a,b/x' },
      'CLICKHOUSE_DSN names more than one host',
    ],
    [
      { CLICKHOUSE_DSN: 'clickhouse://me:hunter2@localhost/x', ANALYTICS_EVENTS_TTL_DAYS: '1h' },
      'ANALYTICS_EVENTS_TTL_DAYS must be a whole number of days',
    ],
  ])('fails with the reason and without the password: %j', async ([env, reason], { expect }) => {
    const failure: unknown = await command(env).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining(reason) })
    expect(failure).not.toMatchObject({ stderr: expect.stringContaining('hunter2') })
  })

  it('says why the database cannot be reached', async ({ expect }) => {
    const port = await freePort()
    const failure: unknown = await command({
      CLICKHOUSE_DSN: `clickhouse://me:hunter2@127.0.0.1:${port}/x`,
    }).catch((error: unknown) => error)
    const stderr = expect.stringContaining(`connect ECONNREFUSED 127.0.0.1:${port}`)
    expect(failure).toMatchObject({ code: 1, stderr })
    expect(failure).not.toMatchObject({ stderr: expect.stringContaining('hunter2') })
  })
})
