import { describe, it } from 'vitest'

import { parseTime, parseUptime, resolveTime } from '../../../src/event/time.ts'

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
    [300_000, '1970-01-01T00:05:00.000Z'], // milliseconds of a clock that was never set
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

describe('resolveTime', () => {
  const clocks = (sentTimeMs: number | null = null, sentUptimeMs: number | null = null) => ({
    receivedTimeMs: RECEIVED_MS,
    sentTimeMs,
    sentUptimeMs,
  })
  const resolve = (clientTimeMs: number, sentTimeMs: number | null = null) =>
    resolveTime(clientTimeMs, clocks(sentTimeMs))

  it('takes an ordinary time as it is', ({ expect }) => {
    const clientTimeMs = RECEIVED_MS - 3 * HOUR_MS
    const asIs = { clientTimeMs, eventTimeMs: clientTimeMs, method: 'client' }
    expect(resolve(clientTimeMs)).toEqual(asIs)
    expect(resolve(clientTimeMs, RECEIVED_MS - 500)).toEqual(asIs)
    expect(resolve(clientTimeMs, RECEIVED_MS - 60_000)).toEqual(asIs)
  })

  it('takes a clock that is ten minutes ahead as it is', ({ expect }) => {
    expect(resolve(RECEIVED_MS + 600_000)).toMatchObject({ method: 'client' })
  })

  it('sets a time up to a day ahead to the receive time and keeps the client time', ({
    expect,
  }) => {
    const clientTimeMs = RECEIVED_MS + DAY_MS
    expect(resolve(clientTimeMs)).toEqual({
      clientTimeMs,
      eventTimeMs: RECEIVED_MS,
      method: 'clamped',
    })
  })

  it.for([
    ['an hour behind', -HOUR_MS],
    ['an hour ahead', HOUR_MS],
    ['a year ahead', 365 * DAY_MS],
    ['in 1970', -(RECEIVED_MS - HOUR_MS * 5)],
    ['in 2099', Date.UTC(2099, 0) - RECEIVED_MS],
  ] as const)('corrects a clock that is %s by the send time', ([, offsetMs], { expect }) => {
    // Happened two hours before the batch was sent, whatever the clock says.
    const clientTimeMs = RECEIVED_MS + offsetMs - 2 * HOUR_MS
    expect(resolve(clientTimeMs, RECEIVED_MS + offsetMs)).toEqual({
      clientTimeMs,
      eventTimeMs: RECEIVED_MS - 2 * HOUR_MS,
      method: 'sent_at',
    })
  })

  it('does not let a correction reach beyond the bounds', ({ expect }) => {
    const year = 365 * DAY_MS
    expect(resolve(RECEIVED_MS, RECEIVED_MS - year)).toMatchObject({ code: 'event_time_in_future' })
    expect(resolve(RECEIVED_MS - year, RECEIVED_MS)).toMatchObject({ code: 'event_time_too_old' })
    expect(resolve(RECEIVED_MS, RECEIVED_MS - HOUR_MS)).toMatchObject({
      eventTimeMs: RECEIVED_MS,
      method: 'clamped',
    })
  })

  it('rejects a time more than a day ahead', ({ expect }) => {
    expect(resolve(RECEIVED_MS + DAY_MS + 1)).toMatchObject({ code: 'event_time_in_future' })
  })

  it('accepts the thirtieth day back and rejects the moment before it', ({ expect }) => {
    const oldest = RECEIVED_MS - 30 * DAY_MS
    expect(resolve(oldest)).toMatchObject({ method: 'client' })
    expect(resolve(oldest - 1)).toMatchObject({ code: 'event_time_too_old' })
  })

  it('rejects a time that no table holds, whatever the send time', ({ expect }) => {
    for (const sentTimeMs of [null, 1e300, -1e300]) {
      expect(resolve(1e300, sentTimeMs)).toMatchObject({ code: 'event_time_in_future' })
      expect(resolve(-1e300, sentTimeMs)).toMatchObject({ code: 'event_time_too_old' })
    }
  })

  it('trusts the monotonic clock over a date that was moved between event and send', ({
    expect,
  }) => {
    const in1970 = Date.parse('1970-01-01T00:05:00Z')
    const outcome = resolveTime(in1970, clocks(RECEIVED_MS, 7_200_000), 3_600_000)
    expect(outcome).toEqual({
      clientTimeMs: in1970,
      eventTimeMs: RECEIVED_MS - HOUR_MS,
      method: 'uptime',
    })
  })

  it('takes an event of a clock that was set since for one of now at the latest', ({ expect }) => {
    for (const impossible of ['1970-01-01T00:05:00Z', '2099-01-01T00:00:00Z']) {
      expect(resolve(Date.parse(impossible), RECEIVED_MS)).toMatchObject({
        eventTimeMs: RECEIVED_MS,
        method: 'clamped',
      })
      expect(resolve(Date.parse(impossible))).toHaveProperty('code')
    }
  })

  it('comes to one verdict for a clock that was set since, however late the batch arrives', ({
    expect,
  }) => {
    for (const lateMs of [0, 5 * 60_000, 3 * HOUR_MS, 20 * DAY_MS]) {
      const outcome = resolve(Date.parse('1970-01-01T00:00:10Z'), RECEIVED_MS - lateMs)
      expect(outcome).toMatchObject({ eventTimeMs: RECEIVED_MS, method: 'clamped' })
    }
  })

  it('refuses old data that a right clock sends: it is no clock that was never set', ({
    expect,
  }) => {
    expect(resolve(Date.parse('2019-06-01T00:00:00Z'), RECEIVED_MS)).toMatchObject({
      code: 'event_time_too_old',
    })
  })

  it('does not trust uptimes of two starts, or of a counter that stood still', ({ expect }) => {
    const dayAgo = RECEIVED_MS - DAY_MS + 1_234_567
    expect(resolveTime(dayAgo, clocks(RECEIVED_MS, 7_200_000), 3_600_000)).toEqual({
      clientTimeMs: dayAgo,
      eventTimeMs: dayAgo,
      method: 'client',
    })
  })

  it('leaves a time as it is that the monotonic clock confirms', ({ expect }) => {
    const hourAgo = RECEIVED_MS - HOUR_MS + 5_000
    expect(resolveTime(hourAgo, clocks(null, 7_200_000), 3_600_000)).toMatchObject({
      eventTimeMs: hourAgo,
      method: 'client',
    })
  })

  it('falls back on sent_at when the device was started anew in between', ({ expect }) => {
    const twoDaysAhead = RECEIVED_MS + 2 * DAY_MS
    expect(
      resolveTime(twoDaysAhead - HOUR_MS, clocks(twoDaysAhead, 60_000), 3_600_000),
    ).toMatchObject({
      eventTimeMs: RECEIVED_MS - HOUR_MS,
      method: 'sent_at',
    })
  })

  it('refuses an event that lay in the queue for longer than 30 days by its uptime', ({
    expect,
  }) => {
    expect(resolveTime(RECEIVED_MS, clocks(null, 40 * DAY_MS), DAY_MS)).toMatchObject({
      code: 'event_time_too_old',
    })
  })
})

describe('parseUptime', () => {
  it.for([
    [0, 0],
    [1_234.9, 1_234],
    [3e11, 300_000_000_000],
    [-1, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    [1e12, null],
    ['12', null],
    [null, null],
  ] as const)('reads %s as %s', ([value, expected], { expect }) => {
    expect(parseUptime(value)).toBe(expected)
  })
})
