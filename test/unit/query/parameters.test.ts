import * as fc from 'fast-check'
import { describe, it } from 'vitest'

import { formatInstant } from '../../../src/event/calendar.ts'
import {
  formatDimension,
  ParameterError,
  parseOverviewQuery,
  parseRetentionQuery,
} from '../../../src/query/parameters.ts'

/** 2025-10-28 00:30 in Berlin, still the 27th in UTC; clocks went back on the 26th. */
const NOW_MS = Date.UTC(2025, 9, 27, 23, 30)
const BERLIN = { timeZone: 'Europe/Berlin', nowMs: NOW_MS }

function overview(search: string, present = BERLIN) {
  return parseOverviewQuery(new URLSearchParams(search), present)
}

function rangeOf(search: string, timeZone = 'Europe/Berlin') {
  const { startMs, endMs } = overview(search, { timeZone, nowMs: NOW_MS }).range
  return [formatInstant(startMs, timeZone), formatInstant(endMs, timeZone)]
}

type Parse = (search: URLSearchParams, present: typeof BERLIN) => unknown

/** The faults of a search, as "parameter: reason". */
function faultsOf(search: string, parse: Parse = parseOverviewQuery): string[] {
  try {
    parse(new URLSearchParams(search), BERLIN)
  } catch (error) {
    if (error instanceof ParameterError) {
      return error.faults.map(({ parameter, reason }) => `${parameter}: ${reason}`)
    }
    throw error
  }
  return []
}

describe('the range', () => {
  it('is the last 7 days with today for the overview', ({ expect }) => {
    expect(rangeOf('')).toEqual(['2025-10-22T00:00:00+02:00', '2025-10-29T00:00:00+01:00'])
  })

  it('is the last 14 days with today for retention', ({ expect }) => {
    const { range } = parseRetentionQuery(new URLSearchParams(), BERLIN)
    expect(formatInstant(range.startMs, 'Europe/Berlin')).toBe('2025-10-15T00:00:00+02:00')
    expect(range.lastDay - range.firstDay).toBe(13)
  })

  it('takes instants as they are', ({ expect }) => {
    expect(rangeOf('start=2025-10-26T02:30:00%2B02:00&end=2025-10-26T02:30:00%2B01:00')).toEqual([
      '2025-10-26T02:30:00+02:00',
      '2025-10-26T02:30:00+01:00',
    ])
  })

  it('takes dates as days of the zone of the game', ({ expect }) => {
    const search = 'start=2025-11-05&end=2025-11-12'
    expect(rangeOf(search, 'Asia/Shanghai')).toEqual([
      '2025-11-05T00:00:00+08:00',
      '2025-11-12T00:00:00+08:00',
    ])
    expect(rangeOf(search, 'America/New_York')[0]).toBe('2025-11-05T00:00:00-05:00')
  })

  it('takes a plus sign that arrived as a space', ({ expect }) => {
    const [start] = rangeOf('start=2025-10-20T00:00:00+02:00&end=2025-10-21')
    expect(start).toBe('2025-10-20T00:00:00+02:00')
  })

  it('begins the default number of days before the end that was given', ({ expect }) => {
    expect(rangeOf('end=2025-09-08')[0]).toBe('2025-09-01T00:00:00+02:00')
  })

  it('touches the days of its first and its last instant', ({ expect }) => {
    const { range } = overview('start=2025-10-20T12:00:00Z&end=2025-10-22T00:00:00%2B02:00')
    expect(range.lastDay - range.firstDay).toBe(1)
  })

  it('is at most 400 days, and 100 days when the answer is split', ({ expect }) => {
    expect(faultsOf('start=2024-01-01&end=2025-02-04')).toEqual([])
    expect(faultsOf('start=2024-01-01&end=2025-02-05')).toEqual([
      'end: expected a range of at most 400 days, got 401',
    ])
    expect(faultsOf('start=2025-01-01&end=2025-04-11&by=platform')).toEqual([])
    expect(faultsOf('start=2025-01-01&end=2025-04-12&by=platform')).toEqual([
      'end: expected a range of at most 100 days with by, got 101',
    ])
  })

  it('runs forward', ({ expect }) => {
    const empty = ['start: expected an instant before end, 2025-10-19T22:00:00.000Z']
    expect(faultsOf('start=2025-10-20&end=2025-10-20')).toEqual(empty)
    expect(faultsOf('start=2025-10-21&end=2025-10-20')).toEqual(empty)
  })

  it.for(['1999-12-30', '2101-01-01', '0001-01-01', '9999-12-31'])(
    'does not end on %s, where no row can lie',
    (end, { expect }) => {
      expect(faultsOf(`end=${end}`)).toEqual(['end: expected a time from 2000-01-01 to 2100-01-01'])
    },
  )
})

