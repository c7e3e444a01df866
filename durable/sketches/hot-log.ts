/**
 * The tokens that are on disk but in no stored sketch: written before a call answers, read again at the next start.
 *
 * One row is open and is rewritten as it grows, since what is billed is rows, not bytes; a full row is left alone and
 * the next one is begun.
 */
import { concatBytes } from '../../src/event/bytes.ts'
import type { TokenGroup } from '../../src/event/envelope.ts'
import { decodeHotRow, encodeHotHeader, encodeHotRecord, HOT_HEADER_BYTES } from './hot-record.ts'

/** Tokens of one record: a row of any number of records then stays far below the 2 MB of the platform. */
const MAX_RECORD_TOKENS = 16_384

/** Groups that were read, and up to which row. */
export interface HotBatch {
  readonly groups: readonly TokenGroup[]
  readonly lastSeq: number
}

export class HotLog {
  readonly #sql: SqlStorage
  readonly #hashId: number
  readonly #maxRowBytes: number
  #seq = 0
  #records: Uint8Array[] = []
  #rowBytes = 0
  /** Of all rows on disk */
  #bytes = 0

  /** `maxRowBytes`: a row that exceeds it is full. */
  constructor(sql: SqlStorage, hashId: number, maxRowBytes: number) {
    this.#sql = sql
    this.#hashId = hashId
    this.#maxRowBytes = maxRowBytes
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#bytes
  }

  /** Finds out what is on disk, and begins a new row after it. */
  restore(): void {
    const { bytes, next } = this.#sql
      .exec<{ bytes: number; next: number }>(
        `SELECT coalesce(sum(length(records)), 0) AS bytes, coalesce(max(seq) + 1, 0) AS next FROM hot`,
      )
      .one()
    this.#bytes = bytes
    this.#close(next)
  }

  /** Writes groups: one row, unless they fill it. */
  append(groups: readonly TokenGroup[]): void {
    let isWritten = true
    for (const record of groups.flatMap(splitGroup).map(encodeHotRecord)) {
      if (this.#records.length === 0) this.#bytes += HOT_HEADER_BYTES
      this.#records.push(record)
      this.#rowBytes += record.length
      this.#bytes += record.length
      isWritten = false
      if (this.#rowBytes <= this.#maxRowBytes) continue
      this.#write()
      this.#close(this.#seq + 1)
      isWritten = true
    }
    if (!isWritten) this.#write()
  }

  /**
   * The groups of the oldest rows of about `maxBytes`, at least one row; null when there is none. Throws
   * SketchFrameError for tokens of another key.
   */
  readOldest(maxBytes: number): HotBatch | null {
    const lastSeq = this.#lastSeqWithin(maxBytes)
    if (lastSeq === null) return null
    // What comes from here on must not be in a row that is deleted when those that were read have arrived.
    if (lastSeq >= this.#seq) this.#close(lastSeq + 1)
    const rows = this.#sql
      .exec<{ records: ArrayBuffer }>(
        'SELECT records FROM hot WHERE seq <= ? ORDER BY seq',
        lastSeq,
      )
      .toArray()
    const groups = rows.flatMap(({ records }) =>
      decodeHotRow(new Uint8Array(records), this.#hashId),
    )
    return { groups, lastSeq }
  }

  /** Deletes the rows up to `lastSeq`, one after the other billed as a row written. */
  delete(lastSeq: number): void {
    const { bytes } = this.#sql
      .exec<{ bytes: number }>(
        'SELECT coalesce(sum(length(records)), 0) AS bytes FROM hot WHERE seq <= ?',
        lastSeq,
      )
      .one()
    this.#sql.exec('DELETE FROM hot WHERE seq <= ?', lastSeq)
    this.#bytes -= bytes
  }

  /** Deletes all rows. */
  clear(): void {
    if (this.#bytes === 0) return
    this.#sql.exec('DELETE FROM hot')
    this.#bytes = 0
    this.#close(0)
  }

  #lastSeqWithin(maxBytes: number): number | null {
    let lastSeq: number | null = null
    let total = 0
    const rows = this.#sql
      .exec<{ seq: number; bytes: number }>(
        'SELECT seq, length(records) AS bytes FROM hot ORDER BY seq',
      )
      .toArray()
    for (const { seq, bytes } of rows) {
      total += bytes
      if (lastSeq !== null && total > maxBytes) break
      lastSeq = seq
    }
    return lastSeq
  }

  #write(): void {
    this.#sql.exec(
      'REPLACE INTO hot (seq, records) VALUES (?, ?)',
      this.#seq,
      concatBytes([encodeHotHeader(this.#hashId), ...this.#records]),
    )
  }

  #close(nextSeq: number): void {
    this.#seq = nextSeq
    this.#records = []
    this.#rowBytes = 0
  }
}

function splitGroup(group: TokenGroup): TokenGroup[] {
  if (group.tokens.length <= MAX_RECORD_TOKENS) return [group]
  return Array.from({ length: Math.ceil(group.tokens.length / MAX_RECORD_TOKENS) }, (_, part) => ({
    ...group,
    tokens: group.tokens.subarray(part * MAX_RECORD_TOKENS, (part + 1) * MAX_RECORD_TOKENS),
  }))
}
