import fc from 'fast-check'
import { describe, it } from 'vitest'

import type { GameDay } from '../../../src/event/calendar.ts'
import { formatDay, parseDay } from '../../../src/event/calendar.ts'
import {
  closedDays,
  dueDays,
  groupDays,
  isOutdated,
  lastMomentMs,
  LOOK_BACK_DAYS,
  provisionalVersion,
} from '../../../src/reconcile/due-days.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const ZONES = ['UTC', 'Europe/Berlin', 'America/Santiago', 'Asia/Kolkata', 'Pacific/Apia']

const at = (text: string) => Date.parse(text)
const names = (days: readonly GameDay[]) => days.map(({ day }) => formatDay(day))

/** The day 2026-11-20 of UTC. */
const endMs = at('2026-11-21T00:00:00Z')
const day = { day: parseDay('2026-11-20') ?? Number.NaN, startMs: endMs - DAY_MS, endMs }

describe('the moments of a day', () => {
  it('begin an hour after its end and are 0, 1, 3, 7 and 30 days apart from it', ({ expect }) => {
    const moments = [0, 1, 3, 7, 30].map((days) => endMs + days * DAY_MS + HOUR_MS)
    expect(lastMomentMs(day, endMs + HOUR_MS - 1)).toBeNull()
    for (const [index, momentMs] of moments.entries()) {
      expect(lastMomentMs(day, momentMs)).toBe(momentMs)
      expect(lastMomentMs(day, (moments[index + 1] ?? Infinity) - 1)).toBe(momentMs)
    }
  })
})

describe('closed days', () => {
  it('are 37 or 38 whole days of the zone, none of which is still open or settling', ({
    expect,
  }) => {
    const times = fc.integer({ min: at('2009-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') })
    fc.assert(
      fc.property(times, fc.constantFrom(...ZONES), (nowMs, timeZone) => {
        const { days } = closedDays(nowMs, timeZone, null)
        expect(days.length).toBeGreaterThanOrEqual(LOOK_BACK_DAYS - 1)
        expect(days.length).toBeLessThanOrEqual(LOOK_BACK_DAYS + 1)
        for (const { endMs: dayEndMs } of days)
          expect(dayEndMs + HOUR_MS).toBeLessThanOrEqual(nowMs)
        const newestEndMs = days.at(-1)?.endMs ?? 0
        expect(nowMs - newestEndMs).toBeLessThan(26 * HOUR_MS)
        const starts = days.slice(1).map(({ startMs }) => startMs)
        expect(days.slice(0, -1).map((each) => each.endMs)).toEqual(starts)
      }),
      { seed: 6, numRuns: 300 },
    )
  })

  it('have 23 and 25 hours where clocks change, and leave out a date that the zone skips', ({
    expect,
  }) => {
    const hoursOf = (nowMs: number, zone: string, date: string) =>
      closedDays(nowMs, zone, null)
        .days.filter((each) => formatDay(each.day) === date)
        .map((each) => (each.endMs - each.startMs) / HOUR_MS)
    expect(hoursOf(at('2026-11-01T12:00:00Z'), 'Europe/Berlin', '2026-10-25')).toEqual([25])
    expect(hoursOf(at('2026-04-02T12:00:00Z'), 'Europe/Berlin', '2026-03-29')).toEqual([23])
    const january = at('2012-01-05T00:00:00Z')
    expect(hoursOf(january, 'Pacific/Apia', '2011-12-29')).toEqual([24])
    expect(hoursOf(january, 'Pacific/Apia', '2011-12-30')).toEqual([])
    expect(hoursOf(january, 'Pacific/Apia', '2011-12-31')).toEqual([24])
  })

  it('end where rows are being deleted', ({ expect }) => {
    const nowMs = at('2026-11-23T12:00:00Z')
    const { days } = closedDays(nowMs, 'UTC', 31)
    // The rows of October 23rd from before noon may be gone.
    expect(names(days).slice(0, 2)).toEqual(['2026-10-24', '2026-10-25'])
    expect(names(closedDays(at('2026-11-23T23:00:00Z'), 'UTC', 31).days)[0]).toBe('2026-10-24')
    expect(names(closedDays(at('2026-11-23T23:01:00Z'), 'UTC', 31).days)[0]).toBe('2026-10-25')
  })

  it('refuse a zone that does not exist', ({ expect }) => {
    expect(() => closedDays(endMs, 'Mars/Olympus', null)).toThrow(RangeError)
  })
})

