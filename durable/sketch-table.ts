/**
 * The SQLite tables of one GameSketches object: encoded sketches, samples and breakdowns, peaks, and small state.
 *
 * Synchronous throughout. Nothing is cached: what a call reads is what the last commit left.
 */
import type { BreakdownColumn, SketchMetric } from '../src/event/envelope.ts'
import { MIGRATIONS } from './sketches/migrations.ts'

/** Platform limit of one BLOB, in bytes; the local runtime does not enforce it. */
const MAX_FRAME_BYTES = 2_000_000

/** Metrics that have sketches: those of token groups, and all new users ever (bucket 0). */
export type StoredMetric = SketchMetric | 'registered'

/** A count as it is stored; a relative standard error of 0 says that it is exact. */
export interface StoredEstimate {
  readonly estimate: number
  readonly relativeStandardError: number
}

/** The count of a bucket. */
export interface BucketEstimate extends StoredEstimate {
  readonly bucket: number
}

/** Keys of the small state. */
export type StateKey = 'scope' | 'publish'

export class SketchTable {
  readonly #storage: DurableObjectStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /**
   * Brings the schema up to date; `hashId` is that of this object's key. Throws when a newer build has written it:
   * that build's rows may mean something else.
   */
  migrate(hashId: number): void {
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
      for (const migrate of MIGRATIONS.slice(version)) migrate(sql, hashId)
      sql.exec(`REPLACE INTO _meta (key, value) VALUES ('schema_version', ?)`, MIGRATIONS.length)
    })
  }

  /** The encoded sketch of a bucket, if there is one. */
  readFrame(metric: StoredMetric, bucket: number): Uint8Array | undefined {
    return this.#readBlob(
      'SELECT frame AS blob FROM sketches WHERE metric = ? AND bucket = ?',
      metric,
      bucket,
    )
  }

  /** The estimates of the buckets from `from` to `to`, ascending. */
  readEstimates(metric: StoredMetric, from: number, to: number): BucketEstimate[] {
    return this.#storage.sql
      .exec<{ bucket: number; estimate: number; relative_standard_error: number }>(
        `SELECT bucket, estimate, relative_standard_error FROM sketches
        WHERE metric = ? AND bucket BETWEEN ? AND ? ORDER BY bucket`,
        metric,
        from,
        to,
      )
      .toArray()
      .map(toBucketEstimate)
  }

  /** Stores a sketch in place of the one that the bucket had. One row written. */
  write(
    metric: StoredMetric,
    bucket: number,
    frame: Uint8Array,
    { estimate, relativeStandardError }: StoredEstimate,
  ): void {
    this.#storage.sql.exec(
      `REPLACE INTO sketches (metric, bucket, estimate, relative_standard_error, frame)
      VALUES (?, ?, ?, ?, ?)`,
      metric,
      bucket,
      estimate,
      relativeStandardError,
      checkedBlob(frame),
    )
  }

  /** The encoded sample of a day, if there is one. */
  readSample(metric: SketchMetric, bucket: number): Uint8Array | undefined {
    return this.#readBlob(
      'SELECT frame AS blob FROM samples WHERE metric = ? AND bucket = ?',
      metric,
      bucket,
    )
  }

  /** Stores the sample of a day. One row written. */
  writeSample(metric: SketchMetric, bucket: number, frame: Uint8Array): void {
    this.#storage.sql.exec(
      'REPLACE INTO samples (metric, bucket, frame) VALUES (?, ?, ?)',
      metric,
      bucket,
      checkedBlob(frame),
    )
  }

  /** The encoded breakdown of a day by a column, if there is one. */
  readPage(metric: SketchMetric, bucket: number, column: BreakdownColumn): Uint8Array | undefined {
    return this.#readBlob(
      'SELECT page AS blob FROM breakdowns WHERE metric = ? AND bucket = ? AND "column" = ?',
      metric,
      bucket,
      column,
    )
  }

  /** Stores the breakdown of a day by a column. One row written. */
  writePage(metric: SketchMetric, bucket: number, column: BreakdownColumn, page: Uint8Array): void {
    this.#storage.sql.exec(
      'REPLACE INTO breakdowns (metric, bucket, "column", page) VALUES (?, ?, ?, ?)',
      metric,
      bucket,
      column,
      checkedBlob(page),
    )
  }

  /**
   * Deletes the buckets of a metric below `oldest` with all that belongs to them, the oldest first and at most `limit`;
   * returns what they counted.
   */
  deleteBefore(metric: SketchMetric, oldest: number, limit: number): BucketEstimate[] {
    const deleted = this.#storage.sql
      .exec<{ bucket: number; estimate: number; relative_standard_error: number }>(
        `SELECT bucket, estimate, relative_standard_error FROM sketches
        WHERE metric = ? AND bucket < ? ORDER BY bucket LIMIT ?`,
        metric,
        oldest,
        limit,
      )
      .toArray()
      .map(toBucketEstimate)
    const last = deleted.at(-1)
    if (last === undefined) return []
    for (const table of ['sketches', 'samples', 'breakdowns']) {
      this.#storage.sql.exec(
        `DELETE FROM ${table} WHERE metric = ? AND bucket <= ?`,
        metric,
        last.bucket,
      )
    }
    return deleted
  }

  /** The fullest of the minutes that were deleted, by game day, if there was one. */
  readPeak(day: number): BucketEstimate | undefined {
    const [row] = this.#storage.sql
      .exec<{ bucket: number; estimate: number; relative_standard_error: number }>(
        `SELECT minute AS bucket, estimate, relative_standard_error FROM peaks WHERE day = ?`,
        day,
      )
      .toArray()
    return row && toBucketEstimate(row)
  }

  /** Stores the fullest of the minutes of a day that were deleted. One row written. */
  writePeak(day: number, { bucket, estimate, relativeStandardError }: BucketEstimate): void {
    this.#storage.sql.exec(
      'REPLACE INTO peaks (day, minute, estimate, relative_standard_error) VALUES (?, ?, ?, ?)',
      day,
      bucket,
      estimate,
      relativeStandardError,
    )
  }

  /** Deletes the peaks of the days from `from` to `to`, excluding `to`. */
  deletePeaks(from: number, to: number): void {
    this.#storage.sql.exec('DELETE FROM peaks WHERE day >= ? AND day < ?', from, to)
  }

  /** A value of the small state, as JSON told; undefined when it was never written. */
  readState(key: StateKey): unknown {
    const [row] = this.#storage.sql
      .exec<{ value: string }>('SELECT value FROM state WHERE key = ?', key)
      .toArray()
    return row && JSON.parse(row.value)
  }

  /** Stores a value of the small state. One row written. */
  writeState(key: StateKey, value: unknown): void {
    this.#storage.sql.exec(
      'REPLACE INTO state (key, value) VALUES (?, ?)',
      key,
      JSON.stringify(value),
    )
  }

  #readBlob(query: string, ...bindings: (string | number)[]): Uint8Array | undefined {
    const [row] = this.#storage.sql.exec<{ blob: ArrayBuffer }>(query, ...bindings).toArray()
    return row && new Uint8Array(row.blob)
  }
}

function toBucketEstimate(row: {
  bucket: number
  estimate: number
  relative_standard_error: number
}): BucketEstimate {
  return {
    bucket: row.bucket,
    estimate: row.estimate,
    relativeStandardError: row.relative_standard_error,
  }
}

function checkedBlob(blob: Uint8Array): Uint8Array {
  if (blob.byteLength > MAX_FRAME_BYTES) {
    throw new RangeError(`a frame of ${blob.byteLength} bytes exceeds ${MAX_FRAME_BYTES}`)
  }
  return blob
}
