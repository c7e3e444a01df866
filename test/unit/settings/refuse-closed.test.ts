import { describe, it } from 'vitest'

import { DEFAULT_SETTINGS } from '../../../src/event/game-settings.ts'
import { refuseClosed } from '../../../src/settings/refuse-closed.ts'

const NOW_MS = Date.parse('2026-11-20T12:00:00Z')
const window = {
  id: 'w',
  start: '2026-11-20T11:00:00Z',
  end: '2026-11-20T13:00:00Z',
  message: '',
  block_writes: true,
}

describe('a game that takes nothing', () => {
  it.for([
    ['', 'ask those who operate it'],
    ['soft launch is over', 'soft launch is over'],
  ] as const)('says why, given "%s"', ([reason, detail], { expect }) => {
    const settings = { ...DEFAULT_SETTINGS, ingest_enabled: false, ingest_disabled_reason: reason }
    expect(() => refuseClosed(settings, NOW_MS)).toThrow(detail)
  })

  it.for([
    ['', 'until the window ends'],
    ['new season', 'new season'],
  ] as const)('says when to come back, given "%s"', ([message, detail], { expect }) => {
    const settings = { ...DEFAULT_SETTINGS, maintenance: [{ ...window, message }] }
    expect(() => refuseClosed(settings, NOW_MS)).toThrow(
      expect.objectContaining({
        code: 'maintenance',
        message: expect.stringContaining(detail),
        retryAfterMs: 3_600_000,
      }),
    )
    expect(() => refuseClosed(settings, NOW_MS + 3_600_000)).not.toThrow()
  })
})
