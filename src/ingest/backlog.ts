/**
 * Load shedding: when the queue holds nearly as much as it can, clients are told to come back before the platform
 * refuses them one by one. What is known of the backlog comes with every send, for nothing.
 */
import { BACKLOG_CACHE_MS, SHED_BACKLOG_BYTES } from '../../configs/limits.ts'
import { ApiError } from '../api-error.ts'
import { describeError, log } from '../log.ts'
import type { EventQueue } from '../queue/event-queue.ts'

/** What one isolate knows of the backlog of its queue. */
export class BacklogWatch {
  readonly #limitBytes: number
  #bytes = 0
  #seenMs = Number.NEGATIVE_INFINITY

  constructor(limitBytes = SHED_BACKLOG_BYTES) {
    this.#limitBytes = limitBytes
  }

  /** Notes a size in bytes that was seen at a time in milliseconds. */
  note(bytes: number, nowMs: number): void {
    this.#bytes = bytes
    this.#seenMs = nowMs
  }

  /**
   * Throws overloaded when the backlog is at its limit. While it is, nothing is sent, so an old size is asked for
   * again. A queue that does not tell its size is taken for empty: refusing would lose more than trying.
   */
  async requireRoom(queue: EventQueue, nowMs: number): Promise<void> {
    if (this.#bytes < this.#limitBytes) return
    if (nowMs - this.#seenMs > BACKLOG_CACHE_MS) this.note(await sizeOf(queue), nowMs)
    if (this.#bytes < this.#limitBytes) return
    throw new ApiError(
      'overloaded',
      'Too many events wait to be stored. Nothing was acknowledged; send the same body again after Retry-After.',
    )
  }
}

async function sizeOf(queue: EventQueue): Promise<number> {
  try {
    return await queue.backlogBytes()
  } catch (error) {
    log('warn', 'the queue does not tell its backlog', { reason: describeError(error) })
    return 0
  }
}
