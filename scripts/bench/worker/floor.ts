/**
 * The least that any Worker must do with a POST of events: parse the JSON, send one message of the size that Croupier
 * sends, answer; and acknowledge what the queue delivers. It checks nothing and stores nothing.
 */
import { Hono } from 'hono'
import { z } from 'zod'

interface FloorEnv {
  readonly EVENTS_QUEUE: Queue<Uint8Array>
  /** Asked before each batch, which waits for the answer. Empty: nobody is asked. */
  readonly BENCH_GATE_URL: string
}

const bodySchema = z.object({ events: z.array(z.unknown()) })

/** Bytes of the message that Croupier makes of the same body. */
const MESSAGE_BYTES_HEADER = 'X-Message-Bytes'

const counts = { sent: 0, settled: 0 }

const app = new Hono<{ Bindings: FloorEnv }>()
  .get('/bench/counts', (c) => c.json(counts))
  .post('/api/events/track', async (c) => {
    const { events } = bodySchema.parse(await c.req.json())
    const message = new Uint8Array(Number(c.req.header(MESSAGE_BYTES_HEADER)))
    await c.env.EVENTS_QUEUE.send(message, { contentType: 'bytes' })
    counts.sent += 1
    return c.json({ accepted: events.length }, 202)
  })

export default {
  fetch: app.fetch,
  async queue(batch, env) {
    if (env.BENCH_GATE_URL !== '') await (await fetch(env.BENCH_GATE_URL)).text()
    for (const message of batch.messages) message.ack()
    counts.settled += batch.messages.length
  },
} satisfies ExportedHandler<FloorEnv>