describe('dimensions and filters', () => {
  it.for([
    'platform',
    'channel',
    'country',
    'region',
    'app_version',
    'server',
    'props.variant',
    'props.$os',
    'props.等级',
  ])('by=%s is a dimension', (name, { expect }) => {
    const { by } = overview(`by=${encodeURIComponent(name)}`)
    expect(by && formatDimension(by)).toBe(name)
  })

  it.for([
    'user_id',
    'Platform',
    'props',
    'props.',
    "props.a'b",
    'props.a b',
    'props.\u0000',
    `props.${'a'.repeat(65)}`,
    '',
  ])('by=%o is none', (name, { expect }) => {
    expect(faultsOf(`by=${encodeURIComponent(name)}`)).toEqual([
      expect.stringMatching(/^by: expected one of platform, channel, /),
    ])
  })

  it('values of one dimension are alternatives, and keep their colons', ({ expect }) => {
    const search = 'filter=platform:ios&filter=props.mode:a:b&filter=platform:&filter=country:DE'
    expect(overview(search).filters).toEqual([
      { dimension: { kind: 'column', column: 'platform' }, values: ['ios', ''] },
      { dimension: { kind: 'property', name: 'mode' }, values: ['a:b'] },
      { dimension: { kind: 'column', column: 'country' }, values: ['DE'] },
    ])
  })

  it.for(['ios', 'city:x', ':x', `platform:${'x'.repeat(257)}`])(
    'filter=%s is refused',
    (filter, { expect }) => {
      expect(faultsOf(`filter=${filter}`)).toEqual([
        expect.stringMatching(/^filter: expected <dimension>:<value/),
      ])
    },
  )

  it('at most 10 filters are taken', ({ expect }) => {
    expect(faultsOf('filter=platform:ios&'.repeat(10))).toEqual([])
    expect(faultsOf('filter=platform:ios&'.repeat(11))).toEqual([
      'filter: expected at most 10 filters',
    ])
  })
})

describe('other parameters', () => {
  it('currency is an ISO 4217 code, USD by default', ({ expect }) => {
    expect(overview('').currency).toBe('USD')
    expect(overview('currency=CNY').currency).toBe('CNY')
    for (const bad of ['usd', 'US', 'UDS', '', 'USD,EUR']) {
      expect(faultsOf(`currency=${bad}`)).toEqual([
        'currency: expected an ISO 4217 code in upper case, such as USD',
      ])
    }
  })

  it('cohort is register or first_active, register by default', ({ expect }) => {
    expect(parseRetentionQuery(new URLSearchParams(), BERLIN).cohort).toBe('register')
    expect(faultsOf('cohort=signup', parseRetentionQuery)).toEqual([
      'cohort: expected register or first_active',
    ])
  })

  it('an unknown parameter is named', ({ expect }) => {
    expect(faultsOf('strat=2025-10-20')).toEqual(['strat: is no parameter of this address'])
    expect(faultsOf('__proto__=1')).toEqual(['__proto__: is no parameter of this address'])
    expect(faultsOf('cohort=register')).toEqual(['cohort: is no parameter of this address'])
    expect(faultsOf('currency=USD', parseRetentionQuery)).toEqual([
      'currency: is no parameter of this address',
    ])
  })

  it('game_id and env are known', ({ expect }) => {
    expect(faultsOf('game_id=g&env=prod')).toEqual([])
  })

  it('a parameter that comes twice is named', ({ expect }) => {
    expect(faultsOf('start=2025-10-20&start=2025-10-21')).toEqual(['start: expected once'])
  })

  it('all faults are told at once', ({ expect }) => {
    expect(
      faultsOf('start=yesterday&end=2025-10-32&currency=x&foo=1').map(
        (fault) => fault.split(':')[0],
      ),
    ).toEqual(['start', 'end', 'currency', 'foo'])
  })

  it('whatever is sent, the answer is a query or a ParameterError', ({ expect }) => {
    const names = fc.constantFrom('start', 'end', 'by', 'filter', 'currency', 'cohort', 'game_id')
    const values = fc.constantFrom(
      '2025-10-26',
      '2025-02-30',
      '2100-01-01T00:00:00Z',
      'platform',
      'EUR',
    )
    const pairs = fc.array(fc.tuple(fc.oneof(names, fc.string()), fc.oneof(values, fc.string())))
    fc.assert(
      fc.property(pairs, (search) => {
        for (const parse of [parseOverviewQuery, parseRetentionQuery]) {
          try {
            const { range } = parse(new URLSearchParams(search), BERLIN)
            expect(range.startMs).toBeLessThan(range.endMs)
          } catch (error) {
            expect(error).toBeInstanceOf(ParameterError)
          }
        }
      }),
      { seed: 7, numRuns: 500 },
    )
  })
})
