/** The Worker: HTTP in, queue batches in, Durable Objects out, a count every hour. Wiring only. */
import { createApp } from './app.ts'
import { consumeEvents } from './consume/consumer.ts'
import { consumeDeadLetters } from './consume/dead-letter.ts'
import { reconcile } from './reconcile/reconcile.ts'

const DEAD_LETTER_QUEUE_NAME = /dead-letters$/

export default {
  fetch: createApp().fetch,
  queue: (batch, env) =>
    DEAD_LETTER_QUEUE_NAME.test(batch.queue)
      ? consumeDeadLetters(batch, env)
      : consumeEvents(batch, env),
  scheduled: async (_controller, env) => {
    await reconcile(env, Date.now)
  },
} satisfies ExportedHandler<Env>

export { EventCoalescer } from '../durable/event-coalescer.ts'
export { GameSettings } from '../durable/game-settings.ts'
export { GameSketches } from '../durable/game-sketches.ts'
export { LiveFeed } from '../durable/live-feed.ts'
export { NonceLedger } from '../durable/nonce-ledger.ts'
