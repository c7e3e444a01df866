/** The door to the objects in which small POSTs gather. */
import { z } from 'zod'

import { COALESCER_DEADLINE_MS } from '../configs/limits.ts'
import type { CoalescedPost } from '../durable/coalesced-post.ts'
import { eventCoalescerName } from '../durable/names.ts'
import { within } from './deadline.ts'

export { isWorthCoalescing } from '../durable/coalesced-post.ts'

/** Anything else than a number of bytes is no acknowledgement, whatever build the object is of. */
const backlogSchema = z.number().nonnegative()

/**
 * Puts a POST into company, in the object of its game, environment and continent (two letters). Resolves once the queue
 * has all of it, to the bytes that wait in the queue. Rejects when that is not known within the time that the POST may
 * wait and COALESCER_DEADLINE_MS; it may be stored nevertheless.
 */
export async function coalesce(env: Env, post: CoalescedPost, continent: string): Promise<number> {
  const object = env.EVENT_COALESCER.getByName(eventCoalescerName(post.context, continent))
  return backlogSchema.parse(
    await within(post.waitMs + COALESCER_DEADLINE_MS, object.enqueue(post)),
  )
}
