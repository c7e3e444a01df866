/**
 * The counting of one game and environment: what is added, read, saved and sent to the tables. Knows no clock and no
 * runtime: `nowMs` is passed in, and whoever calls it decides when to fold and when to publish.
 *
 * Tokens that change something are in one hot row on disk when add() returns; from time to time they are folded: every
 * changed sketch is written to its row and the hot row is cleared, in one transaction. After a throw the memory must
 * not be trusted: reset() it.
 */
import { PUBLISH_INTERVAL_MS } from '../../configs/limits.ts'
import type { SketchMetric, TokenGroup } from '../../src/event/envelope.ts'
import type { SimdMerge } from '../../src/sketch/simd-merge.ts'
import { oldestBucket, oldestStoredBucket } from '../series.ts'
import type { SketchTable } from '../sketch-table.ts'
import { packEdition } from './aggregate-rows.ts'
import { Counts } from './counts.ts'
import { daysUnitedWith } from './day-windows.ts'
import { FigureReader } from './figure-reader.ts'
import { HotLog } from './hot-log.ts'
import type { PublishState } from './marks.ts'
import { Marks, readPublishState } from './marks.ts'
import { minutesUnitedWith } from './minute-windows.ts'
import type { Scope } from './scope.ts'

/** Bytes of tokens that are folded at once, and how old they may become before an alarm folds them. */
const MAX_HOT_BYTES = 64_000
const MAX_HOT_AGE_MS = 5 * 60_000

/** Bytes of sketches in memory, of samples, and of breakdowns; an isolate has 128 MB and may hold several objects. */
const MAX_OPEN_BYTES = 8_000_000

/** Expired buckets that one fold may delete per metric: a long pause must not make it slow. */
const MAX_DELETED_BUCKETS = 256

/** Marks of a kind that one edition takes: with their followers at most 3,000 minutes. */
const MAX_PUBLISHED_MARKS = 200

const METRICS = ['dau', 'new_users', 'online'] as const satisfies readonly SketchMetric[]

/** Bounds that tests make small. */
export interface EngineLimits {
  readonly maxHotBytes?: number
  readonly maxOpenBytes?: number
}

/** Messages that are on their way to the tables; to be settled. */
export interface SentEdition {
  readonly messages: readonly Uint8Array[]
  readonly marks: Marks
  /** What each day's peak was told to be */
  readonly peaks: ReadonlyMap<number, string>
}

export class SketchEngine {
  readonly reader: FigureReader
  readonly #storage: DurableObjectStorage
  readonly #table: SketchTable
  readonly #counts: Counts
  readonly #log: HotLog
  readonly #maxHotBytes: number
  /** False when what is in memory says nothing about what is on disk */
  #isLoaded = false
  #scope: Scope | null = null
  #hotSinceMs = 0
  #version = 0
  /** To be published; those that were taken are in #sent until that is settled */
  #marks = new Marks()
  #sent: SentEdition | null = null
  /** The marks that are on disk: all that stand in no hot row are among them */
  #stored = new Marks()
  #sentPeaks = new Map<number, string>()

