import { describe, it } from 'vitest'

import { formatDay, parseDay } from '../../../src/event/calendar.ts'
import { ParameterError } from '../../../src/query/parameters.ts'
import {
  parseBreakdownQuery,
  parseRealtimeQuery,
  parseReconciliationQuery,
  parseSeriesQuery,
  parseSketchDays,
} from '../../../src/query/realtime/parameters.ts'

/** 2025-10-28 00:30 in Berlin, still the 27th in UTC; clocks went back on the 26th. */
const NOW_MS = Date.UTC(2025, 9, 27, 23, 30)
const BERLIN = { timeZone: 'Europe/Berlin', nowMs: NOW_MS }
const MINUTE_MS = 60_000

type Parse = (search: URLSearchParams, present: typeof BERLIN) => unknown

/** The faults of a search, as "parameter: reason". */
function faultsOf(parse: Parse, search: string): string[] {
  try {
    parse(new URLSearchParams(search), BERLIN)
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error
    return error.faults.map(({ parameter, reason }) => `${parameter}: ${reason}`)
  }
  return []
}

const series = (search: string) => parseSeriesQuery(new URLSearchParams(search), BERLIN)

describe('every address', () => {
  it.for([
    ['realtime', parseRealtimeQuery, 'unknown=1'],
    ['series', parseSeriesQuery, 'start=2025-10-20&end=2025-10-21&unknown=1'],
    ['breakdown', parseBreakdownQuery, 'by=country&unknown=1'],
    ['days', parseSketchDays, 'unknown=1'],
    ['reconciliation', parseReconciliationQuery, 'unknown=1'],
  ] as const)(
    'of %s refuses a parameter that it does not know',
    ([, parse, search], { expect }) => {
      expect(faultsOf(parse, search)).toEqual(['unknown: is no parameter of this address'])
      expect(faultsOf(parse, `${search}&game_id=a&game_id=a`)).toContain('game_id: expected once')
    },
  )
})

describe('a currency', () => {
  it('is USD unless told, and one that exists', ({ expect }) => {
    expect(parseRealtimeQuery(new URLSearchParams())).toEqual({ currency: 'USD' })
    expect(parseRealtimeQuery(new URLSearchParams('currency=JPY'))).toEqual({ currency: 'JPY' })
    expect(faultsOf(parseRealtimeQuery, 'currency=usd')).toEqual([
      'currency: expected an ISO 4217 code in upper case, such as USD',
    ])
  })
})

describe('a series', () => {
  it('needs both ends', ({ expect }) => {
    const reason = 'expected an RFC 3339 instant or a date YYYY-MM-DD; it may not be left out'
    expect(faultsOf(parseSeriesQuery, '')).toEqual([`start: ${reason}`, `end: ${reason}`])
    expect(faultsOf(parseSeriesQuery, 'start=2025-10-20&end=soon')).toEqual([
      'end: expected an RFC 3339 instant or a date YYYY-MM-DD',
    ])
  })

  it('has the minutes that begin in the range', ({ expect }) => {
    const { first, last } = series('start=2025-10-27T10:00:00Z&end=2025-10-27T10:02:00Z')
    expect([first * MINUTE_MS, last * MINUTE_MS]).toEqual([
      Date.UTC(2025, 9, 27, 10, 0),
      Date.UTC(2025, 9, 27, 10, 1),
    ])
    const odd = series('start=2025-10-27T10:00:00.001Z&end=2025-10-27T10:02:00.001Z')
    expect([odd.first, odd.last]).toEqual([first + 1, last + 1])
  })

  it('ends with the last minute that is over', ({ expect }) => {
    const { last } = series('start=2025-10-27&end=2025-10-29')
    expect(last * MINUTE_MS).toBe(NOW_MS - MINUTE_MS)
    const future = series('start=2025-10-28&end=2025-10-29')
    expect(future.last - future.first).toBe(29)
    const empty = series('start=2025-10-29&end=2025-10-30')
    expect(empty.last).toBeLessThan(empty.first)
  })

  it('has at most seven days, also with an hour more, or as many minutes', ({ expect }) => {
    expect(faultsOf(parseSeriesQuery, 'start=2025-10-20&end=2025-10-27')).toEqual([])
    expect(
      faultsOf(parseSeriesQuery, 'start=2025-10-01T12:00:00Z&end=2025-10-08T12:00:00Z'),
    ).toEqual([])
    expect(
      faultsOf(parseSeriesQuery, 'start=2025-10-01T12:00:00Z&end=2025-10-08T12:00:01Z'),
    ).toEqual(['end: expected a range of at most 7 days (10080 minutes), got 10081 minutes'])
    expect(faultsOf(parseSeriesQuery, 'start=2025-10-20&end=2025-10-28')).toEqual([
      'end: expected a range of at most 7 days (10080 minutes), got 11580 minutes',
    ])
  })

  it('runs forward', ({ expect }) => {
    expect(faultsOf(parseSeriesQuery, 'start=2025-10-21&end=2025-10-20')).toEqual([
      'start: expected an instant before end, 2025-10-19T22:00:00.000Z',
    ])
  })
})

