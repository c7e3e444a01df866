/** The variables of the Worker: what cannot be used is refused by its name, before anything is done with it. */
import { env } from 'cloudflare:workers'
import { describe, it } from 'vitest'

import { ConfigError, configOf } from '../../src/config.ts'

describe('ADMIN_KEY', () => {
  it.for([
    ['two dots, which make a token of it', `${'a'.repeat(20)}.${'b'.repeat(20)}.c`],
    ['a line break at its end', `${'a'.repeat(40)}\n`],
    ['a space at its end', `${'a'.repeat(40)} `],
    ['a space inside', `${'a'.repeat(20)} ${'b'.repeat(20)}`],
    ['too few characters', 'a'.repeat(31)],
  ])('is refused with %s', ([, key = ''], { expect }) => {
    const configure = () => configOf({ ...env, ADMIN_KEY: key })
    expect(configure).toThrow(ConfigError)
    expect(configure).toThrow(/^ADMIN_KEY: expected /)
    expect(configure).not.toThrow(key)
  })

  it('may hold anything else', ({ expect }) => {
    const key = 'Aa0_-+/=!~'.repeat(4)
    expect(configOf({ ...env, ADMIN_KEY: key }).adminKey).toBe(key)
  })
})

describe('ANALYTICS_LOCATION_HINT', () => {
  it.for(['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me'])(
    'may be %s',
    (hint, { expect }) => {
      expect(configOf({ ...env, ANALYTICS_LOCATION_HINT: hint }).locationHint).toBe(hint)
    },
  )

  it('may be empty: then there is none', ({ expect }) => {
    expect(configOf({ ...env, ANALYTICS_LOCATION_HINT: '' }).locationHint).toBeNull()
  })

  it.for(['europe', 'WEUR', ' weur'])('is refused when it is "%s"', (hint, { expect }) => {
    const configure = () => configOf({ ...env, ANALYTICS_LOCATION_HINT: hint })
    expect(configure).toThrow(ConfigError)
    expect(configure).toThrow(/^ANALYTICS_LOCATION_HINT: expected one of wnam, /)
  })
})
