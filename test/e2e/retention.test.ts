/** How long tables keep their rows, on a real ClickHouse: the defaults, a changed setting, and what it removes. */
import { afterEach, describe, inject, it } from 'vitest'

import type { Retention } from '../../scripts/database/retention.ts'
import { runSql } from '../../scripts/database/run-sql.ts'
import { migrate } from '../../scripts/migrate.ts'
import { dropDatabase } from '../stack/test-database.ts'

const server = inject('clickhouse')
const connection = { ...server, database: `${server.database}_retention` }

afterEach(() => dropDatabase(connection))

/** Migrates; without a retention with that of a deployment that sets nothing. */
function run(options: { retention?: Retention } = {}): Promise<void> {
  return migrate(connection, () => undefined, options)
}

async function column(sql: string): Promise<string[]> {
  return (await runSql(connection, sql)).split('\n').slice(0, -1)
}

describe('retention', () => {
  const engineOf = async (table: string): Promise<string> =>
    runSql(
      connection,
      `SELECT engine_full FROM system.tables
       WHERE database = currentDatabase() AND name = {table:String}`,
      { table },
    )
  const changes = 'SELECT count() FROM system.mutations WHERE database = currentDatabase()'

  it('is 90 days for events, 30 for rejected ones, 400 for the audit log, none for payments', async ({
    expect,
  }) => {
    await run()
    expect(await engineOf('events')).toContain('TTL toDateTime(event_time) + toIntervalDay(90)')
    expect(await engineOf('events_rejected')).toContain(
      'TTL toDateTime(received_time) + toIntervalDay(30)',
    )
    expect(await engineOf('audit_log')).toContain('TTL toDateTime(time) + toIntervalDay(400)')
    expect(await engineOf('payments')).not.toContain(' TTL ')
  })

  it('leaves a table alone that it was told nothing about', async ({ expect }) => {
    await run({ retention: { auditDays: 0 } })
    expect(await engineOf('events')).not.toContain(' TTL ')
    await run({ retention: { auditDays: 30 } })
    expect(await engineOf('audit_log')).toContain('toIntervalDay(30)')
    await run({ retention: { eventsDays: 60 } })
    expect(await engineOf('audit_log')).toContain('toIntervalDay(30)')
  })

  it('drops months of the audit log that are older', async ({ expect }) => {
    await run()
    await runSql(
      connection,
      `INSERT INTO audit_log (time, game_id, trace_id)
       SELECT now64(3) - toIntervalDay(number * 110), 'retention', toString(number) FROM numbers(8)`,
    )
    await runSql(connection, 'OPTIMIZE TABLE audit_log FINAL')
    expect(await column('SELECT trace_id FROM audit_log ORDER BY trace_id')).toEqual([
      '0',
      '1',
      '2',
      '3',
    ])
  })

  it('follows a changed setting, and 0 keeps rows for ever', async ({ expect }) => {
    await run()
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
    await run()
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
