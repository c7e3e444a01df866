import { describe, it } from 'vitest'

import { readMoment, readTokenGroups } from '../../../durable/call-arguments.ts'

const DAY = 20_000
const MINUTE = DAY * 1440
const NOW_MS = DAY * 86_400_000

const dau = { metric: 'dau', bucket: DAY, tokens: Uint32Array.of(0, 64, 0xffffffe6) }

describe('readTokenGroups', () => {
  it('reads groups of every metric, with and without tokens', ({ expect }) => {
    const groups = [
      dau,
      { metric: 'new_users', bucket: 0, tokens: new Uint32Array(0) },
      { metric: 'online', bucket: MINUTE, tokens: Uint32Array.of(38) },
    ]
    expect(readTokenGroups(groups, NOW_MS)).toEqual(groups)
  })

  it('accepts the game day of every zone and a clock that runs an hour ahead', ({ expect }) => {
    const groups = [
      { ...dau, bucket: DAY + 2 },
      { ...dau, metric: 'online', bucket: MINUTE + 60 },
    ]
    expect(readTokenGroups(groups, NOW_MS)).toEqual(groups)
  })

  const noToken = '1.tokens: a value is no token: its low six bits exceed 38'
  it.for<readonly [string, unknown, string]>([
    ['no array', dau, 'expected array'],
    ['no group', [dau, null], '1: '],
    ['an unknown metric', [dau, { ...dau, metric: 'mau' }], '1.metric: '],
    ['a negative bucket', [dau, { ...dau, bucket: -1 }], '1.bucket: '],
    ['a fractional bucket', [dau, { ...dau, bucket: DAY + 0.5 }], '1.bucket: '],
    ['a bucket that is no number', [dau, { ...dau, bucket: String(DAY) }], '1.bucket: '],
    ['tokens in a plain array', [dau, { ...dau, tokens: [64] }], '1.tokens: '],
    ['tokens as bytes', [dau, { ...dau, tokens: new Uint8Array(4) }], '1.tokens: '],
    ['39 leading zeros', [dau, { ...dau, tokens: Uint32Array.of(64, 39) }], noToken],
    ['the empty marker', [dau, { ...dau, tokens: Uint32Array.of(0xffffffff) }], noToken],
  ])('refuses %s with a TypeError', ([, groups, message], { expect }) => {
    expect(() => readTokenGroups(groups, NOW_MS)).toThrow(TypeError)
    expect(() => readTokenGroups(groups, NOW_MS)).toThrow(message)
  })

  it.for([
    ['dau', DAY + 3],
    ['new_users', MINUTE],
    ['online', MINUTE + 61],
    ['online', NOW_MS],
  ] as const)('refuses bucket %s %i, which lies in the future', ([metric, bucket], { expect }) => {
    expect(() => readTokenGroups([dau, { ...dau, metric, bucket }], NOW_MS)).toThrow(RangeError)
  })
})

describe('readMoment', () => {
  it('reads a day and a minute', ({ expect }) => {
    expect(readMoment({ day: DAY, minute: MINUTE })).toEqual({ day: DAY, minute: MINUTE })
  })

  it.for<readonly [unknown, string]>([
    [null, 'expected object'],
    [{ day: -1, minute: MINUTE }, 'day: '],
    [{ day: DAY }, 'minute: '],
    [{ day: DAY, minute: Number.NaN }, 'minute: '],
  ])('refuses %o', ([moment, message], { expect }) => {
    expect(() => readMoment(moment)).toThrow(message)
  })
})
