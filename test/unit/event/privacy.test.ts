import { createHmac } from 'node:crypto'

import fc from 'fast-check'
import { describe, it } from 'vitest'

import { maskSecrets, shapeOf } from '../../../src/event/masking.ts'
import { hideColumns, hideOrigin, hidePayload, hideProps } from '../../../src/event/privacy.ts'
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
      value: {
        user_id: pseudonymOf(key, 'player-1'),
        device_id: '***',
        props: { Password: '***', 'api-key': '***' },
      },
      isWhole: false,
    })
  })

  it('keeps the shape of a payload only that names its user in some other way', ({ expect }) => {
    const payload = { userId: 'player-1', props: { name: 'Ann' } }
    expect(hidePayload(payload, aGame({ pseudonymKey: key }))).toEqual({
      value: { userId: 'string(8)', props: { name: 'string(3)' } },
      isWhole: false,
    })
    expect(hidePayload(payload, aGame())).toEqual({ value: payload, isWhole: true })
  })

  it('has pseudonyms of every player and device that properties name', ({ expect }) => {
    const props = { previous_user_id: 'old', owner: { user_id: 'player-1' }, level: 3 }
    const given = { columns, props, propsJson: JSON.stringify(props) }
    expect(JSON.parse(hideProps(given, aGame({ pseudonymKey: key })))).toEqual({
      previous_user_id: pseudonymOf(key, 'old'),
      owner: { user_id: pseudonymOf(key, 'player-1') },
      level: 3,
    })
  })

  it('holds no place of the connection that the game masks', ({ expect }) => {
    const origin = {
      country: 'DE',
      region: 'Saxony',
      city: 'Dresden',
      platform: 'ios',
      isBot: false,
    }
    expect(hideOrigin(origin, aGame({ maskedProperties: ['city', 'region'] }))).toEqual({
      ...origin,
      city: '',
      region: '',
    })
  })

  it('costs little, however many ids and names a payload holds', ({ expect }) => {
    const friends = Array.from({ length: 50_000 }, (_, index) => ({ user_id: `f${index}` }))
    const game = aGame({
      pseudonymKey: key,
      maskedProperties: Array.from({ length: 200 }, (_, index) => `m${index}`),
    })
    const { value, isWhole } = hidePayload({ user_id: 'u', props: { friends } }, game)
    const text = JSON.stringify(value)
    expect(isWhole).toBe(false)
    expect(text.match(/pid_/g)).toHaveLength(64)
    expect(text).not.toMatch(/"f\d/)
    const long = hidePayload({ user_id: 'u', device_id: 'x'.repeat(1_000_000) }, game)
    expect(JSON.stringify(long.value)).not.toContain('xxx')
  })
})

describe('masking', () => {
  it('ends where a value is nested deeper than anybody would read', ({ expect }) => {
    const deep: unknown = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000))
    expect(JSON.stringify(maskSecrets(deep).value).length).toBeLessThan(100)
  })

  it('keeps a property that is called __proto__ as a property', ({ expect }) => {
    const value: unknown = JSON.parse('{"__proto__": {"token": "x"}, "a": 1}')
    const { value: shown, isWhole } = maskSecrets(value)
    expect(JSON.stringify(shown)).toBe('{"__proto__":{"token":"***"},"a":1}')
    expect(isWhole).toBe(false)
  })

  it('takes texts for secrets, not the counters that games call tokens', ({ expect }) => {
    const value = { token: 7, cookie: true, level: 'token' }
    expect(maskSecrets(value)).toEqual({ value, isWhole: true })
  })

  it('gives a shape that holds no text and no number of what was sent', ({ expect }) => {
    const event = { user_id: 'player-1', props: { level: 12, tags: ['x'], friends: { ann: 1 } } }
    expect(JSON.parse(JSON.stringify(shapeOf(event)))).toEqual({
      user_id: 'string(8)',
      props: { level: 'number', tags: 'array(1)', friends: 'object(1)' },
    })
  })
})
