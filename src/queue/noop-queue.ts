/** Validates and forgets: for trying out an integration without storing anything. */
import type { EventQueue } from './event-queue.ts'

export const noopQueue: EventQueue = {
  stores: false,
  async send() {
    return 0
  },
  async backlogBytes() {
    return 0
  },
}
