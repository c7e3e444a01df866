/**
 * The port between ingest and whatever carries accepted events to the consumer. An implementation
 * promises one thing: when send() resolves, the messages are stored, unless `stores` is false.
 */
import { cloudflareQueue } from './cloudflare-queue.ts'
import { noopQueue } from './noop-queue.ts'

export interface EventQueue {
  /** False when messages go nowhere; the answer to the client must say so. */
  readonly stores: boolean
  /** Sends whole messages; rejects when any of them may not be stored. */
  send(messages: readonly Uint8Array[]): Promise<void>
}

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
