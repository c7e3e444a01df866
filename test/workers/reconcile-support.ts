/** A database of its own for the tests of the hourly count: they change retention, and count what others store. */
import { env } from 'cloudflare:workers'
import { z } from 'zod'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { ask } from '../../src/clickhouse/reader.ts'
import { request } from '../../src/clickhouse/request.ts'
import { configOf } from '../../src/config.ts'
import { toDateTime64 } from '../../src/event/rows.ts'

const TABLES = [
  'events',
  'payments',
  'daily_users',
  'daily_online_peak',
  'daily_exact',
  'daily_revenue',
] as const

/** The bindings of a Worker whose database is a new one, with the tables that the count knows. */
export async function ownDatabase(name: string): Promise<{
  readonly bindings: Env
  readonly connection: ClickHouseConnection
}> {
  const { database, ...server } = configOf(env).clickhouse
  const own = `${database}_${name}`
  const connection = { ...server, database: own }
  await run({ ...server, database }, `CREATE DATABASE ${own}`)
  for (const table of TABLES) {
    await run(connection, `CREATE TABLE ${table} AS ${database}.${table}`)
  }
  // Unmerged parts are the hard case: nothing has been de-duplicated behind the questions.
  await run(connection, 'SYSTEM STOP MERGES events')
  return { bindings: { ...env, CLICKHOUSE_DATABASE: own }, connection }
}

/** One statement; the body of an insert follows it in the next line. Throws with the server's words. */
export async function run(connection: ClickHouseConnection, sql: string): Promise<void> {
  const reply = await request(connection, {
    parameters: { wait_end_of_query: '1', async_insert: '0', insert_deduplicate: '0' },
    body: sql,
    deadlineMs: 20_000,
  })
  if (reply.code !== null || reply.status !== 200) throw new Error(reply.text)
}

/** An event as it is stored. Times in milliseconds since the epoch. */
export interface StoredEvent {
  readonly event: string
  readonly userId: string
  readonly eventId: string
  readonly clientTimeMs: number
  readonly eventTimeMs: number
  readonly receivedTimeMs: number
}

/** Stores the events one insert after another, so that two attempts of one event meet in the table only. */
export async function storeEvents(
  connection: ClickHouseConnection,
  { gameId, env: environment = 'prod' }: { readonly gameId: string; readonly env?: string },
  ...inserts: readonly (readonly StoredEvent[])[]
): Promise<void> {
  for (const events of inserts) {
    const lines = events.map((event) =>
      JSON.stringify({
        game_id: gameId,
        env: environment,
        event: event.event,
        event_id: event.eventId,
        user_id: event.userId,
        event_time: toDateTime64(event.eventTimeMs),
        client_time: toDateTime64(event.clientTimeMs),
        received_time: toDateTime64(event.receivedTimeMs),
        props_json: '{}',
      }),
    )
    await run(connection, `INSERT INTO events FORMAT JSONEachRow\n${lines.join('\n')}`)
  }
}

const exactSchema = z.object({
  d: z.string(),
  dau: z.int(),
  new_users: z.int(),
  online_peak: z.int(),
  minute: z.int(),
  version: z.int(),
})
export type ExactDay = z.output<typeof exactSchema>

/** What daily_exact holds of a game, by date; minutes since the epoch. */
export async function exactDays(
  connection: ClickHouseConnection,
  gameId: string,
  environment = 'prod',
): Promise<ExactDay[]> {
  return ask(connection, {
    sql: `SELECT toString(d) AS d, dau, new_users, online_peak, intDiv(toUnixTimestamp(m), 60) AS minute, version
      FROM daily_exact FINAL WHERE game_id = {gameId:String} AND env = {env:String} ORDER BY d`,
    params: { gameId, env: environment },
    row: exactSchema,
  })
}
