/** The schema of one GameSketches object, version by version. */
import { MAX_SAMPLE_TOKENS } from '../../configs/limits.ts'
import { decodeSketch, encodeSketch } from '../../src/sketch/codec.ts'
import { DistinctCountSketch } from '../../src/sketch/distinct-count.ts'
import { encodeSample } from '../../src/sketch/sample-codec.ts'
import { TokenSample } from '../../src/sketch/token-sample.ts'

/** Stored in place of a sample that cannot be had: an earlier schema counted tokens of the day and kept none. */
export const UNKNOWN_SAMPLE = new Uint8Array(0)

type Migration = (sql: SqlStorage, hashId: number) => void

// WITHOUT ROWID: one row written per sketch, where a primary key beside a rowid would bill two. The
// frame comes last, so that reading an estimate does not read the frame's pages.
const createSketches: Migration = (sql) => {
  sql.exec(`CREATE TABLE sketches (
    metric TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    estimate REAL NOT NULL,
    relative_standard_error REAL NOT NULL,
    frame BLOB NOT NULL,
    PRIMARY KEY (metric, bucket)
  ) STRICT, WITHOUT ROWID`)
}

/**
 * The sketches stay as they are, beside samples and breakdowns of their days; under the metric 'registered' comes the
 * sketch of all new users ever. `hot` holds tokens that are not in the stored sketches yet.
 */
const addLiveFigures: Migration = (sql, hashId) => {
  sql.exec(`CREATE TABLE samples (
    metric TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    frame BLOB NOT NULL,
    PRIMARY KEY (metric, bucket)
  ) STRICT, WITHOUT ROWID`)
  sql.exec(`CREATE TABLE breakdowns (
    metric TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    "column" TEXT NOT NULL,
    page BLOB NOT NULL,
    PRIMARY KEY (metric, bucket, "column")
  ) STRICT, WITHOUT ROWID`)
  sql.exec(`CREATE TABLE peaks (
    day INTEGER PRIMARY KEY,
    minute INTEGER NOT NULL,
    estimate REAL NOT NULL,
    relative_standard_error REAL NOT NULL
  ) STRICT`)
  sql.exec('CREATE TABLE hot (seq INTEGER PRIMARY KEY, records BLOB NOT NULL) STRICT')
  sql.exec(`CREATE TABLE state (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`)
  sampleOldDays(sql, hashId)
  registerOldUsers(sql, hashId)
}

/** The steps from schema version to schema version; the first makes version 1. */
export const MIGRATIONS: readonly Migration[] = [createSketches, addLiveFigures]

/** A sketch that is a list of tokens tells the sample of its day; one of registers does not. */
function sampleOldDays(sql: SqlStorage, hashId: number): void {
  const days = sql
    .exec<{ metric: string; bucket: number; frame: ArrayBuffer }>(
      `SELECT metric, bucket, frame FROM sketches WHERE metric IN ('dau', 'new_users')`,
    )
    .toArray()
  for (const { metric, bucket, frame } of days) {
    const { state } = decodeSketch(new Uint8Array(frame), hashId)
    const sample = new TokenSample(hashId, MAX_SAMPLE_TOKENS)
    if (state.kind === 'sparse') sample.addTokens(state.tokens.toSortedArray())
    sql.exec(
      'INSERT INTO samples (metric, bucket, frame) VALUES (?, ?, ?)',
      metric,
      bucket,
      state.kind === 'sparse' ? encodeSample(sample) : UNKNOWN_SAMPLE,
    )
  }
}

function registerOldUsers(sql: SqlStorage, hashId: number): void {
  const days = sql
    .exec<{ frame: ArrayBuffer }>(`SELECT frame FROM sketches WHERE metric = 'new_users'`)
    .toArray()
  if (days.length === 0) return
  const registered = new DistinctCountSketch(hashId)
  for (const { frame } of days) registered.merge(decodeSketch(new Uint8Array(frame), hashId))
  sql.exec(
    `INSERT INTO sketches (metric, bucket, estimate, relative_standard_error, frame)
    VALUES ('registered', 0, ?, ?, ?)`,
    registered.estimate(),
    registered.relativeStandardError,
    encodeSketch(registered),
  )
}
