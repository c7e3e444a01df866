/** EventCoalescer: what shares a message, when it is sent, and who is told what. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, it, vi } from 'vitest'

import {
  MAX_COALESCED_CHARACTERS,
  MAX_COALESCED_POST_CHARACTERS,
  MAX_COALESCED_POSTS,
  MAX_COALESCER_CHARACTERS,
  MESSAGE_CHUNK_BYTES,
} from '../../configs/limits.ts'
import type { EventCoalescer } from '../../durable/event-coalescer.ts'
import { readEnvelope } from '../../src/consume/read-message.ts'
import {
  coalescerOf,
  fieldsIn,
  postOf,
  queueThat,
  rowsIn,
  sendTo,
  sorted,
} from './event-coalescer-support.ts'
import { tokenOf } from './game-sketches-support.ts'

const LONG_MS = 2_000

/** An object of its own, and the messages that it has sent. */
async function keepingCoalescer(gameId: string) {
  const coalescer = coalescerOf(gameId)
  const messages: Uint8Array[] = []
  await sendTo(
    coalescer,
    queueThat(async (message) => {
      messages.push(message)
    }),
  )
  return { coalescer, messages }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

describe('EventCoalescer', () => {
  it('puts everything that ten POSTs bring into one message', async ({ expect }) => {
    const { coalescer, messages } = await keepingCoalescer('company')
    const answers = await Promise.all(
      numbers(10).map((user) => coalescer.enqueue(postOf('company', user))),
    )
    expect(answers).toEqual(numbers(10).map(() => 42))
    expect(messages).toHaveLength(1)
    const [message = new Uint8Array()] = messages
    expect(fieldsIn(message, 'events', 'user')).toEqual(sorted(numbers(10)))
    const traces = numbers(10).map((user) => `trace-${user}`)
    expect(fieldsIn(message, 'audit_log', 'trace_id')).toEqual(traces)
    const envelope = readEnvelope(message)
    expect(envelope).toMatchObject({ gameId: 'company', env: 'prod', counting: { shards: 1 } })
    expect(envelope.tokens.map(({ metric, bucket }) => [metric, bucket])).toEqual([
      ['dau', 20_000],
      ['online', 30_000_000],
    ])
    for (const { tokens } of envelope.tokens) {
      expect(sorted(tokens)).toEqual(sorted(numbers(10).map(tokenOf)))
    }
  })

  it('answers nobody before the queue has the message', async ({ expect }) => {
    const coalescer = coalescerOf('patience')
    const { promise: taken, resolve: take } = Promise.withResolvers<void>()
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
    await sendTo(
      coalescer,
      queueThat(() => {
        reach()
        return taken
      }),
    )
    let answered = 0
    const calls = numbers(3).map(async (user) => {
      await coalescer.enqueue(postOf('patience', user))
      answered += 1
    })
    await reached
    // Long enough for an answer to arrive if it were given.
    await scheduler.wait(300)
    expect(answered).toBe(0)
    take()
    await Promise.all(calls)
    expect(answered).toBe(3)
  })

  it('tells everybody when the queue refuses, and retains nothing', async ({ expect }) => {
    const coalescer = coalescerOf('refusal')
    let isFailing = true
    const messages: Uint8Array[] = []
    await sendTo(
      coalescer,
      queueThat(async (message) => {
        if (isFailing) throw new Error('the queue is full')
        messages.push(message)
      }),
    )
    const calls = await Promise.allSettled(
      numbers(3).map((user) => coalescer.enqueue(postOf('refusal', user))),
    )
    expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    isFailing = false
    await coalescer.enqueue(postOf('refusal', 9))
    expect(messages).toHaveLength(1)
    const [message = new Uint8Array()] = messages
    expect(rowsIn(message, 'events')).toMatchObject([{ user: 9 }])
  })

  it('gathers anew while a message is on its way', async ({ expect }) => {
    const coalescer = coalescerOf('overlap')
    await runInDurableObject(coalescer, async (instance: EventCoalescer) => {
      const { promise: taken, resolve: take } = Promise.withResolvers<void>()
      const messages: Uint8Array[] = []
      const queue = queueThat(async (message) => {
        messages.push(message)
        if (messages.length === 1) await taken
      })
      if (!Reflect.set(instance, 'env', { ...env, EVENTS_QUEUE: queue })) throw new Error('not set')
      let isFirstAnswered = false
      const waitForFirst = async () => {
        await instance.enqueue(postOf('overlap', 1, { waitMs: 1 }))
        isFirstAnswered = true
      }
      const first = waitForFirst()
      await vi.waitUntil(() => messages.length === 1)
      await instance.enqueue(postOf('overlap', 2, { waitMs: 1 }))
      expect(messages).toHaveLength(2)
      expect(isFirstAnswered).toBe(false)
      take()
      await first
    })
  })

  it('waits no longer than the POST that may wait least', async ({ expect }) => {
    const { coalescer, messages } = await keepingCoalescer('least')
    const startMs = Date.now()
    const patient = coalescer.enqueue(postOf('least', 1, { waitMs: LONG_MS }))
    await coalescer.enqueue(postOf('least', 2, { waitMs: 20 }))
    await patient
    expect(Date.now() - startMs).toBeLessThan(LONG_MS / 2)
    expect(messages).toHaveLength(1)
  })

  it('sends those apart that count otherwise', async ({ expect }) => {
    const { coalescer, messages } = await keepingCoalescer('counting')
    const ways = [{}, { shards: 4 }, { timeZone: 'Asia/Tokyo' }, { hashId: 3 }, { shards: 4 }]
    await Promise.all(
      ways.map((counting, user) => coalescer.enqueue(postOf('counting', user, { counting }))),
    )
    const envelopes = messages.map(readEnvelope)
    expect(envelopes).toHaveLength(4)
    const sharded = envelopes.filter(({ counting }) => counting?.shards === 4)
    expect(sharded).toMatchObject([{ sections: [{ rows: 2 }, { rows: 2 }] }])
  })

  it('sends at once when enough POSTs have come, as one billed chunk', async ({ expect }) => {
    const { coalescer, messages } = await keepingCoalescer('full')
    const startMs = Date.now()
    const post = (user: number) => postOf('full', user, { waitMs: LONG_MS, padding: 1_000 })
    await Promise.all(numbers(MAX_COALESCED_POSTS).map((user) => coalescer.enqueue(post(user))))
    expect(Date.now() - startMs).toBeLessThan(LONG_MS)
    expect(messages).toHaveLength(1)
    const [message = new Uint8Array()] = messages
    expect(rowsIn(message, 'events')).toHaveLength(MAX_COALESCED_POSTS)
    expect(message.byteLength).toBeLessThan(MESSAGE_CHUNK_BYTES)
  })

  it('sends at once when enough characters have come', async ({ expect }) => {
    const { coalescer, messages } = await keepingCoalescer('wide')
    const padding = MAX_COALESCED_POST_CHARACTERS - 100
    const posts = Math.ceil(MAX_COALESCED_CHARACTERS / (padding + 60))
    const startMs = Date.now()
    await Promise.all(
      numbers(posts).map((user) =>
        coalescer.enqueue(postOf('wide', user, { waitMs: LONG_MS, padding })),
      ),
    )
    expect(Date.now() - startMs).toBeLessThan(LONG_MS)
    expect(messages).toHaveLength(1)
  })

  it('holds a bounded amount while the queue does not answer', async ({ expect }) => {
    const coalescer = coalescerOf('stuck')
    const { promise: taken, resolve: take } = Promise.withResolvers<void>()
    await sendTo(
      coalescer,
      queueThat(() => taken),
    )
    const padding = MAX_COALESCED_POST_CHARACTERS - 100
    const fitting = Math.floor(MAX_COALESCER_CHARACTERS / MAX_COALESCED_POST_CHARACTERS)
    await runInDurableObject(coalescer, async (instance: EventCoalescer) => {
      const enqueue = (user: number) => instance.enqueue(postOf('stuck', user, { padding }))
      const held = numbers(fitting).map(enqueue)
      const beyond = await Promise.allSettled([enqueue(-1), enqueue(-2), enqueue(-3)])
      expect(beyond.at(-1)).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringContaining('characters wait for the queue') },
      })
      take()
      await Promise.all(held)
      expect(await enqueue(-4)).toBe(42)
    })
  })

  it('refuses what it does not know', async ({ expect }) => {
    const { coalescer, messages } = await keepingCoalescer('shapes')
    const post = { ...postOf('shapes', 1), cargo: { auditRows: [], newRows: ['{}\n'] } }
    await runInDurableObject(coalescer, async (instance: EventCoalescer) => {
      const refused = instance.enqueue(post)
      await expect(refused).rejects.toThrow('newRows')
    })
    expect(messages).toEqual([])
  })
})
