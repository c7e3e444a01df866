import { describe, it } from 'vitest'

import { differences } from '../../../scripts/chaos/compare-answers.ts'
import { activityOf, calendarOf, cohortsOf, overviewOf } from '../../../scripts/chaos/figures.ts'
import { GameTruth, Oracle, settledPayments } from '../../../scripts/chaos/oracle.ts'
import type { Reported, Sent } from '../../../scripts/chaos/sessions.ts'
import { isWithin } from '../../../scripts/chaos/tolerance.ts'
import type { Batch } from '../../../scripts/chaos/traffic.ts'

const GAME = { gameId: 'g', timeZone: 'Europe/Berlin' }
const at = (text: string) => Date.parse(`${text}Z`)

let marks = 0
function event(name: string, userId: string, time: string, facts: Partial<Sent> = {}): Sent {
  marks += 1
  return {
    kind: 'event',
    mark: `m${marks}`,
    event: name,
    userId,
    platform: 'ios',
    trueMs: at(time),
    clientMs: at(time),
    isCorrected: false,
    refusedFor: null,
    isPoison: false,
    payment: null,
    raw: {},
    ...facts,
  }
}

function report(orderId: string, facts: Partial<Reported>): Reported {
  marks += 1
  return {
    kind: 'payment',
    mark: `m${marks}`,
    orderId,
    refundId: '',
    status: 'success',
    reporter: 'client',
    amountCents: 100,
    currency: 'USD',
    userId: 'u1',
    trueMs: at('2026-11-20T12:00:00'),
    refusedFor: null,
    raw: {},
    ...facts,
  }
}

function batchOf(items: Batch['items'], id = 1): Batch {
  const shared = { game: GAME, door: 'events', key: 'write', form: 'list', hasIds: true } as const
  return { ...shared, id, clockAheadMs: 0, items }
}

function truthOf(events: readonly Sent[], payments: readonly Reported[] = []): GameTruth {
  const truth = new GameTruth(GAME)
  for (const each of events) truth.events.set(each.mark, each)
  for (const each of payments) truth.payments.set(each.mark, each)
  return truth
}

const ANSWER = { accepted: 1, rejected: 1, filtered: 0, trace_id: 't1' }

describe('the oracle', () => {
  it('counts what was acknowledged, once, however often it was', ({ expect }) => {
    const oracle = new Oracle([GAME])
    const good = event('user.login', 'u1', '2026-11-20T12:00:00')
    const bad = event('nonsense.event', 'u1', '2026-11-20T12:00:00', {
      refusedFor: 'unknown_event',
    })
    const batch = batchOf([good, bad])
    oracle.noteSending(batch)
    expect(oracle.acknowledged()).toBe(0)
    oracle.noteAnswer(batch, ANSWER)
    oracle.noteAnswer(batch, { ...ANSWER, trace_id: 't2' })
    expect(oracle.acknowledged()).toBe(1)
    const truth = oracle.truthOf(GAME)
    expect([...truth.refused]).toEqual([[bad.mark, 'unknown_event']])
    expect([...truth.posts.keys()]).toEqual(['t1', 't2'])
    expect(oracle.contradictions).toEqual([])
  })

  it('notices an answer that judges otherwise', ({ expect }) => {
    const oracle = new Oracle([GAME])
    const batch = batchOf([event('user.login', 'u1', '2026-11-20T12:00:00')], 42)
    oracle.noteAnswer(batch, ANSWER)
    expect(oracle.contradictions).toEqual([expect.stringContaining('batch 42')])
  })
})

