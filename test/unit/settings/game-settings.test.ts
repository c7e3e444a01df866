/** Settings as they are stored and changed: old shapes, broken ones, one change after the other. */
import { describe, it } from 'vitest'

import {
  changeSettings,
  completeSettings,
  DEFAULT_SETTINGS,
  settingsPatchSchema,
} from '../../../src/event/game-settings.ts'

const WINDOW = { id: 'a', start: '2026-11-20T10:00:00Z', end: '2026-11-20T11:00:00+01:00' }
const LONG_WINDOW = { ...WINDOW, end: '2026-11-21T00:00:00Z' }

describe('completeSettings', () => {
  it('takes everything when nothing is stored', ({ expect }) => {
    expect(completeSettings(undefined)).toEqual(DEFAULT_SETTINGS)
  })

  it('completes what an older build stored and leaves out what a newer one added', ({ expect }) => {
    const stored = { version: 3, ingest_enabled: false, from_the_future: 1 }
    expect(completeSettings(stored)).toEqual({
      ...DEFAULT_SETTINGS,
      version: 3,
      ingest_enabled: false,
    })
  })

  it.for([
    [null, 'settings cannot be read'],
    ['open', 'settings cannot be read'],
    [{ version: 1, payments_enabled: 'yes' }, 'payments_enabled: expected true or false'],
    [{ version: 1, sample_global: 120 }, 'sample_global: expected at most 100 percent'],
    [{ version: 1, maintenance: [{ id: 'a', start: 'soon' }] }, 'maintenance.0.start'],
  ] as const)('refuses %j loudly', ([stored, message], { expect }) => {
    expect(() => completeSettings(stored)).toThrow(message)
  })
})

describe('changeSettings', () => {
  const nowMs = Date.parse('2026-11-20T10:00:00Z')

  it('changes what the patch names and says who and when', ({ expect }) => {
    const first = changeSettings(DEFAULT_SETTINGS, { events: [] }, { by: 'user_1', nowMs })
    const second = changeSettings(first, { sample_global: 0 }, { by: 'key_2', nowMs: nowMs + 1 })
    expect(second).toEqual({
      ...DEFAULT_SETTINGS,
      version: 2,
      events: [],
      sample_global: 0,
      updated_by: 'key_2',
      updated_time: '2026-11-20T10:00:00.001Z',
    })
  })

  it('forgets why a game was closed once it is opened', ({ expect }) => {
    const closing = { ingest_enabled: false, ingest_disabled_reason: 'flood' }
    const closed = changeSettings(DEFAULT_SETTINGS, closing, { by: 'a', nowMs })
    expect(closed.ingest_disabled_reason).toBe('flood')
    const opened = changeSettings(closed, { ingest_enabled: true }, { by: 'a', nowMs })
    expect(opened.ingest_disabled_reason).toBe('')
  })
})

describe('settingsPatchSchema', () => {
  it('leaves absent what the caller did not name', ({ expect }) => {
    expect(settingsPatchSchema.parse({ sample_global: 0 })).toEqual({ sample_global: 0 })
    expect(settingsPatchSchema.parse({})).toEqual({})
  })

  it('completes a window', ({ expect }) => {
    const window = { ...WINDOW, end: '2026-11-20T11:00:00Z' }
    expect(settingsPatchSchema.parse({ maintenance: [window] }).maintenance).toEqual([
      { ...window, message: '', block_writes: true },
    ])
  })

  it.for([
    [{ maintenance: [WINDOW] }, 'expected a time after start'],
    [{ maintenance: [{ ...WINDOW, end: '2026-11-21' }] }, 'expected an RFC 3339 time'],
    [{ maintenance: [LONG_WINDOW, LONG_WINDOW] }, 'expected windows with ids of their own'],
    [{ maintenance: [{ ...LONG_WINDOW, blockwrites: true }] }, 'block'],
    [{ version: 3 }, 'version'],
    [{ live_until_ms: 3 }, 'live_until_ms'],
    [{ sample_global: 100.1 }, 'expected at most 100 percent'],
    [{ sample_global: -0.1 }, 'expected at least 0 percent'],
    [{ sample_global: '5' }, 'expected a number of percent'],
    [{ events: 'session.start' }, 'expected a list of events, or null for all'],
    [{ events: ['x'.repeat(65)] }, 'expected at most 64 characters'],
    [{ events: Array.from({ length: 1_001 }, () => 'a') }, 'expected at most 1,000 events'],
    [
      { sampling: Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [`e${at}`, 1])) },
      'expected at most 1,000 events',
    ],
    [{ ingest_disabled_reason: 'x'.repeat(501) }, 'expected at most 500 characters'],
  ] as const)('refuses case %#', ([patch, message], { expect }) => {
    expect(() => settingsPatchSchema.parse(patch)).toThrow(message)
  })
})
