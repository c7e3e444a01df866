/** Made-up games in several zones, each around a change of clocks, and their way into the tables. */
import { quoteName, runSql } from '../../../scripts/database/run-sql.ts'
import type { ClickHouseConnection } from '../../../src/clickhouse/connection.ts'
import { request } from '../../../src/clickhouse/request.ts'
import { localDate, plusDays, startOfDate, survivors } from './oracle.ts'
import { randomGame, randomNumbers } from './random-game.ts'
import { eventRow, paymentRow } from './stored-rows.ts'

const DAY_MS = 86_400_000

export const GAMES = [
  { seed: 1, timeZone: 'Europe/Berlin', change: '2025-10-26T01:00:00Z' },
  { seed: 2, timeZone: 'America/New_York', change: '2025-03-09T07:00:00Z' },
  { seed: 3, timeZone: 'America/Santiago', change: '2025-09-07T04:00:00Z' },
  { seed: 4, timeZone: 'Asia/Kolkata', change: '2025-06-15T18:30:00Z' },
  { seed: 5, timeZone: 'Pacific/Apia', change: '2025-12-31T10:00:00Z' },
  { seed: 6, timeZone: 'UTC', change: '2026-02-28T00:00:00Z' },
].map(({ seed, timeZone, change }) => {
  const centreMs = Date.parse(change)
  // In the middle of a day: cohorts of the last days are not mature.
  const nowMs = centreMs + 33.4 * DAY_MS
  const centreDate = localDate(centreMs, timeZone)
  const midnightsMs = [-12, -8, -7, -1, 0, 1, 2, 7, 8, 20].map((days) =>
    startOfDate(plusDays(centreDate, days), timeZone),
  )
  const stored = randomGame({ seed, centreMs, nowMs, days: 70, users: 220, midnightsMs })
  const scope = { gameId: `game-${seed}`, env: 'prod', timeZone, nowMs }
  return { scope, centreDate, stored, survivors: survivors(stored) }
})

/** Stores all games in the tables of a migrated database, and leaves every duplicate for the reader. */
export async function storeGames(connection: ClickHouseConnection): Promise<void> {
  // Unmerged parts are the hard case: nothing has been de-duplicated behind the questions.
  await runSql(connection, 'SYSTEM STOP MERGES events')
  await runSql(connection, 'SYSTEM STOP MERGES payments')
  const random = randomNumbers(99)
  const toParts = (lines: readonly string[]) => Map.groupBy(lines, () => Math.floor(random() * 3))
  for (const { scope, stored } of GAMES) {
    // Other users in another environment of the same game; none of them may be counted.
    const elsewhere = { ...scope, env: 'dev' }
    const events = [
      ...stored.events.map((row) => eventRow(row, scope)),
      ...stored.events.slice(0, 300).map((row) => eventRow(stranger(row), elsewhere)),
    ]
    const payments = [
      ...stored.payments.map((row) => paymentRow(row, scope)),
      ...stored.payments.slice(0, 50).map((row) => paymentRow(stranger(row), elsewhere)),
    ]
    // Every row goes into one of three inserts, so that losers come before winners, too.
    for (const lines of toParts(events).values()) await insertLines(connection, 'events', lines)
    for (const lines of toParts(payments).values()) await insertLines(connection, 'payments', lines)
  }
}

function stranger<Row extends { readonly user_id: string }>(row: Row): Row {
  return { ...row, user_id: `dev-${row.user_id}` }
}

/** One insert; its lines are stored again even when they were stored before. */
export async function insertLines(
  connection: ClickHouseConnection,
  table: 'events' | 'payments',
  lines: readonly string[],
): Promise<void> {
  const reply = await request(connection, {
    parameters: {
      query: `INSERT INTO ${quoteName(table)} FORMAT JSONEachRow`,
      async_insert: '0',
      insert_deduplicate: '0',
    },
    body: lines.join('\n'),
    deadlineMs: 30_000,
  })
  if (reply.code !== null) throw new Error(reply.text)
}