describe('an order', () => {
  it.for([
    ['a success of the client', [{}], ['success 100']],
    ['is what the server says', [{}, { reporter: 'server', amountCents: 90 }], ['success 90']],
    [
      'is failed when the server says so',
      [{}, { reporter: 'server', status: 'failed' }],
      ['failed 100'],
    ],
    [
      'is a success that was pending, with its refunds',
      [
        { reporter: 'server', status: 'pending' },
        { reporter: 'server' },
        { reporter: 'server', status: 'refunded', refundId: 'r1', amountCents: 10 },
        { reporter: 'server', status: 'refunded', refundId: 'r2', amountCents: 20 },
      ],
      ['success 100', 'refunded 10', 'refunded 20'],
    ],
  ] as const)('%s', ([, facts, expected], { expect }) => {
    const reports = facts.map((each) => report('o1', each))
    for (const order of [reports, reports.toReversed()]) {
      const settled = settledPayments(order).map(
        ({ status, amountCents }) => `${status} ${amountCents}`,
      )
      expect(settled.toSorted()).toEqual([...expected].toSorted())
    }
  })
})

describe('figures', () => {
  const events = [
    event('user.register', 'u1', '2026-11-19T22:59:00'),
    event('session.start', 'u1', '2026-11-19T23:01:00'),
    event('session.heartbeat', 'u2', '2026-11-19T23:01:30'),
    event('user.login', 'u2', '2026-11-20T22:00:00'),
    event('user.register', 'u2', '2026-11-20T10:00:00'),
    event('user.register', 'u2', '2026-11-18T10:00:00'),
    event('progression.start', 'u3', '2026-11-20T22:00:00'),
  ]

  it('have the days of the zone', ({ expect }) => {
    const dateOf = calendarOf('Europe/Berlin')
    expect(dateOf(at('2026-11-19T22:59:59'))).toBe('2026-11-19')
    expect(dateOf(at('2026-11-19T23:00:00'))).toBe('2026-11-20')
  })

  it('count users, beginnings and minutes', ({ expect }) => {
    const payments = [
      report('o1', { userId: 'u1' }),
      report('o2', { currency: 'EUR', userId: 'u4' }),
    ]
    const activity = activityOf(truthOf(events, payments))
    expect(overviewOf(activity, '2026-11-18', '2026-11-20', 'USD')).toEqual({
      dau: 2,
      wau: 2,
      mau: 2,
      active_users: 2,
      new_users: 2,
      payers: 2,
      active_payers: 1,
      revenue_by_currency: {
        USD: { revenue_cents: 100, refunds_cents: 0, payers: 1 },
        EUR: { revenue_cents: 100, refunds_cents: 0, payers: 1 },
      },
      series: {
        dau: [0, 0, 2],
        peak_online: [0, 0, 2],
        new_users: [1, 1, 0],
        revenue_cents: [0, 0, 100],
      },
    })
  })

  it('know who came back, once the day is over', ({ expect }) => {
    const activity = activityOf(truthOf(events))
    const cohorts = cohortsOf(activity, ['2026-11-18', '2026-11-19'], at('2026-11-20T23:30:00'))
    expect(cohorts).toEqual([
      { day: '2026-11-18', size: 1, retained_d1: 0, retained_d7: null, retained_d30: null },
      { day: '2026-11-19', size: 1, retained_d1: 1, retained_d7: null, retained_d30: null },
    ])
  })
})

describe('a comparison', () => {
  it('names what differs, and nothing else', ({ expect }) => {
    const expected = { a: 1, b: { c: [1, null] }, d: 'x' }
    expect(differences(expected, { a: 1, b: { c: [1, null] }, d: 'x' }, 'p')).toEqual([])
    expect(differences(expected, { a: 2, b: { c: [1, 0] } }, 'p')).toEqual([
      'p.a: 2, expected 1',
      'p.b.c[1]: 0, expected null',
      'p.d: undefined, expected "x"',
    ])
  })

  it('takes an exact figure at its word and an approximate one within its error', ({ expect }) => {
    expect(isWithin(100, 100, 0)).toBe(true)
    expect(isWithin(99, 100, 0)).toBe(false)
    expect(isWithin(10_100, 10_000, 120)).toBe(true)
    expect(isWithin(10_400, 10_000, 120)).toBe(false)
  })
})
