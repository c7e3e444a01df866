/** Cloudflare Queues: send() resolves once the message is on disk; delivery is at least once. */
import type { EventQueue } from './event-queue.ts'

/** One send per message: sendBatch costs the same and bounds the sum of the sizes. */
export function cloudflareQueue(binding: Queue): EventQueue {
  return {
    stores: true,
    async send(messages) {
      let backlogBytes = 0
      for (const message of messages) {
        const { metadata } = await binding.send(message, { contentType: 'bytes' })
        backlogBytes = metadata.metrics.backlogBytes
      }
      return backlogBytes
    },
    async backlogBytes() {
      return (await binding.metrics()).backlogBytes
    },
  }
}
