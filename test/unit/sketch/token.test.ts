import { describe, it } from 'vitest'

import { hashKeyId, isToken, parseHashKey, tokenOf, userToken } from '../../../src/sketch/token.ts'
import own from '../../data/sketch-vectors.json' with { type: 'json' }

const key = parseHashKey(own.key)

describe('userToken', () => {
  it.for(own.hash)('is $token for "$id"', ({ id, token }, { expect }) => {
    expect(userToken(key, id)).toBe(Number.parseInt(token, 16))
  })

  it('differs between keys', ({ expect }) => {
    expect(userToken(parseHashKey('0001020304050608'), 'user_1')).not.toBe(userToken(key, 'user_1'))
  })
})

describe('tokenOf', () => {
  it.for(own.token)('compresses $hi $lo to $token', ({ hi, lo, token }, { expect }) => {
    expect(tokenOf(Number.parseInt(hi, 16), Number.parseInt(lo, 16))).toBe(
      Number.parseInt(token, 16),
    )
  })
})

describe('isToken', () => {
  it.for([0, 38, 0xffffffc0, 0xffffffe6])('accepts %i', (value, { expect }) => {
    expect(isToken(value)).toBe(true)
  })

  it.for([39, 63, 0xffffffff, -1, 0.5, 2 ** 32, Number.NaN])('refuses %d', (value, { expect }) => {
    expect(isToken(value)).toBe(false)
  })
})

describe('parseHashKey', () => {
  it('reads eight bytes in order as two little-endian halves', ({ expect }) => {
    expect(parseHashKey('00010203fcFdFeFf')).toEqual({ k0: 0x03020100, k1: 0xfffefdfc })
  })

  it.for([
    '',
    '000102030405060',
    '00010203040506070',
    '0x01020304050607',
    '000102030405060g',
    ' 001020304050607',
  ])('refuses "%s" and names the form, not the value', (hex, { expect }) => {
    expect(() => parseHashKey(hex)).toThrow(
      new RangeError('SKETCH_KEY must be exactly 16 hex digits (an 8-byte key)'),
    )
  })
})

describe('hashKeyId', () => {
  it('is one byte that is the same for the same key', ({ expect }) => {
    expect(hashKeyId(parseHashKey(own.key))).toBe(hashKeyId(key))
  })

  it('takes nearly all of its 256 values over a thousand keys', ({ expect }) => {
    const ids = Array.from({ length: 1000 }, (_, at) => hashKeyId({ k0: at, k1: 7 }))
    expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id <= 255)).toBe(true)
    expect(new Set(ids).size).toBeGreaterThan(230)
  })
})
