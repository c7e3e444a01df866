/**
 * What the adapter makes of the replies of a binding. The binding is made up: no real one answers without its
 * metrics on demand.
 */
import { describe, it } from 'vitest'

import { cloudflareQueue } from '../../../src/queue/cloudflare-queue.ts'

interface Sent {
  readonly body: unknown
  readonly options: unknown
}

/** A binding that keeps what it gets and gives these replies in turn. */
function bindingWith(replies: readonly unknown[]) {
  const sent: Sent[] = []
  const binding = {
    send(body: unknown, options: unknown): Promise<unknown> {
      const reply = replies[sent.length]
      sent.push({ body, options })
      return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply)
    },
    metrics: () => Promise.resolve({ backlogBytes: 11 }),
  }
  return { binding, sent }
}

const replyWith = (backlogBytes: unknown) => ({ metadata: { metrics: { backlogBytes } } })
const messages = [new Uint8Array([1, 2]), new Uint8Array([3])]

describe('sending to Cloudflare Queues', () => {
  it('hands over every message as bytes, and tells the backlog of the last reply', async ({
    expect,
  }) => {
    const { binding, sent } = bindingWith([replyWith(7), replyWith(9)])
    expect(await cloudflareQueue(binding).send(messages)).toBe(9)
    expect(sent).toEqual(messages.map((body) => ({ body, options: { contentType: 'bytes' } })))
  })

  it.for([
    ['nothing', undefined],
    ['no metadata', {}],
    ['no metrics', { metadata: {} }],
    ['null for metrics', { metadata: { metrics: null } }],
    ['no backlog', { metadata: { metrics: {} } }],
    ['a backlog that is no number', replyWith('many')],
  ])('is done when the reply has %s: the backlog is not known', async ([, reply], { expect }) => {
    const { binding, sent } = bindingWith([reply, reply])
    expect(await cloudflareQueue(binding).send(messages)).toBe(0)
    expect(sent.map(({ body }) => body)).toEqual(messages)
  })

  it('fails when a message was not taken', async ({ expect }) => {
    const { binding } = bindingWith([replyWith(7), new Error('queue is full')])
    await expect(cloudflareQueue(binding).send(messages)).rejects.toThrow('queue is full')
  })

  it('tells the backlog when asked', async ({ expect }) => {
    expect(await cloudflareQueue(bindingWith([]).binding).backlogBytes()).toBe(11)
  })
})
