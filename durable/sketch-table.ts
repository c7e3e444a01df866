/**
 * The SQLite table of one GameSketches object: an encoded sketch and its estimate per (metric, bucket).
 *
 * Synchronous throughout. Nothing is cached: what a call reads is what the last commit left.
 */
import type { SketchMetric } from '../src/event/envelope.ts'

/** Platform limit of one BLOB, in bytes; the local runtime does not enforce it. */
const MAX_FRAME_BYTES = 2_000_000

// WITHOUT ROWID: one row written per sketch, where a primary key beside a rowid would bill two. The
// frame comes last, so that reading an estimate does not read the frame's pages.
const MIGRATIONS = [
  `CREATE TABLE sketches (
    metric TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    estimate REAL NOT NULL,
    relative_standard_error REAL NOT NULL,
    frame BLOB NOT NULL,
    PRIMARY KEY (metric, bucket)
  ) STRICT, WITHOUT ROWID`,
] as const

/** A count as it is stored; a relative standard error of 0 says that it is exact. */
export interface StoredEstimate {
  readonly estimate: number
  readonly relativeStandardError: number
}

export class SketchTable {
  readonly #storage: DurableObjectStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /**
   * Brings the schema up to date. Throws when a newer build has written it: that build's rows may mean
   * something else.
   */
  migrate(): void {
    const { sql } = this.#storage
    sql.exec(`CREATE TABLE IF NOT EXISTS _meta (
      key TEXT PRIMARY KEY,
      value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`)
    const [row] = sql
      .exec<{ value: number }>(`SELECT value FROM _meta WHERE key = 'schema_version'`)
      .toArray()
    const version = row?.value ?? 0
    if (version > MIGRATIONS.length) {
      throw new Error(`schema version ${version} is newer than this build's, ${MIGRATIONS.length}`)
    }
    if (version === MIGRATIONS.length) return
    this.#storage.transactionSync(() => {
      for (const migration of MIGRATIONS.slice(version)) sql.exec(migration)
      sql.exec(`REPLACE INTO _meta (key, value) VALUES ('schema_version', ?)`, MIGRATIONS.length)
    })
  }

  /** The encoded sketch of a bucket, if there is one. */
  readFrame(metric: SketchMetric, bucket: number): Uint8Array | undefined {
    const [row] = this.#storage.sql
      .exec<{
        frame: ArrayBuffer
      }>('SELECT frame FROM sketches WHERE metric = ? AND bucket = ?', metric, bucket)
      .toArray()
    return row && new Uint8Array(row.frame)
  }

  /** The estimate of a bucket, if there is one. */
  readEstimate(metric: SketchMetric, bucket: number): StoredEstimate | undefined {
    const [row] = this.#storage.sql
      .exec<{ estimate: number; relative_standard_error: number }>(
        `SELECT estimate, relative_standard_error FROM sketches WHERE metric = ? AND bucket = ?`,
        metric,
        bucket,
      )
      .toArray()
    return row && { estimate: row.estimate, relativeStandardError: row.relative_standard_error }
  }

  /** Stores a sketch in place of the one that the bucket had. One row written. */
  write(
    metric: SketchMetric,
    bucket: number,
    frame: Uint8Array,
    { estimate, relativeStandardError }: StoredEstimate,
  ): void {
    if (frame.byteLength > MAX_FRAME_BYTES) {
      throw new RangeError(`a frame of ${frame.byteLength} bytes exceeds ${MAX_FRAME_BYTES}`)
    }
    this.#storage.sql.exec(
      `REPLACE INTO sketches (metric, bucket, estimate, relative_standard_error, frame)
      VALUES (?, ?, ?, ?, ?)`,
      metric,
      bucket,
      estimate,
      relativeStandardError,
      frame,
    )
  }

  /** Deletes buckets below `oldest`, the oldest first and at most `limit` of them. */
  deleteBefore(metric: SketchMetric, oldest: number, limit: number): void {
    this.#storage.sql.exec(
      `DELETE FROM sketches WHERE metric = ?1 AND bucket IN (
        SELECT bucket FROM sketches WHERE metric = ?1 AND bucket < ?2 ORDER BY bucket LIMIT ?3
      )`,
      metric,
      oldest,
      limit,
    )
  }
}
