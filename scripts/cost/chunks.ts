/** What a queue bills of a message. Pure. */

/** Queues bill each write, read and delete of a message by chunks. */
const CHUNK_BYTES = 64_000

/** What the platform adds to a message of its own, and bills with it. */
const METADATA_BYTES = 100

/** Billed chunks of a message. */
export function chunksOf(bytes: number): number {
  return Math.ceil((bytes + METADATA_BYTES) / CHUNK_BYTES)
}
