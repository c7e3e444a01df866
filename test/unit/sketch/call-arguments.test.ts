import { describe, it } from 'vitest'

import {
  readBreakdownQuestion,
  readDays,
  readDelivery,
  readMinutes,
  readMoment,
} from '../../../durable/call-arguments.ts'

const DAY = 20_000
const MINUTE = DAY * 1440
const NOW_MS = DAY * 86_400_000

const dau = { metric: 'dau', bucket: DAY, tokens: Uint32Array.of(0, 64, 0xffffffe6) }
const counting = { timeZone: 'Europe/Berlin', shards: 3, hashId: 255 }

const deliveryOf = (groups: unknown) => ({
  gameId: 'demo',
  env: 'prod',
  shard: 2,
  counting,
  groups,
})

describe('readDelivery', () => {
  it('reads groups of every metric, with and without tokens and values', ({ expect }) => {
    const groups = [
      dau,
      { ...dau, by: ['ios', '', 'DE', '1.0'] },
      { metric: 'new_users', bucket: 0, tokens: new Uint32Array(0) },
      { metric: 'online', bucket: MINUTE, tokens: Uint32Array.of(38) },
    ]
    expect(readDelivery(deliveryOf(groups), NOW_MS)).toStrictEqual(deliveryOf(groups))
    expect(readDelivery({ ...deliveryOf([]), counting: null }, NOW_MS)).toMatchObject({
      counting: null,
    })
  })

  it('reads bare groups, which the build before sends', ({ expect }) => {
    expect(readDelivery([dau], NOW_MS)).toStrictEqual({ groups: [dau] })
  })

  it('leaves out what a later build may add', ({ expect }) => {
    const later = { ...deliveryOf([{ ...dau, weight: 2 }]), region: 'weur' }
    expect(readDelivery(later, NOW_MS)).toStrictEqual(deliveryOf([dau]))
  })

  it('accepts the game day of every zone and a clock that runs an hour ahead', ({ expect }) => {
    const groups = [
      { ...dau, bucket: DAY + 2 },
      { ...dau, metric: 'online', bucket: MINUTE + 60 },
    ]
    expect(readDelivery(groups, NOW_MS)).toEqual({ groups })
  })

  it.for([
    ['x'.repeat(65), 'x'.repeat(64)],
    [`${'x'.repeat(63)}🎲`, 'x'.repeat(63)],
    [`${'x'.repeat(62)}🎲y`, `${'x'.repeat(62)}🎲`],
    ['a\ud800b', 'a\ufffdb'],
  ])('cuts the value %j to 64 characters, never within one', ([value, cut], { expect }) => {
    const read = readDelivery([{ ...dau, by: ['', value, '', ''] }], NOW_MS)
    expect(read.groups[0]?.by).toEqual(['', cut, '', ''])
  })

  const noToken = '1.tokens: a value is no token: its low six bits exceed 38'
  it.for<readonly [string, unknown, string]>([
    ['no array', dau, 'groups: '],
    ['no group', [dau, null], '1: '],
    ['an unknown metric', [dau, { ...dau, metric: 'mau' }], '1.metric: '],
    ['a negative bucket', [dau, { ...dau, bucket: -1 }], '1.bucket: '],
    ['a fractional bucket', [dau, { ...dau, bucket: DAY + 0.5 }], '1.bucket: '],
    ['a bucket that is no number', [dau, { ...dau, bucket: String(DAY) }], '1.bucket: '],
    ['tokens in a plain array', [dau, { ...dau, tokens: [64] }], '1.tokens: '],
    ['tokens as bytes', [dau, { ...dau, tokens: new Uint8Array(4) }], '1.tokens: '],
    ['39 leading zeros', [dau, { ...dau, tokens: Uint32Array.of(64, 39) }], noToken],
    ['the empty marker', [dau, { ...dau, tokens: Uint32Array.of(0xffffffff) }], noToken],
    ['three values', [dau, { ...dau, by: ['', '', ''] }], '1.by: '],
    ['a value that is no text', [dau, { ...dau, by: ['', '', 3, ''] }], '1.by.2: '],
  ])('refuses %s with a TypeError', ([, groups, message], { expect }) => {
    expect(() => readDelivery(groups, NOW_MS)).toThrow(TypeError)
    expect(() => readDelivery(deliveryOf(groups), NOW_MS)).toThrow(TypeError)
    expect(() => readDelivery(deliveryOf(groups), NOW_MS)).toThrow(message)
  })

  it.for<readonly [object, string]>([
    [{ gameId: '' }, 'gameId: '],
    [{ env: undefined }, 'env: '],
    [{ shard: -1 }, 'shard: '],
    [{ counting: undefined }, 'counting: '],
    [{ counting: { ...counting, timeZone: 'Mars/Olympus' } }, 'expected an IANA time zone'],
    [{ counting: { ...counting, shards: 0 } }, 'counting.shards: '],
    [{ counting: { ...counting, hashId: 256 } }, 'counting.hashId: '],
  ])('refuses a delivery with %o', ([wrong, message], { expect }) => {
    expect(() => readDelivery({ ...deliveryOf([]), ...wrong }, NOW_MS)).toThrow(TypeError)
    expect(() => readDelivery({ ...deliveryOf([]), ...wrong }, NOW_MS)).toThrow(message)
  })

  it.for([
    ['dau', DAY + 3],
    ['new_users', MINUTE],
    ['online', MINUTE + 61],
    ['online', NOW_MS],
  ] as const)('refuses bucket %s %i, which lies in the future', ([metric, bucket], { expect }) => {
    const groups = [dau, { ...dau, metric, bucket }]
    expect(() => readDelivery(groups, NOW_MS)).toThrow(RangeError)
    expect(() => readDelivery(deliveryOf(groups), NOW_MS)).toThrow(RangeError)
  })
})

describe('what is asked for', () => {
  it('is read as it is', ({ expect }) => {
    expect(readMoment({ day: DAY, minute: MINUTE })).toEqual({ day: DAY, minute: MINUTE })
    expect(readDays({ from: DAY, to: DAY + 61 })).toEqual({ from: DAY, to: DAY + 61 })
    expect(readMinutes({ from: MINUTE, to: MINUTE })).toEqual({ from: MINUTE, to: MINUTE })
    const question = { metric: 'new_users', day: DAY, column: 'app_version' }
    expect(readBreakdownQuestion(question)).toEqual(question)
  })

  it.for<readonly [unknown, string]>([
    [null, 'expected object'],
    [{ day: -1, minute: MINUTE }, 'day: '],
    [{ day: DAY }, 'minute: '],
    [{ day: DAY, minute: Number.NaN }, 'minute: '],
  ])('is refused as a moment when it is %o', ([moment, message], { expect }) => {
    expect(() => readMoment(moment)).toThrow(message)
  })

  it('is refused when it is too much or turned round', ({ expect }) => {
    expect(() => readDays({ from: 1, to: 63 })).toThrow('expected at most 62 days, got 63')
    expect(() => readMinutes({ from: 1, to: 1_501 })).toThrow('expected at most 1500 minutes')
    expect(() => readMinutes({ from: 2, to: 1 })).toThrow(RangeError)
    expect(() => readDays({ from: 1 })).toThrow('to: ')
  })

  it('is refused as a breakdown of minutes or by another column', ({ expect }) => {
    const question = { metric: 'dau', day: DAY, column: 'platform' }
    expect(() => readBreakdownQuestion({ ...question, metric: 'online' })).toThrow('metric: ')
    expect(() => readBreakdownQuestion({ ...question, column: 'device_id' })).toThrow('column: ')
  })
})
