/**
 * Brings a ClickHouse to the schema of configs/clickhouse: numbered files, each run once, in order. Every
 * statement in them is idempotent (IF NOT EXISTS), because ClickHouse has no transaction around a schema
 * change: a file that failed half way is run again from its start, and two runners at once do no harm.
 *
 * As a command it reads CLICKHOUSE_DSN or CLICKHOUSE_URL, _USER, _PASSWORD, _DATABASE and the TTL settings.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { z } from 'zod'

import type { ClickHouseConnection } from '../src/clickhouse/connection.ts'
import { connectionFrom } from '../src/clickhouse/connection.ts'
import type { Retention } from './database/retention.ts'
import { applyRetention, retentionFrom } from './database/retention.ts'
import { quoteName, runSql } from './database/run-sql.ts'
import { splitStatements } from './database/sql-statements.ts'

const FOLDER = fileURLToPath(new URL('../configs/clickhouse', import.meta.url))
const FILE_NAME = /^(?<version>\d{3})_[a-z0-9_]+\.sql$/

/** Two runners may both record a version; equal records merge into one, unequal ones are both seen. */
const CREATE_RECORD = `
CREATE TABLE IF NOT EXISTS schema_migrations
(
    version UInt32 COMMENT 'Number of the file',
    name String COMMENT 'Name of the file',
    checksum String COMMENT 'SHA-256 of its text, in hex',
    applied_time DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When its last statement had run'
)
ENGINE = ReplacingMergeTree
ORDER BY (version, checksum)
COMMENT 'Migrations that have been applied'`

const recordSchema = z.object({
  data: z.array(z.object({ version: z.int(), name: z.string(), checksum: z.string() })),
})
type MigrationRecord = z.infer<typeof recordSchema>['data'][number]

interface Migration extends MigrationRecord {
  readonly statements: readonly string[]
}

/** The schema and the folder do not belong together, or a statement failed; the message says which. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

/** An applied file is not what it was. */
export class EditedMigrationError extends MigrationError {}

/**
 * Creates the database if it is missing, runs the files that have not been run, then applies the
 * retention. Throws MigrationError, before anything is changed, when an applied file was edited or is
 * missing from the folder, and when a statement fails.
 */
export async function migrate(
  connection: ClickHouseConnection,
  log: (line: string) => void,
  options: { readonly folder?: string; readonly retention?: Retention } = {},
): Promise<void> {
  const migrations = readMigrations(options.folder ?? FOLDER)
  await createDatabase(connection)
  await runSql(connection, CREATE_RECORD)
  const applied = await readRecords(connection)
  refuseContradictions(migrations, applied)

  const versions = new Set(applied.map(({ version }) => version))
  const missing = migrations.filter(({ version }) => !versions.has(version))
  for (const migration of missing) {
    await run(connection, migration)
    log(`${connection.database}: ran ${migration.name}`)
  }
  if (missing.length === 0) log(`${connection.database}: nothing to migrate`)
  await applyRetention(connection, options.retention ?? retentionFrom({}), log)
}

function readMigrations(folder: string): Migration[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  const migrations = files.toSorted().map((name) => readMigration(folder, name))
  for (const [index, { name, version }] of migrations.entries()) {
    const previous = migrations[index - 1]
    if (previous?.version === version) {
      throw new MigrationError(`${previous.name} and ${name} have the same number`)
    }
  }
  return migrations
}

function readMigration(folder: string, name: string): Migration {
  const version = FILE_NAME.exec(name)?.groups?.['version']
  if (version === undefined) {
    throw new MigrationError(`${name} is not named like 001_what_it_does.sql`)
  }
  // Git may check a file out with other line ends; that is no edit.
  const text = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n')
  const checksum = createHash('sha256').update(text).digest('hex')
  try {
    return { version: Number(version), name, checksum, statements: splitStatements(text) }
  } catch (cause) {
    throw new MigrationError(`${name}: ${messageOf(cause)}`, { cause })
  }
}

/** Asks first: a user without the right to create databases may well use one that exists. */
async function createDatabase(connection: ClickHouseConnection): Promise<void> {
  const anywhere = { ...connection, database: 'system' }
  const name = quoteName(connection.database)
  if ((await runSql(anywhere, `EXISTS DATABASE ${name}`)).trim() === '1') return
  await runSql(anywhere, `CREATE DATABASE IF NOT EXISTS ${name}`)
}

async function readRecords(connection: ClickHouseConnection): Promise<MigrationRecord[]> {
  const text = await runSql(
    connection,
    'SELECT version, name, checksum FROM schema_migrations FINAL ORDER BY version FORMAT JSON',
  )
  return recordSchema.parse(JSON.parse(text)).data
}

function refuseContradictions(
  migrations: readonly Migration[],
  applied: readonly MigrationRecord[],
): void {
  const known = new Map(migrations.map((migration) => [migration.version, migration]))
  for (const { version, name, checksum } of applied) {
    const migration = known.get(version)
    if (migration === undefined) {
      throw new MigrationError(
        `The database has run ${name}, which is not in the folder: it is newer than this checkout`,
      )
    }
    if (migration.checksum !== checksum) {
      throw new EditedMigrationError(
        `${migration.name} was edited after it had been run (as ${name}): ` +
          'restore it, and put the change into a new file',
      )
    }
  }
}

async function run(connection: ClickHouseConnection, migration: Migration): Promise<void> {
  const { version, name, checksum, statements } = migration
  for (const [index, statement] of statements.entries()) {
    await runSql(connection, statement).catch((cause: unknown) => {
      throw new MigrationError(`${name}, statement ${index + 1}: ${messageOf(cause)}`, { cause })
    })
  }
  await runSql(
    connection,
    `INSERT INTO schema_migrations (version, name, checksum)
     VALUES ({version:UInt32}, {name:String}, {checksum:String})`,
    { version, name, checksum },
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

if (import.meta.main) {
  try {
    await migrate(connectionFrom(process.env), console.log, {
      retention: retentionFrom(process.env),
    })
  } catch (error) {
    console.error(messageOf(error))
    process.exitCode = 1
  }
}
