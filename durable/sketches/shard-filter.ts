/**
 * A shard of a game that one object cannot serve: takes deliveries, drops what it has seen, and hands the rest on to
 * the object that all reads ask.
 *
 * What it has seen lives in memory only: forgetting it makes tokens go on twice, which changes nothing. What is to be
 * handed on is on disk when add() returns and stays there until it has arrived.
 */
import { SHARD_HANDOVER_MS } from '../../configs/limits.ts'
import type { TokenGroup } from '../../src/event/envelope.ts'
import { oldestBucket } from '../series.ts'
import { Counts } from './counts.ts'
import type { HotBatch } from './hot-log.ts'
import { HotLog } from './hot-log.ts'

const MAX_ROW_BYTES = 256_000
const MAX_OPEN_BYTES = 8_000_000

/** Bytes of one call to the other object; a call may carry 32 MiB. */
const MAX_BATCH_BYTES = 4_000_000

/** Bytes that may wait. Beyond, deliveries are refused and wait in the queue, which holds more. */
const MAX_WAITING_BYTES = 256_000_000

export class ShardFilter {
  readonly #counts: Counts
  readonly #log: HotLog

  /** `hashId` is that of the key that makes the tokens. */
  constructor(sql: SqlStorage, hashId: number) {
    this.#counts = new Counts(null, hashId, MAX_OPEN_BYTES)
    this.#log = new HotLog(sql, hashId, MAX_ROW_BYTES)
  }

  /** Finds out what is on disk; nothing counts as seen. */
  load(): void {
    this.reset()
    this.#log.restore()
  }

  /** Forgets what was seen. */
  reset(): void {
    this.#counts.clear()
  }

  /**
   * Adds groups, which were validated. What was not seen before is on disk when the caller's event has ended: one row
   * written for up to 256 KB. Throws when too much waits already.
   */
  add(groups: readonly TokenGroup[], nowMs: number): void {
    if (this.#log.bytes > MAX_WAITING_BYTES) {
      throw new Error(`${this.#log.bytes} bytes of tokens wait to be handed over`)
    }
    const unseen: TokenGroup[] = []
    for (const group of groups) {
      if (group.bucket < oldestBucket(group.metric, nowMs)) continue
      const { tokens } = this.#counts.add(group)
      if (tokens.length > 0) unseen.push({ ...group, tokens })
      this.#counts.trim()
    }
    if (unseen.length > 0) this.#log.append(unseen)
  }

  /** When to hand over, in milliseconds; null when nothing waits. */
  dueMs(nowMs: number): number | null {
    return this.#log.bytes > 0 ? nowMs + SHARD_HANDOVER_MS : null
  }

  /** What waits longest, as much as one call carries; null when nothing waits. */
  oldestBatch(): HotBatch | null {
    return this.#log.readOldest(MAX_BATCH_BYTES)
  }

  /** Says that a batch is on disk of the other object. */
  arrived({ lastSeq }: HotBatch): void {
    this.#log.delete(lastSeq)
  }
}
