import { gunzipSync } from 'node:zlib'

import fc from 'fast-check'
import { describe, it } from 'vitest'

import { MAX_MESSAGE_BYTES, MAX_PLAIN_MESSAGE_BYTES } from '../../../configs/limits.ts'
import type { Envelope } from '../../../src/event/envelope.ts'
import { decodeEnvelope } from '../../../src/event/envelope.ts'
import { packMessages } from '../../../src/ingest/pack.ts'
import { anIngestContext } from './ingest-context.ts'

const context = anIngestContext({ receivedTimeMs: 1_795_000_000_000 })
const tokens = [{ metric: 'dau' as const, bucket: 20_000, tokens: Uint32Array.of(1) }]

function open(message: Uint8Array): Envelope {
  return decodeEnvelope(message[0] === 0x1f ? new Uint8Array(gunzipSync(message)) : message)
}

function linesOf(messages: readonly Uint8Array[], table: string): string[] {
  return messages.flatMap((message) =>
    open(message)
      .sections.filter((section) => section.table === table)
      .flatMap(({ ndjson, rows }) => {
        const lines = new TextDecoder().decode(ndjson).split('\n').slice(0, -1)
        if (lines.length !== rows) throw new Error(`${lines.length} lines, ${rows} rows`)
        return lines.map((line) => `${line}\n`)
      }),
  )
}

/** Text that gzip cannot shrink much. */
const incompressible = (seed: number, length: number) => {
  let state = seed + 1
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8).toString(36).padStart(5, '0')
  }).join('')
}

describe('packMessages', () => {
  it('makes one plain message of a usual batch', async ({ expect }) => {
    const eventRows = Array.from({ length: 20 }, (_, index) => `{"n":${index}}\n`)
    const messages = await packMessages(
      { eventRows, rejectedRows: [], paymentRows: [], tokens },
      context,
    )
    expect(messages).toHaveLength(1)
    expect(messages.map(open)).toMatchObject([{ gameId: 'demo', env: 'prod', tokens }])
    expect(linesOf(messages, 'events')).toEqual(eventRows)
  })

  it('makes no message of nothing', async ({ expect }) => {
    expect(
      await packMessages({ eventRows: [], rejectedRows: [], paymentRows: [], tokens: [] }, context),
    ).toEqual([])
  })

  it('keeps a batch above one billed chunk in one message by compressing it', async ({
    expect,
  }) => {
    const row = `{"user_id":"user_123","props_json":"{\\"level\\":7}"}\n`
    const eventRows = Array.from({ length: 4_000 }, () => row)
    const messages = await packMessages(
      { eventRows, rejectedRows: [], paymentRows: [], tokens },
      context,
    )
    expect(messages).toHaveLength(1)
    expect(linesOf(messages, 'events')).toEqual(eventRows)
  })

  it('splits what would inflate beyond what the consumer holds, however well it compresses', async ({
    expect,
  }) => {
    const rejectedRows = Array.from({ length: 360 }, () => `"${'\\u0001'.repeat(7_700)}"\n`)
    const messages = await packMessages(
      { eventRows: ['{}\n'], paymentRows: [], rejectedRows, tokens },
      context,
    )
    for (const message of messages) {
      const plain = message[0] === 0x1f ? gunzipSync(message) : message
      expect(plain.byteLength).toBeLessThanOrEqual(MAX_PLAIN_MESSAGE_BYTES)
    }
    expect(linesOf(messages, 'events_rejected')).toEqual(rejectedRows)
    expect(linesOf(messages, 'events')).toEqual(['{}\n'])
  })

  it('splits what no compression fits into a message, losing and repeating no row', async ({
    expect,
  }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 10 }),
        async (events, rejected) => {
          const eventRows = Array.from(
            { length: events },
            (_, i) => `"${incompressible(i, 4_000)}"\n`,
          )
          const rejectedRows = Array.from(
            { length: rejected },
            (_, i) => `"${incompressible(-i, 3_000)}"\n`,
          )
          const messages = await packMessages(
            { eventRows, rejectedRows, paymentRows: [], tokens },
            context,
          )
          for (const message of messages)
            expect(message.byteLength).toBeLessThanOrEqual(MAX_MESSAGE_BYTES)
          expect(linesOf(messages, 'events').toSorted()).toEqual(eventRows.toSorted())
          expect(linesOf(messages, 'events_rejected').toSorted()).toEqual(rejectedRows.toSorted())
          expect(messages.flatMap((message) => open(message).tokens)).toEqual(tokens)
        },
      ),
      { seed: 7, numRuns: 15 },
    )
  })
})
