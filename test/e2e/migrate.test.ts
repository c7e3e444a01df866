/** The migration runner on a real ClickHouse: once, twice, two at a time, half way, and against edits. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
/** applyRetention() wants these two. */
const RETAINED = `
CREATE TABLE IF NOT EXISTS events (event_time DateTime64(3)) ENGINE = MergeTree ORDER BY event_time;
CREATE TABLE IF NOT EXISTS events_rejected (received_time DateTime64(3)) ENGINE = MergeTree ORDER BY received_time;
`

describe('migrate', () => {
  it('makes the database and every table, and records each file', async ({ expect }) => {
    await run({})
    expect(await column(RECORDS)).toEqual(readdirSync(REAL_FOLDER).toSorted())
    expect(await column(TABLES)).toEqual([
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
    await expect(run()).rejects.toThrow(/^001_a\.sql, statement 4: .*Nonsense/)
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

  it('has only statements that can be run again', async ({ expect }) => {
    await run({})
    for (const file of readdirSync(REAL_FOLDER)) {
      for (const statement of splitStatements(readFileSync(join(REAL_FOLDER, file), 'utf8'))) {
        await expect(runSql(connection, statement), file).resolves.toBe('')
      }
    }
  })
})

describe('retention', () => {
  const engineOf = async (table: string): Promise<string> =>
    runSql(
      connection,
      `SELECT engine_full FROM system.tables
       WHERE database = currentDatabase() AND name = {table:String}`,
      { table },
    )
  const changes = 'SELECT count() FROM system.mutations WHERE database = currentDatabase()'

  it('is 90 days for events, 30 for rejected ones and none for payments', async ({ expect }) => {
    await run({})
    expect(await engineOf('events')).toContain('TTL toDateTime(event_time) + toIntervalDay(90)')
    expect(await engineOf('events_rejected')).toContain(
      'TTL toDateTime(received_time) + toIntervalDay(30)',
    )
    expect(await engineOf('payments')).not.toContain(' TTL ')
  })

  it('follows a changed setting, and 0 keeps rows for ever', async ({ expect }) => {
    await run({})
    await run({ retention: { eventsDays: 7, rejectedDays: 0 } })
    expect(await engineOf('events')).toContain('toIntervalDay(7)')
    expect(await engineOf('events_rejected')).not.toContain(' TTL ')
  })

  it('changes no table that has it already', async ({ expect }) => {
    await run({ retention: { eventsDays: 7, rejectedDays: 0 } })
    const before = await column(changes)
    await run({ retention: { eventsDays: 7, rejectedDays: 0 } })
    expect(await column(changes)).toEqual(before)
  })

  it('removes rows that are older, with the next merge', async ({ expect }) => {
    await run({})
    await runSql(
      connection,
      `INSERT INTO events_rejected (received_time, game_id, rejection_id)
       SELECT now64(3) - toIntervalDay(number), 'retention', toString(number) FROM numbers(60)`,
    )
    await runSql(connection, 'OPTIMIZE TABLE events_rejected FINAL')
    const [oldest] = await column('SELECT max(toUInt32(rejection_id)) FROM events_rejected FINAL')
    expect(Number(oldest)).toBeLessThanOrEqual(30)
    expect(Number(oldest)).toBeGreaterThanOrEqual(29)
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
    })
    expect(stdout).toContain(`${connection.database}: ran 001_events.sql`)
    expect(stdout).toContain(
      'events: rows are kept until toDateTime(event_time) + toIntervalDay(365)',
    )
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
