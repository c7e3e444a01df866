/** Global setup: a real ClickHouse with a fresh, migrated database, as `inject('clickhouse')`. */
import type { TestProject } from 'vitest/node'

import { migrate } from '../../scripts/migrate.ts'
import { openTestDatabase } from './test-database.ts'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const database = await openTestDatabase()
  try {
    // Tests store rows with fixed times; a retention would take them away one day.
    const retention = { eventsDays: 0, rejectedDays: 0 }
    await migrate(database.connection, () => undefined, { retention })
  } catch (error) {
    await database.remove()
    throw error
  }
  project.provide('clickhouse', database.connection)
  return () => database.remove()
}
