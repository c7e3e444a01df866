/** What a game takes in: the kill switch, maintenance, lists of events, payments, sampling. */
import fc from 'fast-check'
import { describe, it } from 'vitest'

import { admission, filterEvent, samplePercent } from '../../../src/event/filter.ts'
import type { GameSettings } from '../../../src/event/game-settings.ts'
import { DEFAULT_SETTINGS } from '../../../src/event/game-settings.ts'

const PLAIN = { id: 'level.start', countsAs: [], isPayment: false } as const
const COUNTED = { id: 'session.start', countsAs: ['dau', 'online'], isPayment: false } as const
const PAYMENT = { id: 'monetization.purchase_success', countsAs: [], isPayment: true } as const

const START_MS = Date.parse('2026-11-20T10:00:00Z')
const END_MS = Date.parse('2026-11-20T11:00:00Z')
const WINDOW = {
  id: 'patch-42',
  start: '2026-11-20T12:00:00+02:00',
  end: '2026-11-20T11:00:00Z',
  message: 'Patch 42',
  block_writes: true,
}

function settingsWith(changes: Partial<GameSettings>): GameSettings {
  return { ...DEFAULT_SETTINGS, ...changes }
}

describe('admission', () => {
  it('is open to a game that nobody has changed', ({ expect }) => {
    expect(admission(DEFAULT_SETTINGS, START_MS)).toEqual({ kind: 'open' })
  })

  it('says why the kill switch was pulled, also during maintenance', ({ expect }) => {
    const settings = settingsWith({
      ingest_enabled: false,
      ingest_disabled_reason: 'a client floods us',
      maintenance: [WINDOW],
    })
    expect(admission(settings, START_MS)).toEqual({
      kind: 'disabled',
      reason: 'a client floods us',
    })
  })

  it.for([
    [START_MS - 1, 'open'],
    [START_MS, 'maintenance'],
    [END_MS - 1, 'maintenance'],
    [END_MS, 'open'],
  ] as const)('at %i of a half-open window is %s', ([nowMs, kind], { expect }) => {
    expect(admission(settingsWith({ maintenance: [WINDOW] }), nowMs).kind).toBe(kind)
  })

  it('lets events in during a window that only announces', ({ expect }) => {
    const maintenance = [{ ...WINDOW, block_writes: false }]
    expect(admission(settingsWith({ maintenance }), START_MS)).toEqual({ kind: 'open' })
  })

  it('names the window that ends last of those that overlap', ({ expect }) => {
    const longer = { ...WINDOW, id: 'b', end: '2026-11-20T12:00:00Z', message: 'longer' }
    const later = { ...WINDOW, id: 'c', start: '2026-11-20T11:30:00Z', end: '2026-11-21T00:00:00Z' }
    for (const maintenance of [
      [WINDOW, longer, later],
      [later, longer, WINDOW],
    ]) {
      expect(admission(settingsWith({ maintenance }), START_MS)).toEqual({
        kind: 'maintenance',
        message: 'longer',
        endMs: Date.parse('2026-11-20T12:00:00Z'),
      })
    }
  })
})