describe('due days', () => {
  const nowMs = at('2026-11-23T12:23:00Z')
  const closed = closedDays(nowMs, 'UTC', null)

  it('are all closed days while nothing was counted', ({ expect }) => {
    expect(dueDays(closed, new Map(), nowMs)).toEqual(closed.days)
  })

  it('are none right after all were counted', ({ expect }) => {
    const versions = new Map(closed.days.map((each) => [each.day, nowMs]))
    expect(dueDays(closed, versions, nowMs)).toEqual([])
  })

  it('of hourly runs are each counted five times, at their moments', ({ expect }) => {
    const versions = new Map<number, number>()
    const countedAt: number[] = []
    const first = endMs - 40 * DAY_MS + 23 * 60_000
    for (let runMs = first; runMs < endMs + 60 * DAY_MS; runMs += HOUR_MS) {
      for (const due of dueDays(closedDays(runMs, 'UTC', null), versions, runMs)) {
        versions.set(due.day, runMs)
        if (due.day === day.day) countedAt.push((runMs - endMs - HOUR_MS) / DAY_MS)
      }
    }
    expect(countedAt.map(Math.floor)).toEqual([0, 1, 3, 7, 30])
    for (const age of countedAt) expect(age % 1).toBeLessThan(1 / 24)
  })

  it('are caught up after an outage, each once', ({ expect }) => {
    // Counted until November 10th, then nothing for 13 days.
    const before = at('2026-11-10T12:23:00Z')
    const versions = new Map(closedDays(before, 'UTC', null).days.map((each) => [each.day, before]))
    const due = names(dueDays(closed, versions, nowMs))
    // Never counted; or with a moment (1, 3, 7 or 30 days) between the two times.
    const missed = closed.days.filter((each) => {
      const ages = [0, 1, 3, 7, 30].map((days) => each.endMs + days * DAY_MS + HOUR_MS)
      return ages.some((ageMs) => ageMs > before && ageMs <= nowMs)
    })
    expect(due).toEqual(names(missed))
    expect(due).toContain('2026-11-22')
    expect(due).toContain('2026-10-20')
    expect(due).not.toContain('2026-10-30')
  })
})

describe('a count that leaves its day due', () => {
  it('replaces the figures of earlier moments, and is replaced by the next count', ({ expect }) => {
    expect(provisionalVersion(day, endMs + HOUR_MS - 1)).toBeNull()
    for (const days of [0, 1, 3, 7, 30]) {
      const momentMs = endMs + days * DAY_MS + HOUR_MS
      const version = provisionalVersion(day, momentMs + 5) ?? Number.NaN
      expect(version).toBe(momentMs - 1)
      expect(isOutdated(day, new Map([[day.day, version]]), momentMs + 5)).toBe(true)
      expect(isOutdated(day, new Map([[day.day, momentMs]]), momentMs + 5)).toBe(false)
    }
  })
})

describe('groups of days', () => {
  it('hold every day that is named once, in turn, and more than one only where rows are few', ({
    expect,
  }) => {
    const counts = fc.array(
      fc.oneof(fc.constant(undefined), fc.constant(0), fc.integer({ min: 1, max: 800 })),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(counts, (counted) => {
        const days = counted.map((_, index) => ({ day: index, startMs: index, endMs: index + 1 }))
        const events = new Map(
          counted.flatMap((count, index) => (count === undefined ? [] : [[index, count] as const])),
        )
        const groups = groupDays(days, events, 500)
        expect(groups.flat()).toEqual(days.filter((each) => events.has(each.day)))
        for (const group of groups) {
          const rows = group.reduce((sum, each) => sum + (events.get(each.day) ?? 0), 0)
          expect(group.length === 1 || rows <= 500).toBe(true)
        }
      }),
      { seed: 7 },
    )
  })

  it('are one for a small game', ({ expect }) => {
    const days = [day, { day: day.day + 1, startMs: endMs, endMs: endMs + DAY_MS }]
    expect(groupDays(days, new Map(days.map((each) => [each.day, 10])), 20)).toEqual([days])
  })
})
