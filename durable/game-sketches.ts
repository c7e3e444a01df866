/**
 * The unique counts of one game and environment, live: DAU and new users per game day, online per minute.
 *
 * Adding is idempotent and its order is free, so at-least-once delivery changes no figure. A call that
 * resolved is on disk; nothing lives in memory between calls, so an eviction loses nothing.
 */
import { DurableObject } from 'cloudflare:workers'

import { SKETCH_METRICS, type SketchMetric, type TokenGroup } from '../src/event/envelope.ts'
import { decodeSketch, encodeSketch } from '../src/sketch/codec.ts'
import { DistinctCountSketch } from '../src/sketch/distinct-count.ts'
import { hashKeyId, parseHashKey } from '../src/sketch/token.ts'
import { readMoment, readTokenGroups } from './call-arguments.ts'
import { oldestBucket, SERIES } from './series.ts'
import { SketchTable } from './sketch-table.ts'

/** Half-width of a 95 % interval, in standard errors. */
const CONFIDENCE_95 = 1.96

/** Expired buckets that one call may delete per metric: a long pause must not make the next call slow. */
const MAX_DELETED_BUCKETS = 256

/** A unique count. */
export interface Figure {
  /** Users */
  readonly value: number
  /** Whether `value` is no estimate */
  readonly exact: boolean
  /** Half-width of the 95 % interval in users; 0 when exact */
  readonly error: number
}

export interface LiveFigures {
  readonly dau: Figure
  readonly newUsers: Figure
  readonly online: Figure
}

interface OpenSketch {
  readonly metric: SketchMetric
  readonly bucket: number
  readonly sketch: DistinctCountSketch
  changes: number
}

export class GameSketches extends DurableObject<Env> {
  readonly #table: SketchTable
  readonly #hashId: number

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#hashId = hashKeyId(parseHashKey(env.SKETCH_KEY))
    this.#table = new SketchTable(ctx.storage)
    void ctx.blockConcurrencyWhile(async () => this.#table.migrate())
  }

  /**
   * Adds user tokens to their buckets. Buckets that are no longer kept are left out: the rows in
   * ClickHouse are what counts them. Throws TypeError or RangeError, and adds nothing, when a group is
   * malformed or lies in the future; throws when a stored sketch was made under another SKETCH_KEY.
   *
   * Sketches are read from disk on every call (0.3 ms each at most): a cache would have to be right about
   * every failed commit, and the runtime keeps the pages in memory anyway.
   */
  addTokens(groups: readonly TokenGroup[]): void {
    const nowMs = Date.now()
    const changed = this.#merge(readTokenGroups(groups, nowMs), nowMs)
    // No await from the first read to here: the output gate then holds the answer until all of it is on disk.
    this.ctx.storage.transactionSync(() => {
      for (const { metric, bucket, sketch } of changed) {
        this.#table.write(metric, bucket, encodeSketch(sketch), {
          estimate: sketch.estimate(),
          relativeStandardError: sketch.relativeStandardError,
        })
      }
      for (const metric of SKETCH_METRICS) {
        this.#table.deleteBefore(metric, oldestBucket(metric, nowMs), MAX_DELETED_BUCKETS)
      }
    })
  }

  /** The counts of a game day (days since 1970-01-01) and of a minute (minutes since the epoch). */
  figures(at: { day: number; minute: number }): LiveFigures {
    const { day, minute } = readMoment(at)
    return {
      dau: this.#figure('dau', day),
      newUsers: this.#figure('new_users', day),
      online: this.#figure('online', minute),
    }
  }

  /** The sketches that the groups change, merged in memory. Groups of one bucket share a sketch. */
  #merge(groups: readonly TokenGroup[], nowMs: number): OpenSketch[] {
    const open = new Map<string, OpenSketch>()
    for (const { metric, bucket, tokens } of groups) {
      if (bucket < oldestBucket(metric, nowMs)) continue
      const key = `${metric} ${bucket}`
      const entry = open.get(key) ?? {
        metric,
        bucket,
        sketch: this.#load(metric, bucket),
        changes: 0,
      }
      entry.changes += entry.sketch.addTokens(tokens)
      open.set(key, entry)
    }
    return [...open.values()].filter(({ changes }) => changes > 0)
  }

  #load(metric: SketchMetric, bucket: number): DistinctCountSketch {
    const frame = this.#table.readFrame(metric, bucket)
    return frame === undefined
      ? new DistinctCountSketch(this.#hashId, SERIES[metric].precision)
      : decodeSketch(frame, this.#hashId)
  }

  #figure(metric: SketchMetric, bucket: number): Figure {
    const stored = this.#table.readEstimate(metric, bucket)
    if (stored === undefined) return { value: 0, exact: true, error: 0 }
    const { estimate, relativeStandardError } = stored
    return {
      value: Math.round(estimate),
      exact: relativeStandardError === 0,
      error: Math.ceil(CONFIDENCE_95 * relativeStandardError * estimate),
    }
  }
}
