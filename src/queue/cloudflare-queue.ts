/** Cloudflare Queues: send() resolves once the message is on disk; delivery is at least once. */
import { z } from 'zod'

import type { EventQueue } from './event-queue.ts'

/**
 * What a reply says beside that the message is on disk. That it came is what counts: a reply without metrics must not
 * make a stored message look like a lost one.
 */
const replySchema = z.object({
  metadata: z.object({ metrics: z.object({ backlogBytes: z.number() }) }),
})

/** The part of a queue binding that is used. */
interface QueueBinding {
  send(message: Uint8Array, options: { contentType: 'bytes' }): Promise<unknown>
  metrics(): Promise<{ readonly backlogBytes: number }>
}

/** One send per message: sendBatch costs the same and bounds the sum of the sizes. */
export function cloudflareQueue(binding: QueueBinding): EventQueue {
  return {
    stores: true,
    async send(messages) {
      let backlogBytes = 0
      for (const message of messages) {
        const reply = replySchema.safeParse(await binding.send(message, { contentType: 'bytes' }))
        backlogBytes = reply.data?.metadata.metrics.backlogBytes ?? 0
      }
      return backlogBytes
    },
    async backlogBytes() {
      return (await binding.metrics()).backlogBytes
    },
  }
}
