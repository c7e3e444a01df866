import fc from 'fast-check'
import { describe, it } from 'vitest'

import type { Envelope } from '../../../src/event/envelope.ts'
import { decodeEnvelope, encodeEnvelope, EnvelopeError } from '../../../src/event/envelope.ts'

const sectionArbitrary = fc.array(fc.json({ maxDepth: 1 }), { maxLength: 4 }).map((lines) => ({
  table: 'events' as const,
  rows: lines.length,
  ndjson: new TextEncoder().encode(lines.map((line) => `${line}\n`).join('')),
}))

const envelopeArbitrary: fc.Arbitrary<Envelope> = fc.record({
  gameId: fc.string({ minLength: 1 }),
  env: fc.string({ minLength: 1 }),
  traceId: fc.string(),
  receivedTimeMs: fc.nat(),
  sections: fc.array(sectionArbitrary, { maxLength: 3 }),
  tokens: fc.array(
    fc.record({
      metric: fc.constantFrom('dau' as const, 'new_users' as const, 'online' as const),
      bucket: fc.nat(),
      tokens: fc.uint32Array({ maxLength: 20 }),
    }),
    { maxLength: 3 },
  ),
})

const small: Envelope = {
  gameId: 'demo',
  env: 'prod',
  traceId: '00',
  receivedTimeMs: 1,
  sections: [{ table: 'events', rows: 1, ndjson: new TextEncoder().encode('{}\n') }],
  tokens: [{ metric: 'dau', bucket: 20_000, tokens: Uint32Array.of(1, 4_294_967_232) }],
}

describe('envelope', () => {
  it('decodes what it encoded', ({ expect }) => {
    fc.assert(
      fc.property(envelopeArbitrary, (envelope) => {
        expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope)
      }),
      { seed: 7 },
    )
  })

  it('never reads a message that lost or gained bytes', ({ expect }) => {
    const message = encodeEnvelope(small)
    for (let size = 0; size < message.byteLength; size += 1) {
      expect(() => decodeEnvelope(message.subarray(0, size))).toThrow(EnvelopeError)
    }
    const longer = new Uint8Array(message.byteLength + 1)
    longer.set(message)
    expect(() => decodeEnvelope(longer)).toThrow(EnvelopeError)
  })

  it('reads arbitrary bytes as an envelope or refuses them with its own error', ({ expect }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeEnvelope(bytes)).toThrow(EnvelopeError)
      }),
      { seed: 7 },
    )
  })

  it('refuses a version that it does not know', ({ expect }) => {
    const text = new TextDecoder().decode(encodeEnvelope(small)).replace('"v":1', '"v":2')
    expect(() => decodeEnvelope(new TextEncoder().encode(text))).toThrow(/v/)
  })
})
