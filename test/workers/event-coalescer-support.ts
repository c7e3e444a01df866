/** Builders for tests of EventCoalescer: objects with a queue of the test, POSTs, what messages hold. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

import type { CoalescedPost } from '../../durable/coalesced-post.ts'
import type { EventCoalescer } from '../../durable/event-coalescer.ts'
import { eventCoalescerName } from '../../durable/names.ts'
import { configOf } from '../../src/config.ts'
import { readEnvelope } from '../../src/consume/read-message.ts'
import type { Counting, RowTable } from '../../src/event/envelope.ts'
import { tokenOf } from './game-sketches-support.ts'

/** The object of a game in the environment prod. */
export function coalescerOf(gameId: string, continent = 'XX'): DurableObjectStub<EventCoalescer> {
  return env.EVENT_COALESCER.getByName(eventCoalescerName({ gameId, env: 'prod' }, continent))
}

/** Makes the present instance of an object send to this queue. */
export async function sendTo(
  coalescer: DurableObjectStub<EventCoalescer>,
  queue: Queue,
): Promise<void> {
  await runInDurableObject(coalescer, (instance: EventCoalescer) => {
    if (!Reflect.set(instance, 'env', { ...env, EVENTS_QUEUE: queue })) throw new Error('not set')
  })
}

/** A queue whose sends do what the test says. */
export function queueThat(send: (message: Uint8Array) => Promise<unknown>): Queue {
  return {
    metrics: () => env.EVENTS_QUEUE.metrics(),
    send: async (message) => {
      if (!(message instanceof Uint8Array)) throw new TypeError('expected bytes')
      await send(message)
      return { metadata: { metrics: { backlogCount: 1, backlogBytes: 42 } } }
    },
    sendBatch: () => Promise.reject(new Error('sends one by one')),
  }
}

interface PostFacts {
  readonly waitMs?: number
  readonly counting?: Partial<Counting>
  /** Characters that its row has more */
  readonly padding?: number
}

/** A POST of one event of the user with this number. */
export function postOf(gameId: string, user: number, facts: PostFacts = {}): CoalescedPost {
  const { waitMs = 100, counting = {}, padding = 0 } = facts
  const nowMs = Date.now()
  return {
    waitMs,
    context: {
      gameId,
      env: 'prod',
      traceId: `trace-${user}`,
      receivedTimeMs: nowMs,
      counting: { timeZone: 'UTC', shards: 1, hashId: configOf(env).hashId, ...counting },
    },
    cargo: {
      eventRows: [`${JSON.stringify({ user, padding: 'x'.repeat(padding) })}\n`],
      auditRows: [`${JSON.stringify({ trace_id: `trace-${user}` })}\n`],
      tokens: [
        {
          metric: 'dau',
          bucket: 20_000,
          tokens: Uint32Array.of(tokenOf(user)),
          by: ['', '', '', ''],
        },
        { metric: 'online', bucket: 30_000_000, tokens: Uint32Array.of(tokenOf(user)) },
      ],
    },
  }
}

/** The rows of a table in a message, parsed. */
export function rowsIn(message: Uint8Array, table: RowTable): unknown[] {
  const { sections } = readEnvelope(message)
  return sections
    .filter((section) => section.table === table)
    .flatMap(({ ndjson }) => {
      const lines = new TextDecoder().decode(ndjson).split('\n').slice(0, -1)
      return lines.map((line): unknown => JSON.parse(line))
    })
}

/** One field of the rows of a table in a message, in the order of its text. */
export function fieldsIn(message: Uint8Array, table: RowTable, field: string): string[] {
  return sorted(rowsIn(message, table).map((row) => String(Object(row)[field])))
}

/** A copy in the order of the text. */
export function sorted(values: Iterable<string | number>): string[] {
  return Array.from(values, String).toSorted((a, b) => (a < b ? -1 : 1))
}
