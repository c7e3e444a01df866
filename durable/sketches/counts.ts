/**
 * All sketches, samples and breakdowns of an object: open in memory, saved in its tables when told.
 *
 * Adding is idempotent and its order is free, whatever is saved or forgotten in between.
 */
import { MAX_BREAKDOWN_VALUES, MAX_SAMPLE_TOKENS } from '../../configs/limits.ts'
import type { BreakdownColumn, SketchMetric, TokenGroup } from '../../src/event/envelope.ts'
import { BREAKDOWN_COLUMNS } from '../../src/event/envelope.ts'
import { decodeSketch, encodeSketch } from '../../src/sketch/codec.ts'
import { DistinctCountSketch } from '../../src/sketch/distinct-count.ts'
import { decodeSample, encodeSample } from '../../src/sketch/sample-codec.ts'
import { TokenSample } from '../../src/sketch/token-sample.ts'
import { SERIES } from '../series.ts'
import type { BucketEstimate, SketchTable, StoredMetric } from '../sketch-table.ts'
import { BreakdownPage } from './breakdown-page.ts'
import { UNKNOWN_SAMPLE } from './migrations.ts'
import { OpenSet } from './open-set.ts'
import { sketchBytes } from './sketch-bytes.ts'

/** The bucket of the sketch of all new users ever. */
const EVER = 0

/** 0.59 %, as for days. */
const REGISTERED_PRECISION = 14

/** Tokens are tried this many at a time: what is kept of a group are the parts that changed something. */
const PART_TOKENS = 32

const BYTES_PER_SAMPLED_TOKEN = 8

interface SketchPlace {
  readonly metric: StoredMetric
  readonly bucket: number
}

interface SamplePlace {
  readonly metric: SketchMetric
  readonly bucket: number
}

interface PagePlace extends SamplePlace {
  readonly column: BreakdownColumn
}

/** Something that a group is added to. */
interface Target {
  readonly add: (tokens: Uint32Array) => number
  readonly changed: () => void
}

/** What a group changed. */
interface Added {
  /** Tokens that changed something, with some that did not; empty when nothing changed */
  readonly tokens: Uint32Array
  /** Whether the count of the bucket changed, and not only by whom it is broken down */
  readonly isCounted: boolean
}

export class Counts {
  readonly #table: SketchTable | null
  readonly #sketches: OpenSet<SketchPlace, DistinctCountSketch>
  readonly #samples: OpenSet<SamplePlace, TokenSample | null>
  readonly #pages: OpenSet<PagePlace, BreakdownPage>

