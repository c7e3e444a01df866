/**
 * How long rows are kept: a setting of the deployment, not of the schema. Payments and dead letters have
 * none and are kept for ever.
 */
import { z } from 'zod'

import { MAX_EVENT_AGE_MS } from '../../configs/limits.ts'
import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { runSql } from './run-sql.ts'

/** Days; 0 keeps rows for ever, and a table without a number keeps the TTL that it has. */
export interface Retention {
  /** Events, by the time at which they happened */
  readonly eventsDays?: number
  /** Rejected events, by the time at which they arrived */
  readonly rejectedDays?: number
  /** Entries of the audit log, by the time of the request */
  readonly auditDays?: number
}

const DEFAULT_EVENTS_DAYS = 90
const DEFAULT_REJECTED_DAYS = 30
/** A year and the month in which it is looked at. */
const DEFAULT_AUDIT_DAYS = 400
/** An event may be this old when it is accepted; a shorter retention would delete what was just promised. */
const MIN_EVENTS_DAYS = MAX_EVENT_AGE_MS / 86_400_000 + 1
/** A hundred years; a larger number is a mistake in the unit. */
const MAX_DAYS = 36_500

/**
 * ANALYTICS_EVENTS_TTL_DAYS (90 when absent), ANALYTICS_REJECTED_TTL_DAYS (30) and ANALYTICS_AUDIT_TTL_DAYS (400).
 * Throws an Error that names the variable when a value is not a whole number of days, or when events
 * would be deleted while they may still arrive.
 */
export function retentionFrom(settings: NodeJS.ProcessEnv): Required<Retention> {
  return {
    eventsDays: daysOf(settings, 'ANALYTICS_EVENTS_TTL_DAYS', DEFAULT_EVENTS_DAYS, MIN_EVENTS_DAYS),
    rejectedDays: daysOf(settings, 'ANALYTICS_REJECTED_TTL_DAYS', DEFAULT_REJECTED_DAYS, 1),
    auditDays: daysOf(settings, 'ANALYTICS_AUDIT_TTL_DAYS', DEFAULT_AUDIT_DAYS, 1),
  }
}

function daysOf(
  settings: NodeJS.ProcessEnv,
  name: string,
  absentDays: number,
  minDays: number,
): number {
  const text = settings[name]?.trim()
  if (text === undefined || text === '') return absentDays
  const days = Number(text)
  if (/^\d+$/.test(text) && (days === 0 || (days >= minDays && days <= MAX_DAYS))) return days
  throw new Error(
    `${name} must be a whole number of days from ${minDays} to ${MAX_DAYS}, or 0 (keep for ever)`,
  )
}

const tableSchema = z.object({ data: z.array(z.object({ name: z.string(), engine: z.string() })) })

/**
 * Brings the TTL of the tables to what is wanted. A table that has it already is left alone, because every
 * change makes ClickHouse go through all parts of the table in the background.
 */
export async function applyRetention(
  connection: ClickHouseConnection,
  { eventsDays, rejectedDays, auditDays }: Retention,
  log: (line: string) => void,
): Promise<void> {
  const wanted = [
    { table: 'events', column: 'event_time', days: eventsDays },
    { table: 'events_rejected', column: 'received_time', days: rejectedDays },
    { table: 'audit_log', column: 'time', days: auditDays },
  ]
  const current = await currentTtls(connection)
  for (const { table, column, days } of wanted) {
    if (days === undefined) continue
    const ttl = ttlOf(column, days)
    if (current.get(table) === ttl) continue
    const change = ttl === null ? 'REMOVE TTL' : `MODIFY TTL ${ttl}`
    await runSql(
      connection,
      `ALTER TABLE ${table} ${change} SETTINGS materialize_ttl_after_modify = 1`,
    )
    log(`${table}: ${ttl === null ? 'rows are kept for ever' : `rows are kept until ${ttl}`}`)
  }
}

/** Spelled as ClickHouse prints it, so that the two can be compared. */
function ttlOf(column: string, days: number): string | null {
  return days === 0 ? null : `toDateTime(${column}) + toIntervalDay(${days})`
}

async function currentTtls(connection: ClickHouseConnection): Promise<Map<string, string | null>> {
  const text = await runSql(
    connection,
    `SELECT name, engine_full AS engine FROM system.tables
     WHERE database = currentDatabase() FORMAT JSON`,
  )
  const { data } = tableSchema.parse(JSON.parse(text))
  return new Map(
    data.map(({ name, engine }) => [name, / TTL (.+?)(?: SETTINGS |$)/.exec(engine)?.[1] ?? null]),
  )
}
