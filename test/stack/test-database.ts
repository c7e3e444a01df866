/** A database on a real ClickHouse that belongs to one test run and leaves nothing behind. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { quoteName, runSql } from '../../scripts/database/run-sql.ts'
import { outsideClickHouse, startClickHouse } from '../../scripts/local/clickhouse.ts'
import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'

export interface TestDatabase {
  /** Its database does not exist yet: migrate() makes it. */
  readonly connection: ClickHouseConnection
  remove(): Promise<void>
}

/** CLICKHOUSE_DSN or CLICKHOUSE_URL where one is set, otherwise a server of its own. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const database = `croupier_test_${randomBytes(6).toString('hex')}`
  const outside = outsideClickHouse(process.env)
  if (outside !== null) {
    const connection = { ...outside, database }
    return { connection, remove: () => dropDatabase(connection) }
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'croupier-clickhouse-'))
  const server = await startClickHouse({ dataDir })
  return {
    connection: { url: server.url, user: 'default', password: '', database },
    remove: async () => {
      await server.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Drops the connection's database and everything in it. */
export async function dropDatabase(connection: ClickHouseConnection): Promise<void> {
  await runSql(
    { ...connection, database: 'system' },
    `DROP DATABASE IF EXISTS ${quoteName(connection.database)} SYNC`,
  )
}
