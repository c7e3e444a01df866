import { describe, it } from 'vitest'

import { boundTime, parseTime } from '../../../src/event/time.ts'

const RECEIVED_MS = Date.parse('2026-11-20T12:00:00Z')
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

describe('parseTime', () => {
  it.for([
    ['2025-11-12T10:30:00Z', '2025-11-12T10:30:00.000Z'],
    ['2025-11-12T10:30:00.123456Z', '2025-11-12T10:30:00.123Z'],
    ['2025-11-12T10:30:00+08:00', '2025-11-12T02:30:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    [1_762_943_400, '2025-11-12T10:30:00.000Z'],
    [1_762_943_400.5, '2025-11-12T10:30:00.500Z'],
    [1_762_943_400_123, '2025-11-12T10:30:00.123Z'],
  ] as const)('reads %s', ([value, expected], { expect }) => {
    expect(new Date(parseTime(value) ?? Number.NaN).toISOString()).toBe(expected)
  })

  it.for([
    '2025-11-12T10:30:00', // no offset names no instant
    '2025-02-30T00:00:00Z',
    '2025-13-01T00:00:00Z',
    '2025-11-12',
    '12/11/2025',
    'yesterday',
    '',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    true,
    {},
    null,
  ])('refuses %s', (value, { expect }) => {
    expect(parseTime(value)).toBeNull()
  })
})

describe('boundTime', () => {
  it('takes an ordinary time as it is', ({ expect }) => {
    const clientTimeMs = RECEIVED_MS - 3 * HOUR_MS
    expect(boundTime(clientTimeMs, RECEIVED_MS)).toEqual({
      clientTimeMs,
      eventTimeMs: clientTimeMs,
      method: 'client',
    })
  })

  it('takes a clock that is ten minutes ahead as it is', ({ expect }) => {
    expect(boundTime(RECEIVED_MS + 600_000, RECEIVED_MS)).toMatchObject({ method: 'client' })
  })

  it('sets a time up to a day ahead to the receive time and keeps the client time', ({
    expect,
  }) => {
    const clientTimeMs = RECEIVED_MS + DAY_MS
    expect(boundTime(clientTimeMs, RECEIVED_MS)).toEqual({
      clientTimeMs,
      eventTimeMs: RECEIVED_MS,
      method: 'clamped',
    })
  })

  it('rejects a time more than a day ahead', ({ expect }) => {
    expect(boundTime(RECEIVED_MS + DAY_MS + 1, RECEIVED_MS)).toMatchObject({
      code: 'event_time_in_future',
    })
  })

  it('accepts the thirtieth day back and rejects the moment before it', ({ expect }) => {
    const oldest = RECEIVED_MS - 30 * DAY_MS
    expect(boundTime(oldest, RECEIVED_MS)).toMatchObject({ method: 'client' })
    expect(boundTime(oldest - 1, RECEIVED_MS)).toMatchObject({ code: 'event_time_too_old' })
  })

  it('describes a time that no calendar holds', ({ expect }) => {
    expect(boundTime(1e300, RECEIVED_MS)).toMatchObject({ code: 'event_time_in_future' })
    expect(boundTime(-1e300, RECEIVED_MS)).toMatchObject({ code: 'event_time_too_old' })
  })
})
