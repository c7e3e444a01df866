import { createHmac } from 'node:crypto'

import fc from 'fast-check'
import { describe, it } from 'vitest'

import { maskSecrets, shapeOf } from '../../../src/event/masking.ts'
import { hideColumns, hidePayload, hideProps } from '../../../src/event/privacy.ts'
import { pseudonymOf } from '../../../src/event/pseudonym.ts'
import { aGame } from '../ingest/ingest-context.ts'

const key = new Uint8Array(32).fill(7)

describe('pseudonymOf', () => {
  it('is HMAC-SHA256 as another library computes it, cut to 128 bits', ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        const mac = createHmac('sha256', key).update(id).digest('hex').slice(0, 32)
        expect(pseudonymOf(key, id)).toBe(`pid_${mac}`)
      }),
    )
  })

  it('leaves a pseudonym as it is, and depends on the key of the game', ({ expect }) => {
    const pseudonym = pseudonymOf(key, 'player-1')
    expect(pseudonymOf(key, pseudonym)).toBe(pseudonym)
    expect(pseudonymOf(new Uint8Array(32), 'player-1')).not.toBe(pseudonym)
  })
})

describe('what is stored of an event', () => {
  const columns = { user_id: 'player-1', device_id: 'device-1', city: 'Dresden', platform: 'ios' }

  it('is what was sent when the game has no wishes', ({ expect }) => {
    expect(hideColumns(columns, aGame())).toEqual(columns)
    expect(hideProps({ columns, props: { a: 1 }, propsJson: '{"a":1}' }, aGame())).toBe('{"a":1}')
  })

  it('has pseudonyms in the place of ids, and leaves masked columns empty', ({ expect }) => {
    const game = aGame({ pseudonymKey: key, maskedProperties: ['city'] })
    expect(hideColumns(columns, game)).toEqual({
      user_id: pseudonymOf(key, 'player-1'),
      device_id: pseudonymOf(key, 'device-1'),
      platform: 'ios',
    })
  })

  it('has masked properties at every level', ({ expect }) => {
    const props = { chat: 'hello', nested: { chat: ['a', 'b'], level: 3 } }
    const json = hideProps(
      { columns, props, propsJson: JSON.stringify(props) },
      aGame({ maskedProperties: ['chat'] }),
    )
    expect(JSON.parse(json)).toEqual({ chat: '***', nested: { chat: '***', level: 3 } })
  })

  it('shows neither ids nor secrets of a payload that was refused', ({ expect }) => {
    const payload = { user_id: 'player-1', device_id: 7, props: { Password: 'x', 'api-key': 'y' } }
    expect(hidePayload(payload, aGame({ pseudonymKey: key }))).toEqual({
      user_id: pseudonymOf(key, 'player-1'),
      device_id: '***',
      props: { Password: '***', 'api-key': '***' },
    })
  })
})

describe('masking', () => {
  it('ends where a value is nested deeper than anybody would read', ({ expect }) => {
    const deep: unknown = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000))
    expect(JSON.stringify(maskSecrets(deep)).length).toBeLessThan(100)
  })

  it('keeps a property that is called __proto__ as a property', ({ expect }) => {
    const value: unknown = JSON.parse('{"__proto__": {"token": "x"}, "a": 1}')
    expect(JSON.stringify(maskSecrets(value))).toBe('{"__proto__":{"token":"***"},"a":1}')
  })

  it('gives a shape that holds no text and no number of what was sent', ({ expect }) => {
    const event = { user_id: 'player-1', props: { level: 12, tags: ['x'], deep: { a: { b: 1 } } } }
    expect(JSON.parse(JSON.stringify(shapeOf(event)))).toEqual({
      user_id: 'string(8)',
      props: { level: 'number', tags: 'array(1)', deep: { a: 'object(1)' } },
    })
  })
})