  /** `hashId` is that of the key that makes the tokens. `simd` null: unions are made without it. */
  constructor(
    storage: DurableObjectStorage,
    table: SketchTable,
    hashId: number,
    simd: SimdMerge | null,
    { maxHotBytes = MAX_HOT_BYTES, maxOpenBytes = MAX_OPEN_BYTES }: EngineLimits = {},
  ) {
    this.#storage = storage
    this.#table = table
    this.#counts = new Counts(table, hashId, maxOpenBytes)
    this.#log = new HotLog(storage.sql, hashId, maxHotBytes)
    this.#maxHotBytes = maxHotBytes
    this.reader = new FigureReader(this.#counts, table, simd)
  }

  /** Reads what is on disk. Throws when another key or a newer build wrote it. */
  load(scope: Scope | null, nowMs: number): void {
    this.#forget()
    this.#scope = scope
    this.reader.peaks.setTimeZone(scope?.timeZone ?? 'UTC')
    const stored = readPublishState(this.#table.readState('publish'))
    const { version, marks } = stored
    this.#version = version
    this.reader.lastTokensMs = stored.last_tokens_ms ?? null
    this.#stored = new Marks(marks)
    this.#marks = new Marks(marks)
    this.#log.restore()
    // An object that was put to sleep has nobody who folds later: the next alarm does, and is then the last.
    this.#hotSinceMs = this.#log.bytes === 0 ? nowMs : -Infinity
    for (const group of this.#log.readOldest(Infinity)?.groups ?? []) this.#count(group)
    this.#isLoaded = true
  }

  /** Forgets what is in memory: load() is to be called before anything else. */
  reset(): void {
    this.#forget()
  }

  /** Takes over whose counts these are. In another zone the minutes belong to other game days, with other peaks. */
  setScope(scope: Scope): void {
    const isMoved = scope.timeZone !== (this.#scope?.timeZone ?? 'UTC')
    this.#scope = scope
    if (!isMoved) return
    this.reader.peaks.setTimeZone(scope.timeZone)
    const minutes = this.#counts.estimates('online', 0, Number.MAX_SAFE_INTEGER)
    if (minutes.length === 0) return
    for (const { bucket } of minutes) this.#marks.add('peaks', this.reader.peaks.dayOf(bucket))
    this.#storeMarks()
  }

  /**
   * Adds groups, which were validated; those of buckets that are no longer kept are left out. What changed something is
   * on disk when the caller's event has ended: one row written, or none when all of it was known.
   */
  add(groups: readonly TokenGroup[], nowMs: number): void {
    this.#assertLoaded()
    if (groups.length > 0) this.reader.lastTokensMs = nowMs
    let hot: TokenGroup[] = []
    for (const group of groups) {
      if (group.bucket < oldestBucket(group.metric, nowMs)) continue
      const tokens = this.#count(group)
      if (tokens.length > 0) hot.push({ ...group, tokens })
      if (!this.#counts.isOverfull) continue
      this.#counts.trim()
      if (!this.#counts.isOverfull) continue
      this.fold(nowMs)
      hot = []
    }
    if (hot.length === 0) return
    if (this.#log.bytes + tokenBytes(hot) > this.#maxHotBytes) {
      this.fold(nowMs)
      return
    }
    if (this.#log.bytes === 0) this.#hotSinceMs = nowMs
    this.#log.append(hot)
  }

  /** Forgets what is saved and was not used lately, if memory is short. */
  trim(): void {
    this.#counts.trim()
  }

  /** When there is something to do: the time to publish or to fold, in milliseconds; null when all is done. */
  dueMs(nowMs: number): number | null {
    if (this.#scope !== null && !this.#marks.isEmpty) return nowMs + PUBLISH_INTERVAL_MS
    if (this.#log.bytes === 0) return null
    // Never further ahead than an age, even if the clock stepped back.
    return Math.max(Math.min(this.#hotSinceMs, nowMs) + MAX_HOT_AGE_MS, nowMs)
  }

  /** Folds if the hot row has become old. */
  foldIfDue(nowMs: number): void {
    if (this.#log.bytes === 0) return
    // A clock that stepped back must not make tokens wait: they are younger than zero then.
    const ageMs = nowMs - this.#hotSinceMs
    if (ageMs < 0 || ageMs >= MAX_HOT_AGE_MS) this.fold(nowMs)
  }

  /** Writes every changed sketch to its row, clears the hot row and deletes expired buckets, all or nothing. */
  fold(nowMs: number): void {
    this.#assertLoaded()
    const isMarked = !this.#marks.isEmpty || this.#sent !== null
    this.#storage.transactionSync(() => {
      this.#counts.save()
      this.#log.clear()
      if (isMarked) this.#storeMarks()
      this.#deleteExpired(nowMs)
    })
    this.#counts.saved()
    this.#counts.trim()
  }

  /**
   * Takes what changed since the last edition as messages to send; null when nothing did. The version is on disk before
   * anything leaves the object.
   */
  takeEdition(nowMs: number): SentEdition | null {
    this.#assertLoaded()
    // One that was never settled: whoever sent it was ended by the platform.
    if (this.#sent !== null) this.settle(this.#sent, false)
    if (this.#scope === null || this.#marks.isEmpty) return null
    const marks = this.#marks.take(MAX_PUBLISHED_MARKS)
    const { peaks: reader } = this.reader
    const days = [
      ...new Set([...marks.of('new_users'), ...marks.of('dau').flatMap(daysUnitedWith)]),
    ]
    const minutes = [...new Set(marks.of('online').flatMap(minutesUnitedWith))]
    const peakDays = [
      ...new Set([...marks.of('peaks'), ...marks.of('online').map((at) => reader.dayOf(at))]),
    ]
    const peaks = this.reader
      .dayPeaks(peakDays)
      .filter(({ day, peak }) => this.#sentPeaks.get(day) !== JSON.stringify(peak))
    this.#version = Math.max(nowMs, this.#version + 1)
    this.#writeState()
    const edition = {
      days: this.reader.dayCounts(days, nowMs),
      minutes: this.reader.minuteCounts(minutes, nowMs),
      peaks,
      version: this.#version,
    }
    this.#sent = {
      messages: packEdition(this.#scope, edition),
      marks,
      peaks: new Map(peaks.map(({ day, peak }) => [day, JSON.stringify(peak)])),
    }
    this.trim()
    return this.#sent
  }

  /** Says what became of an edition: one that did not arrive is told again with the next. */
  settle(edition: SentEdition, hasArrived: boolean): void {
    // After a reset the marks were read from disk again, those of this edition among them.
    if (this.#sent !== edition) return
    this.#sent = null
    if (!hasArrived) {
      this.#marks.merge(edition.marks)
      return
    }
    for (const [day, told] of edition.peaks) this.#sentPeaks.set(day, told)
    if (!this.#stored.isEmpty) this.#storeMarks()
  }

  /** Adds a group to the counts and notes what changed; returns the tokens that changed something. */
  #count(group: TokenGroup): Uint32Array {
    const { metric, bucket } = group
    const { tokens, isCounted } = this.#counts.add(group)
    if (isCounted) {
      this.#marks.add(metric, bucket)
      this.reader.changed(metric, bucket)
    }
    return tokens
  }

  /** Writes all marks that are not settled. */
  #storeMarks(): void {
    const pending = new Marks(this.#marks.toStored())
    if (this.#sent !== null) pending.merge(this.#sent.marks)
    this.#stored = pending
    this.#writeState()
  }

  /** Writes #stored, and what is known beside it. One row written. */
  #writeState(): void {
    const { lastTokensMs } = this.reader
    const state: PublishState = {
      version: this.#version,
      marks: this.#stored.toStored(),
      ...(lastTokensMs !== null && { last_tokens_ms: lastTokensMs }),
    }
    this.#table.writeState('publish', state)
  }

  #deleteExpired(nowMs: number): void {
    for (const metric of METRICS) {
      const oldest = oldestStoredBucket(metric, nowMs)
      const deleted = this.#table.deleteBefore(metric, oldest, MAX_DELETED_BUCKETS)
      if (metric === 'online') this.reader.peaks.keep(deleted)
    }
    this.#table.deletePeaks(0, oldestBucket('dau', nowMs))
  }

  #assertLoaded(): void {
    if (!this.#isLoaded) throw new Error('the engine was not loaded')
  }

  #forget(): void {
    this.#isLoaded = false
    this.#counts.clear()
    this.reader.clear()
    this.#marks = new Marks()
    this.#stored = new Marks()
    this.#sent = null
    this.#sentPeaks = new Map()
  }
}

function tokenBytes(groups: readonly TokenGroup[]): number {
  return groups.reduce((sum, { tokens }) => sum + tokens.byteLength, 0)
}
