import { gunzipSync } from 'node:zlib'

import fc from 'fast-check'
import { describe, it } from 'vitest'

import {
  MAX_BREAKDOWN_VALUE_LENGTH,
  MAX_EVENTS_PER_POST,
  MAX_MESSAGE_BYTES,
  MAX_PLAIN_MESSAGE_BYTES,
} from '../../../configs/limits.ts'
import type { BreakdownValues, Envelope, TokenGroup } from '../../../src/event/envelope.ts'
import { decodeEnvelope } from '../../../src/event/envelope.ts'
import { packMessages } from '../../../src/ingest/pack.ts'
import { anIngestContext } from './ingest-context.ts'

const counting = { timeZone: 'Europe/Berlin', shards: 3, hashId: 77 }
const context = { ...anIngestContext({ receivedTimeMs: 1_795_000_000_000 }), counting }
const tokenGroup: TokenGroup = { metric: 'dau', bucket: 20_000, tokens: Uint32Array.of(1) }
const tokens = [tokenGroup]

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

/** Characters from `first` on, as many code units at least as a value may have. */
const randomText = (seed: number, first: number, count: number) => {
  let state = seed + 1
  return Array.from({ length: MAX_BREAKDOWN_VALUE_LENGTH }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return String.fromCodePoint(first + ((state >>> 8) % count))
  }).join('')
}

describe('packMessages', () => {
  it('makes one plain message of a usual batch', async ({ expect }) => {
    const eventRows = Array.from({ length: 20 }, (_, index) => `{"n":${index}}\n`)
    const messages = packMessages({ eventRows, rejectedRows: [], paymentRows: [], tokens }, context)
    expect(messages).toHaveLength(1)
    expect(messages.map(open)).toMatchObject([{ gameId: 'demo', env: 'prod', tokens }])
    expect(linesOf(messages, 'events')).toEqual(eventRows)
  })

  it('makes no message of nothing', async ({ expect }) => {
    expect(
      packMessages({ eventRows: [], rejectedRows: [], paymentRows: [], tokens: [] }, context),
    ).toEqual([])
  })

  it('keeps a batch above one billed chunk in one message by compressing it', async ({
    expect,
  }) => {
    const row = `{"user_id":"user_123","props_json":"{\\"level\\":7}"}\n`
    const eventRows = Array.from({ length: 4_000 }, () => row)
    const messages = packMessages({ eventRows, rejectedRows: [], paymentRows: [], tokens }, context)
    expect(messages).toHaveLength(1)
    expect(linesOf(messages, 'events')).toEqual(eventRows)
  })

  it('splits what would inflate beyond what the consumer holds, however well it compresses', async ({
    expect,
  }) => {
    const rejectedRows = Array.from({ length: 360 }, () => `"${'\\u0001'.repeat(7_700)}"\n`)
    const messages = packMessages(
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
          const messages = packMessages(
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

  it('says how the game counts where there is something to count, and which days bring money', async ({
    expect,
  }) => {
    const eventRows = ['{}\n']
    const one = async (cargo: Parameters<typeof packMessages>[0]) =>
      packMessages(cargo, context).map(open)
    expect(await one({ eventRows, tokens })).toMatchObject([{ tokens, counting }])
    expect(await one({ paymentRows: ['{}\n'], revenueDays: [1, 2] })).toMatchObject([
      { tokens: [], counting, revenueDays: [1, 2] },
    ])
    const [idle] = await one({ eventRows, tokens: [], revenueDays: [] })
    expect(idle).not.toHaveProperty('counting')
    expect(idle).not.toHaveProperty('revenueDays')
  })

  it('names the days of revenue with every part that has payments, and with no other', async ({
    expect,
  }) => {
    const large = (seed: number) => `"${incompressible(seed, 30_000)}"\n`
    const cargo = {
      eventRows: Array.from({ length: 12 }, (_, at) => large(at)),
      paymentRows: Array.from({ length: 12 }, (_, at) => large(100 + at)),
      tokens,
      revenueDays: [5, 6],
    }
    const parts = packMessages(cargo, context).map(open)
    const paying = parts.filter(({ sections }) =>
      sections.some((each) => each.table === 'payments'),
    )
    expect(paying.length).toBeGreaterThan(1)
    expect(paying.length).toBeLessThan(parts.length)
    for (const part of parts) {
      expect(part.revenueDays).toEqual(paying.includes(part) ? [5, 6] : undefined)
      if (paying.includes(part)) expect(part.counting).toEqual(counting)
    }
  })

  it.for([
    ['letters', (seed: number) => incompressible(seed, MAX_BREAKDOWN_VALUE_LENGTH)],
    ['characters of three bytes', (seed: number) => randomText(seed, 0x4e00, 20_000)],
    ['control characters, six bytes each', (seed: number) => randomText(seed, 0, 32)],
    ['characters beyond the first plane', (seed: number) => randomText(seed, 0x20000, 40_000)],
  ] as const)(
    'fits a POST whose every event is seen with other values, all as long as they may be, of %s',
    async ([, textOf], { expect }) => {
      const cut = (text: string) => text.slice(0, MAX_BREAKDOWN_VALUE_LENGTH)
      const groups = (['dau', 'new_users'] as const).flatMap((metric) =>
        Array.from({ length: MAX_EVENTS_PER_POST }, (_, at): TokenGroup => {
          const value = (column: number) => cut(textOf(at * 4 + column))
          const by: BreakdownValues = [value(0), value(1), value(2), value(3)]
          return { metric, bucket: 20_000, tokens: Uint32Array.of(at), by }
        }),
      )
      const eventRows = Array.from(
        { length: MAX_EVENTS_PER_POST },
        (_, at) => `${JSON.stringify(incompressible(at, 800))}\n`,
      )
      const messages = packMessages({ eventRows, tokens: groups }, context)
      for (const message of messages) {
        expect(message.byteLength).toBeLessThanOrEqual(MAX_MESSAGE_BYTES)
      }
      const parts = messages.map(open)
      expect(parts.flatMap((part) => part.tokens)).toEqual(groups)
      expect(linesOf(messages, 'events')).toEqual(eventRows)
      for (const part of parts) {
        expect(part.counting).toEqual(part.tokens.length > 0 ? counting : undefined)
      }
    },
  )

  it('sends the marks of a replay after everything that they speak of', async ({ expect }) => {
    const groups = Array.from({ length: 300 }, (_, at): TokenGroup => {
      const value = incompressible(at, 64)
      return { ...tokenGroup, tokens: Uint32Array.of(at), by: [value, value, value, value] }
    })
    const cargo = {
      eventRows: Array.from({ length: 200 }, (_, at) => `"${incompressible(at, 2_000)}"\n`),
      rejectedRows: Array.from({ length: 200 }, (_, at) => `"${incompressible(-at, 2_000)}"\n`),
      tokens: groups,
    }
    const parts = packMessages(cargo, context).map(open)
    const tables = parts.map(({ sections }) => sections.map(({ table }) => table))
    const firstMark = tables.findIndex((names) => names.includes('events_rejected'))
    const later = parts.slice(firstMark + 1)
    expect(firstMark).toBeGreaterThan(0)
    expect(later.length).toBeGreaterThan(0)
    for (const part of later) {
      expect(part.tokens).toEqual([])
      expect(part.sections.map(({ table }) => table)).toEqual(['events_rejected'])
    }
  })
})
