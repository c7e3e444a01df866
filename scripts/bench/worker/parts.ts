/**
 * Croupier as it is deployed, with what is not measured taken away. BENCH_PARTS says what is left: `all`, or
 * `consume`, where user tokens go nowhere.
 *
 * The rate limiter of the simulator writes to a database for every call, which the platform's does not; here it
 * always says yes.
 */
import { z } from 'zod'

import croupier from '../../../src/index.ts'
import { replaceMethod } from './replace-method.ts'

export {
  EventCoalescer,
  GameSettings,
  GameSketches,
  LiveFeed,
  NonceLedger,
} from '../../../src/index.ts'

interface BenchEnv extends Env {
  readonly BENCH_PARTS: string
  /** Asked before each batch, which waits for the answer. Empty: nobody is asked. */
  readonly BENCH_GATE_URL: string
}

const partsSchema = z.enum(['consume', 'all'])

const counts = { sent: 0, sentBytes: 0, settled: 0, retried: 0 }

let measuredEnv: Env | undefined

/** One environment for all requests: the Worker remembers what it has parsed by the object. */
function measured(env: BenchEnv): Env {
  if (measuredEnv !== undefined) return measuredEnv
  const parts = partsSchema.parse(env.BENCH_PARTS)
  countSends(env.EVENTS_QUEUE)
  const overrides = {
    INGEST_RATE: { limit: () => Promise.resolve({ success: true }) },
    ...(parts === 'consume' && {
      GAME_SKETCHES: { getByName: () => ({ addTokens: () => Promise.resolve() }) },
    }),
  }
  const changed: Env = Object.assign(Object.create(null), env, overrides)
  measuredEnv = changed
  return changed
}

/** At the prototype, so that what Durable Objects send counts too. */
function countSends(queue: Queue): void {
  replaceMethod(
    Object.getPrototypeOf(queue),
    'send',
    (send) =>
      async function countedSend(this: unknown, ...args) {
        // Sending takes the bytes away, and their number with them.
        const [message] = args
        const bytes = message instanceof Uint8Array ? message.byteLength : 0
        counts.sent += 1
        const reply = await Reflect.apply(send, this, args)
        counts.sentBytes += bytes
        return reply
      },
  )
}

/** The batch with its verdicts counted. */
function counted(batch: MessageBatch): MessageBatch {
  const messages = batch.messages.map((message) => ({
    id: message.id,
    timestamp: message.timestamp,
    body: message.body,
    attempts: message.attempts,
    ack() {
      counts.settled += 1
      message.ack()
    },
    retry(options?: QueueRetryOptions) {
      counts.retried += 1
      message.retry(options)
    },
  }))
  return {
    queue: batch.queue,
    metadata: batch.metadata,
    messages,
    ackAll: () => batch.ackAll(),
    retryAll: (options) => batch.retryAll(options),
  }
}

export default {
  fetch(request, env, ctx) {
    if (request.url.endsWith('/bench/counts')) return Response.json(counts)
    return croupier.fetch(request, measured(env), ctx)
  },
  async queue(batch, env) {
    if (env.BENCH_GATE_URL !== '') await (await fetch(env.BENCH_GATE_URL)).text()
    await croupier.queue(counted(batch), measured(env))
  },
} satisfies ExportedHandler<BenchEnv>