  /**
   * `table` null: nothing is read or saved, and what is forgotten is counted anew. `maxBytes` is the memory of each
   * of the three kinds. `hashId` is that of the key that makes the tokens; reading throws SketchFrameError for what
   * another key made.
   */
  constructor(table: SketchTable | null, hashId: number, maxBytes: number) {
    this.#table = table
    this.#sketches = new OpenSet(
      {
        keyOf: ({ metric, bucket }) => `${metric} ${bucket}`,
        read({ metric, bucket }) {
          const frame = table?.readFrame(metric, bucket)
          return frame === undefined
            ? new DistinctCountSketch(hashId, precisionOf(metric))
            : decodeSketch(frame, hashId)
        },
        write: table && (({ metric, bucket }, sketch) => saveSketch(table, metric, bucket, sketch)),
        bytesOf: sketchBytes,
      },
      maxBytes,
    )
    this.#samples = new OpenSet(
      {
        keyOf: ({ metric, bucket }) => `${metric} ${bucket}`,
        read({ metric, bucket }) {
          const frame = table?.readSample(metric, bucket)
          if (frame === undefined) return new TokenSample(hashId, MAX_SAMPLE_TOKENS)
          return frame.length === UNKNOWN_SAMPLE.length ? null : decodeSample(frame, hashId)
        },
        write:
          table &&
          (({ metric, bucket }, sample) => {
            if (sample !== null) table.writeSample(metric, bucket, encodeSample(sample))
          }),
        bytesOf: (sample) => BYTES_PER_SAMPLED_TOKEN * (sample?.size ?? 0),
      },
      maxBytes,
    )
    this.#pages = new OpenSet(
      {
        keyOf: ({ metric, bucket, column }) => `${metric} ${bucket} ${column}`,
        read({ metric, bucket, column }) {
          const page = table?.readPage(metric, bucket, column)
          return page === undefined
            ? new BreakdownPage(hashId, MAX_BREAKDOWN_VALUES[column])
            : BreakdownPage.decode(page, hashId, MAX_BREAKDOWN_VALUES[column])
        },
        write:
          table &&
          (({ metric, bucket, column }, page) =>
            table.writePage(metric, bucket, column, page.encode())),
        bytesOf: ({ bytes }) => bytes,
      },
      maxBytes,
    )
  }

  /** Whether saving is due because memory is full of what is not saved. */
  get isOverfull(): boolean {
    return this.#sketches.isOverfull || this.#samples.isOverfull || this.#pages.isOverfull
  }

  /** The sketch of a bucket; not to be written to. Holds until the next trim(). */
  sketch(metric: SketchMetric, bucket: number): DistinctCountSketch {
    return this.#sketches.get({ metric, bucket })
  }

  /** The sketch of all new users ever; not to be written to. */
  registered(): DistinctCountSketch {
    return this.#sketches.get({ metric: 'registered', bucket: EVER })
  }

  /** The sample of a day; null when it cannot be known. Not to be written to. */
  sample(metric: SketchMetric, bucket: number): TokenSample | null {
    return this.#samples.get({ metric, bucket })
  }

  /** The breakdown of a day by a column; not to be written to. */
  page(metric: SketchMetric, bucket: number, column: BreakdownColumn): BreakdownPage {
    return this.#pages.get({ metric, bucket, column })
  }

  /** The estimate of a bucket. */
  estimate(metric: SketchMetric, bucket: number): BucketEstimate {
    return estimateOf(bucket, this.sketch(metric, bucket))
  }

  /** The estimates of all buckets from `from` to `to` that count anybody, ascending. */
  estimates(metric: SketchMetric, from: number, to: number): BucketEstimate[] {
    const found = new Map(
      this.#table?.readEstimates(metric, from, to).map((stored) => [stored.bucket, stored]),
    )
    for (const { place, value } of this.#sketches.unsaved()) {
      const { bucket } = place
      if (place.metric !== metric || bucket < from || bucket > to) continue
      found.set(bucket, estimateOf(bucket, value))
    }
    return [...found.values()].toSorted((a, b) => a.bucket - b.bucket)
  }

  /** Adds a group to everything that it belongs to. */
  add(group: TokenGroup): Added {
    const { metric, bucket, tokens } = group
    const count = this.#countOf(metric, bucket)
    const targets = [count, ...this.#othersOf(group)]
    const changed = new Set<Target>()
    const parts: Uint32Array[] = []
    for (let at = 0; at < tokens.length; at += PART_TOKENS) {
      const part = tokens.subarray(at, at + PART_TOKENS)
      let changes = 0
      for (const target of targets) {
        const made = target.add(part)
        if (made > 0) changed.add(target)
        changes += made
      }
      if (changes > 0) parts.push(part)
    }
    for (const target of changed) target.changed()
    return { tokens: joined(parts), isCounted: changed.has(count) }
  }

  /** Writes what is not saved: a row each. It counts as saved once saved() is called, after the commit. */
  save(): void {
    this.#sketches.save()
    this.#samples.save()
    this.#pages.save()
  }

  /** Says that what save() wrote is committed. */
  saved(): void {
    this.#sketches.saved()
    this.#samples.saved()
    this.#pages.saved()
  }

  /** Forgets saved things, the longest unused first, while they take too much memory. */
  trim(): void {
    this.#sketches.trim()
    this.#samples.trim()
    this.#pages.trim()
  }

  /** Forgets everything. */
  clear(): void {
    this.#sketches.clear()
    this.#samples.clear()
    this.#pages.clear()
  }

  #countOf(metric: StoredMetric, bucket: number): Target {
    const place = { metric, bucket }
    const sketch = this.#sketches.get(place)
    return {
      add: (tokens) => sketch.addTokens(tokens),
      changed: () => this.#sketches.changed(place),
    }
  }

  #othersOf({ metric, bucket, by }: TokenGroup): Target[] {
    if (metric === 'online') return []
    const targets: Target[] = metric === 'new_users' ? [this.#countOf('registered', EVER)] : []
    const sample = this.#samples.get({ metric, bucket })
    if (sample !== null) {
      targets.push({
        add: (tokens) => sample.addTokens(tokens),
        changed: () => this.#samples.changed({ metric, bucket }),
      })
    }
    for (const [index, name] of (by ?? []).entries()) {
      const column = BREAKDOWN_COLUMNS[index]
      if (column === undefined) continue
      const place = { metric, bucket, column }
      const page = this.#pages.get(place)
      targets.push({
        add: (tokens) => page.add(name, tokens),
        changed: () => this.#pages.changed(place),
      })
    }
    return targets
  }
}

function precisionOf(metric: StoredMetric): number {
  return metric === 'registered' ? REGISTERED_PRECISION : SERIES[metric].precision
}

function saveSketch(
  table: SketchTable,
  metric: StoredMetric,
  bucket: number,
  sketch: DistinctCountSketch,
): void {
  table.write(metric, bucket, encodeSketch(sketch), estimateOf(bucket, sketch))
}

function estimateOf(bucket: number, sketch: DistinctCountSketch): BucketEstimate {
  const { relativeStandardError } = sketch
  return { bucket, estimate: sketch.estimate(), relativeStandardError }
}

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const tokens = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    tokens.set(part, at)
    at += part.length
  }
  return tokens
}
