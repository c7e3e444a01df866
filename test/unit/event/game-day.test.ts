import fc from 'fast-check'
import { describe, it } from 'vitest'

import { gameDay, minuteOf, zoneOffsetMs } from '../../../src/event/game-day.ts'

const HOUR_MS = 3_600_000
const dayNumber = (date: string) => Date.parse(`${date}T00:00:00Z`) / 86_400_000

describe('gameDay', () => {
  it.for([
    ['2026-11-20T23:59:59.999Z', 'UTC', '2026-11-20'],
    ['2026-11-20T16:00:00Z', 'Asia/Shanghai', '2026-11-21'],
    ['2026-11-20T15:59:59Z', 'Asia/Shanghai', '2026-11-20'],
    // The night on which Berlin's clocks go back: 02:00 comes twice, the day has 25 hours.
    ['2026-10-24T22:00:00Z', 'Europe/Berlin', '2026-10-25'],
    ['2026-10-25T22:59:59Z', 'Europe/Berlin', '2026-10-25'],
    ['2026-10-25T23:00:00Z', 'Europe/Berlin', '2026-10-26'],
    // The night on which New York's clocks go forward: the day has 23 hours.
    ['2026-03-08T05:00:00Z', 'America/New_York', '2026-03-08'],
    ['2026-03-09T03:59:59Z', 'America/New_York', '2026-03-08'],
    ['2026-03-09T04:00:00Z', 'America/New_York', '2026-03-09'],
    ['2026-11-20T18:29:59Z', 'Asia/Kolkata', '2026-11-20'],
    ['2026-11-20T18:30:00Z', 'Asia/Kolkata', '2026-11-21'],
    ['2026-11-20T18:15:00Z', 'Asia/Kathmandu', '2026-11-21'],
  ] as const)('%s in %s is %s', ([instant, zone, date], { expect }) => {
    expect(gameDay(Date.parse(instant), zone)).toBe(dayNumber(date))
  })

  it('agrees with the calendar of the runtime at any instant in any zone', ({ expect }) => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Pacific/Apia',
    ]
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2035, 0) }),
        fc.constantFrom(...zones),
        (timeMs, timeZone) => {
          const date = new Intl.DateTimeFormat('sv-SE', { timeZone }).format(timeMs)
          expect(gameDay(timeMs, timeZone)).toBe(dayNumber(date))
        },
      ),
      { seed: 7, numRuns: 500 },
    )
  })

  it('refuses a zone that does not exist', ({ expect }) => {
    expect(() => zoneOffsetMs(0, 'Mars/Olympus')).toThrow(RangeError)
  })
})

describe('minuteOf', () => {
  it('counts minutes of UTC', ({ expect }) => {
    expect(minuteOf(HOUR_MS - 1)).toBe(59)
    expect(minuteOf(HOUR_MS)).toBe(60)
  })
})