describe('filterEvent', () => {
  it('takes every event of a game that nobody has changed', ({ expect }) => {
    for (const event of [PLAIN, COUNTED, PAYMENT]) {
      expect(filterEvent(DEFAULT_SETTINGS, event, () => 'id')).toBeNull()
    }
  })

  it('takes only what is listed, and nothing with an empty list', ({ expect }) => {
    const listed = settingsWith({ events: ['level.start'] })
    expect(filterEvent(listed, PLAIN, () => 'id')).toBeNull()
    expect(filterEvent(listed, COUNTED, () => 'id')).toEqual({
      code: 'event_filtered',
      detail: 'session.start is not among the events that are taken',
    })
    expect(filterEvent(settingsWith({ events: [] }), PLAIN, () => 'id')?.code).toBe(
      'event_filtered',
    )
  })

  it('drops what is named, whatever the list says', ({ expect }) => {
    const settings = settingsWith({ events: ['level.start'], dropped_events: ['level.start'] })
    expect(filterEvent(settings, PLAIN, () => 'id')).toEqual({
      code: 'event_filtered',
      detail: 'the game drops level.start at the moment',
    })
  })

  it('refuses payments, and nothing else, when they are off', ({ expect }) => {
    const settings = settingsWith({ payments_enabled: false })
    expect(filterEvent(settings, PAYMENT, () => 'id')?.code).toBe('payments_disabled')
    expect(filterEvent(settings, PLAIN, () => 'id')).toBeNull()
  })

  it('never samples out what counts users or money', ({ expect }) => {
    const settings = settingsWith({ sample_global: 0, sampling: { 'session.start': 0 } })
    fc.assert(
      fc.property(fc.string(), (identity) => {
        expect(filterEvent(settings, COUNTED, () => identity)).toBeNull()
        expect(filterEvent(settings, PAYMENT, () => identity)).toBeNull()
      }),
    )
  })

  it('stores nothing at 0 percent and everything at 100', ({ expect }) => {
    const none = settingsWith({ sample_global: 0 })
    const all = settingsWith({ sample_global: 0, sampling: { 'level.start': 100 } })
    fc.assert(
      fc.property(fc.string(), (identity) => {
        expect(filterEvent(none, PLAIN, () => identity)?.code).toBe('sampled_out')
        expect(filterEvent(all, PLAIN, () => identity)).toBeNull()
      }),
    )
  })

  it.for([0.1, 1, 25, 50, 90])(
    'stores %d percent of 100,000 identities within four standard errors',
    (percent, { expect }) => {
      const settings = settingsWith({ sample_global: percent })
      const tries = 100_000
      let stored = 0
      for (let at = 0; at < tries; at++) {
        const identity = `level.start\n20777\nuser_${at % 977}\nbody-0123456789abcdef-${at}`
        if (filterEvent(settings, PLAIN, () => identity) === null) stored += 1
      }
      const share = percent / 100
      const sigma = Math.sqrt(tries * share * (1 - share))
      expect(Math.abs(stored - tries * share)).toBeLessThan(4 * sigma)
    },
  )

  it('only adds events when the percentage rises, and treats an event the same each time', ({
    expect,
  }) => {
    const percents = fc.double({ min: 0, max: 100, noNaN: true })
    fc.assert(
      fc.property(fc.string(), percents, percents, (identity, a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a]
        const isStored = (percent: number) =>
          filterEvent(settingsWith({ sample_global: percent }), PLAIN, () => identity) === null
        expect(isStored(less)).toBe(isStored(less))
        if (isStored(less)) expect(isStored(more)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  it('keeps its choice from build to build', ({ expect }) => {
    const settings = settingsWith({ sample_global: 50 })
    const fates = Array.from({ length: 16 }, (_, at) =>
      filterEvent(settings, PLAIN, () => `identity-${at}`) === null ? 1 : 0,
    )
    expect(fates.join('')).toBe('0100010101101011')
  })
})

describe('samplePercent', () => {
  it('is the percentage of the event, or else that of the game', ({ expect }) => {
    const settings = settingsWith({ sample_global: 10, sampling: { 'level.start': 40 } })
    expect(samplePercent(settings, PLAIN)).toBe(40)
    expect(samplePercent(settings, { ...PLAIN, id: 'level.end' })).toBe(10)
    expect(samplePercent(settings, COUNTED)).toBe(100)
    expect(samplePercent(settings, PAYMENT)).toBe(100)
  })

  it('is not confused by an event that is named like a property of every object', ({ expect }) => {
    const settings = settingsWith({ sample_global: 10 })
    expect(samplePercent(settings, { ...PLAIN, id: 'constructor' })).toBe(10)
  })
})
