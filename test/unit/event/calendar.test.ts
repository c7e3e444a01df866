import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import {
  dayStartMs,
  formatDay,
  formatInstant,
  gameDays,
  offsetsAround,
  parseDay,
  zoneDayStartMs,
  zoneOffsets,
} from '../../../src/event/calendar.ts'
import { gameDay } from '../../../src/event/game-day.ts'

const HOUR_MS = 3_600_000
const SEED = 20_251_026

/** The day number of a date that must exist. */
function dayOf(date: string): number {
  const day = parseDay(date)
  if (day === null) throw new RangeError(`no date: ${date}`)
  return day
}

function spanOf(date: string, timeZone: string) {
  const day = dayOf(date)
  const [found] = gameDays(day, day, offsetsAround(day, day, timeZone))
  if (found === undefined) return null
  return {
    start: formatInstant(found.startMs, timeZone),
    hours: (found.endMs - found.startMs) / HOUR_MS,
  }
}

describe('days of a time zone', () => {
  it.for([
    ['Europe/Berlin', '2025-03-30', '2025-03-30T00:00:00+01:00', 23],
    ['Europe/Berlin', '2025-03-31', '2025-03-31T00:00:00+02:00', 24],
    ['Europe/Berlin', '2025-10-26', '2025-10-26T00:00:00+02:00', 25],
    ['Europe/Berlin', '2025-10-27', '2025-10-27T00:00:00+01:00', 24],
    ['America/New_York', '2025-03-09', '2025-03-09T00:00:00-05:00', 23],
    ['America/New_York', '2025-11-02', '2025-11-02T00:00:00-04:00', 25],
    ['Asia/Shanghai', '2025-10-26', '2025-10-26T00:00:00+08:00', 24],
    ['Asia/Kolkata', '2025-10-26', '2025-10-26T00:00:00+05:30', 24],
    ['Asia/Kathmandu', '2025-10-26', '2025-10-26T00:00:00+05:45', 24],
    ['Pacific/Apia', '2011-12-29', '2011-12-29T00:00:00-10:00', 24],
    ['Pacific/Apia', '2011-12-31', '2011-12-31T00:00:00+14:00', 24],
    ['Australia/Lord_Howe', '2025-04-06', '2025-04-06T00:00:00+11:00', 24.5],
    // Clocks go forward at midnight: the day begins at one.
    ['America/Santiago', '2025-09-07', '2025-09-07T01:00:00-03:00', 23],
    ['Africa/Cairo', '2025-04-25', '2025-04-25T01:00:00+03:00', 23],
    ['UTC', '2025-03-30', '2025-03-30T00:00:00Z', 24],
    ['Europe/London', '2025-12-01', '2025-12-01T00:00:00Z', 24],
  ] as const)(
    '%s %s starts at %s and lasts %d hours',
    ([timeZone, date, start, hours], { expect }) => {
      expect(spanOf(date, timeZone)).toEqual({ start, hours })
    },
  )

  it('a date that the zone skipped has no day', ({ expect }) => {
    expect(spanOf('2011-12-30', 'Pacific/Apia')).toBeNull()
  })

  const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'))
  const days = fc.integer({ min: dayOf('2012-01-01'), max: dayOf('2099-12-31') })

  it('every boundary is the first instant of its date, in every zone', ({ expect }) => {
    fc.assert(
      fc.property(zones, days, (timeZone, day) => {
        const startMs = zoneDayStartMs(day, timeZone)
        expect(gameDay(startMs, timeZone)).toBe(day)
        expect(gameDay(startMs - 1, timeZone)).toBe(day - 1)
        expect(Date.parse(formatInstant(startMs, timeZone))).toBe(startMs)
        expect(formatInstant(startMs, timeZone).slice(0, 10)).toBe(formatDay(day))
      }),
      { seed: SEED, numRuns: 400 },
    )
  })

  it('days follow each other without a gap, in every zone', ({ expect }) => {
    fc.assert(
      fc.property(zones, days, fc.integer({ min: 1, max: 400 }), (timeZone, first, count) => {
        const last = first + count - 1
        const found = gameDays(first, last, offsetsAround(first, last, timeZone))
        expect(found.map(({ day }) => day)).toEqual(
          Array.from({ length: count }, (_, n) => first + n),
        )
        for (const [index, { endMs }] of found.entries()) {
          expect(endMs).toBe(found[index + 1]?.startMs ?? zoneDayStartMs(last + 1, timeZone))
        }
      }),
      { seed: SEED, numRuns: 60 },
    )
  })

  it('the step function gives the date that the zone gives', ({ expect }) => {
    const hours = fc.integer({ min: 0, max: 400 * 24 * 60 })
    fc.assert(
      fc.property(zones, days, hours, (timeZone, first, minutes) => {
        const fromMs = first * 24 * HOUR_MS
        const offsets = zoneOffsets(fromMs, fromMs + 400 * 24 * HOUR_MS, timeZone)
        const timeMs = fromMs + minutes * 60_000
        const index = offsets.sinceMs.findLastIndex((sinceMs) => sinceMs <= timeMs)
        const localMs = timeMs + (offsets.offsetMs[index] ?? Number.NaN)
        expect(Math.floor(localMs / (24 * HOUR_MS))).toBe(gameDay(timeMs, timeZone))
        expect(dayStartMs(gameDay(timeMs, timeZone), offsets)).toBeLessThanOrEqual(timeMs)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('a name that is no zone is an error', ({ expect }) => {
    expect(() => zoneDayStartMs(20_000, 'Mars/Olympus')).toThrow(RangeError)
  })
})

describe('dates as text', () => {
  it('reads what it writes', ({ expect }) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60_000 }), (day) => {
        expect(parseDay(formatDay(day))).toBe(day)
      }),
      { seed: SEED },
    )
  })

  it.for(['2025-02-29', '2025-13-01', '2025-1-1', '20250101', '2025-01-01T00:00:00Z', '', 'today'])(
    '%o is no date',
    (text, { expect }) => {
      expect(parseDay(text)).toBeNull()
    },
  )

  it('instants keep their milliseconds', ({ expect }) => {
    expect(formatInstant(1_761_438_600_123, 'America/New_York')).toBe(
      '2025-10-25T20:30:00.123-04:00',
    )
  })
})
