/**
 * Rows per second into a real ClickHouse through the consumer, beside `curl` with the same bytes: what the Worker
 * would insert is kept once by a stand-in and sent again by curl, statement, settings and bodies unchanged except for
 * the deduplication token, so both do the same work for the database.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { ClickHouseConnection } from '../../src/clickhouse/connection.ts'
import { runSql } from '../database/run-sql.ts'
import type { ReceivedInsert, StandIn } from './clickhouse-stand-in.ts'
import type { Gate } from './gate.ts'
import type { BenchGame, BodySource } from './load.ts'
import { sendPosts } from './load.ts'
import type { Runtime } from './runtime.ts'

const CURL_DEADLINE_MS = 60_000

/** Full queue batches of a round. */
const BATCHES = 4
const MESSAGES_PER_BATCH = 100
const EVENTS_PER_MESSAGE = 100
const ROWS = BATCHES * MESSAGES_PER_BATCH * EVENTS_PER_MESSAGE

export interface InsertFigures {
  /** Events of a round */
  readonly rows: number
  readonly workerRowsPerSecond: number
  readonly curlRowsPerSecond: number
  /** Time of the Worker / time of curl */
  readonly ratio: number
}

export interface InsertOptions {
  /** Inserts into the real database, behind `gate` */
  readonly worker: Runtime
  /** The same Worker that inserts into the stand-in, behind the same gate */
  readonly recorder: Runtime
  readonly standIn: StandIn
  readonly gate: Gate
  readonly clickhouse: ClickHouseConnection
  readonly game: BenchGame
  readonly bodies: BodySource
  readonly rounds: number
}

/** Both ways in turns; the fastest round of each counts. */
export async function measureInserts(options: InsertOptions): Promise<InsertFigures> {
  const inserts = await recordInserts(options)
  let workerSeconds = Number.POSITIVE_INFINITY
  let curlSeconds = Number.POSITIVE_INFINITY
  for (let round = 0; round <= options.rounds; round += 1) {
    const curl = await curlOnce(options.clickhouse, inserts, round)
    const worker = await workerOnce(options)
    if (round === 0) continue
    workerSeconds = Math.min(workerSeconds, worker)
    curlSeconds = Math.min(curlSeconds, curl)
  }
  await requireRows(options.clickhouse, (options.rounds + 1) * ROWS)
  return {
    rows: ROWS,
    workerRowsPerSecond: ROWS / workerSeconds,
    curlRowsPerSecond: ROWS / curlSeconds,
    ratio: workerSeconds / curlSeconds,
  }
}

async function pileUp(runtime: Runtime, { game, bodies }: InsertOptions): Promise<void> {
  await sendPosts({
    url: runtime.url,
    games: [game],
    posts: BATCHES * MESSAGES_PER_BATCH,
    nextBody: () => bodies.next(EVENTS_PER_MESSAGE),
  })
}

async function recordInserts(options: InsertOptions): Promise<readonly ReceivedInsert[]> {
  const { recorder, standIn, gate } = options
  gate.close()
  await pileUp(recorder, options)
  standIn.keep()
  gate.open()
  await recorder.drained()
  return standIn.kept()
}

/** Seconds from the first batch to the last acknowledgement. */
async function workerOnce(options: InsertOptions): Promise<number> {
  const { worker, gate } = options
  gate.close()
  await pileUp(worker, options)
  const startMs = performance.now()
  gate.open()
  await worker.drained()
  return (performance.now() - startMs) / 1000
}

/** Seconds of one curl for each insert, one after the other, each body from a file. */
async function curlOnce(
  clickhouse: ClickHouseConnection,
  inserts: readonly ReceivedInsert[],
  round: number,
): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'croupier-curl-'))
  try {
    const calls = inserts.map(({ target, ndjson }, index) => {
      const file = join(directory, `${index}.ndjson`)
      writeFileSync(file, ndjson)
      const url = new URL(target, clickhouse.url)
      url.searchParams.set('database', clickhouse.database)
      url.searchParams.set('insert_deduplication_token', `curl-${round}-${index}`)
      return ['-sS', '--fail-with-body', '--data-binary', `@${file}`, url.href]
    })
    const startMs = performance.now()
    for (const call of calls) await promisify(execFile)('curl', call, { timeout: CURL_DEADLINE_MS })
    return (performance.now() - startMs) / 1000
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A rig that stores nothing would be the fastest. */
async function requireRows(clickhouse: ClickHouseConnection, workerRows: number): Promise<void> {
  const stored = Number(await runSql(clickhouse, 'SELECT uniqExact(event_id) FROM events'))
  // The rows that curl repeats are those of one round.
  const expected = workerRows + ROWS
  if (stored !== expected) throw new Error(`${stored} events are stored, expected ${expected}`)
}
