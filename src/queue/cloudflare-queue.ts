/** Cloudflare Queues: send() resolves once the message is on disk; delivery is at least once. */
import type { EventQueue } from './event-queue.ts'

/** One send per message: sendBatch costs the same and bounds the sum of the sizes. */
export function cloudflareQueue(binding: Queue): EventQueue {
  return {
    stores: true,
    async send(messages) {
      for (const message of messages) await binding.send(message, { contentType: 'bytes' })
    },
  }
}
