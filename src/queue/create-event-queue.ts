/** The queue that ANALYTICS_MQ_TYPE names. */
import { cloudflareQueue } from './cloudflare-queue.ts'
import type { EventQueue } from './event-queue.ts'
import { noopQueue } from './noop-queue.ts'

/** Values of ANALYTICS_MQ_TYPE. */
export const QUEUE_TYPES = ['cloudflare-queues', 'noop'] as const
export type QueueType = (typeof QUEUE_TYPES)[number]

/** The queue of a type; the binding is used by cloudflare-queues only. */
export function createEventQueue(type: QueueType, binding: Queue): EventQueue {
  switch (type) {
    case 'cloudflare-queues':
      return cloudflareQueue(binding)
    case 'noop':
      return noopQueue
  }
}