describe('a breakdown', () => {
  it('is of the active users of today in the zone of the game', ({ expect }) => {
    const query = parseBreakdownQuery(new URLSearchParams('by=channel'), BERLIN)
    expect({ ...query, day: formatDay(query.day) }).toEqual({
      metric: 'dau',
      column: 'channel',
      day: '2025-10-28',
    })
  })

  it.for([
    ['', 'by: expected one of platform, channel, country, app_version'],
    ['by=region', 'by: expected one of platform, channel, country, app_version'],
    ['by=country&metric=online', 'metric: expected one of dau, new_users'],
    ['by=country&date=2025-10-32', 'date: expected a date YYYY-MM-DD'],
    ['by=country&date=0001-01-01', 'date: expected a date from 2000-01-01 to 2100-01-01'],
    ['by=country&date=2025-10-29', 'date: expected a day that has begun, at most 2025-10-28'],
    [
      'by=country&date=2025-08-25',
      'date: expected 2025-08-26 or later: the sketches of older days are gone',
    ],
  ] as const)('with %o says: %s', ([search, fault], { expect }) => {
    expect(faultsOf(parseBreakdownQuery, search)).toEqual([fault])
  })
})

const days = (parse: typeof parseSketchDays, search: string) => {
  const { firstDay, lastDay } = parse(new URLSearchParams(search), BERLIN)
  return [formatDay(firstDay), formatDay(lastDay)]
}

describe('days', () => {
  it('of the sketches are the last 14 with today, or those up to the given end', ({ expect }) => {
    expect(days(parseSketchDays, '')).toEqual(['2025-10-15', '2025-10-28'])
    expect(days(parseSketchDays, 'end=2025-10-08')).toEqual(['2025-09-24', '2025-10-07'])
    expect(days(parseSketchDays, 'start=2025-10-01&end=2025-10-02')).toEqual([
      '2025-10-01',
      '2025-10-01',
    ])
    expect(days(parseSketchDays, 'end=2026-12-31')).toEqual(['2025-10-15', '2025-10-28'])
    expect(days(parseSketchDays, 'start=2025-10-01&end=2026-12-31')).toEqual([
      '2025-10-01',
      '2025-10-28',
    ])
    expect(days(parseSketchDays, 'start=2025-10-27&end=2025-11-20')).toEqual([
      '2025-10-27',
      '2025-10-28',
    ])
  })

  it.for([
    ['start=2025-10-05&end=2025-10-05', 'start: expected a date before end, 2025-10-05'],
    ['start=2025-10-29&end=2025-10-30', 'start: expected a day that has begun, at most 2025-10-28'],
    ['start=2025-08-01&end=2025-10-10', 'end: expected a range of at most 62 days, got 70'],
    [
      'start=2025-08-01&end=2025-08-10',
      'start: expected 2025-08-26 or later: the sketches of older days are gone',
    ],
    ['start=2025-10-05T00:00:00Z', 'start: expected a date YYYY-MM-DD'],
  ] as const)('of the sketches with %s: %s', ([search, fault], { expect }) => {
    expect(faultsOf(parseSketchDays, search)).toEqual([fault])
  })

  it('that are compared are the last 14 that are over, and may be long ago', ({ expect }) => {
    expect(days(parseReconciliationQuery, '')).toEqual(['2025-10-14', '2025-10-27'])
    expect(days(parseReconciliationQuery, 'start=2020-01-01&end=2020-02-01')).toEqual([
      '2020-01-01',
      '2020-01-31',
    ])
    const start = formatDay((parseDay('2025-10-28') ?? 0) - 401)
    expect(faultsOf(parseReconciliationQuery, `start=${start}`)).toEqual([
      'end: expected a range of at most 400 days, got 401',
    ])
  })
})
