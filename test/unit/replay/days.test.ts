/** The days of a replay: fixed by the first one, and never outside what ingest takes. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { describe, it, onTestFinished } from 'vitest'

import { MAX_EVENT_AGE_MS } from '../../../configs/limits.ts'
import { DAY_MS, REPLAY_DAYS } from '../../../scripts/replay/cookie-cats.ts'
import {
  firstInstallDayMs,
  newestLastInstallDay,
  rememberedLastInstallDay,
} from '../../../scripts/replay/days.ts'

const nowMs = Date.UTC(2026, 10, 23, 11, 30)

describe('the days of a replay', () => {
  it('end yesterday: day 7 of the last cohort is over, and not earlier than need be', ({
    expect,
  }) => {
    expect(newestLastInstallDay(nowMs)).toBe('2026-11-15')
    const firstMs = firstInstallDayMs('2026-11-15', nowMs)
    expect(new Date(firstMs).toISOString()).toBe('2026-11-02T00:00:00.000Z')
    expect(firstMs + REPLAY_DAYS * DAY_MS).toBe(Date.UTC(2026, 10, 23))
  })

  it('lie within the age that ingest accepts for eight days, then are refused', ({ expect }) => {
    for (let days = 0; days <= 8; days += 1) {
      const laterMs = nowMs + days * DAY_MS
      expect(laterMs - firstInstallDayMs('2026-11-15', laterMs)).toBeLessThan(MAX_EVENT_AGE_MS)
    }
    expect(() => firstInstallDayMs('2026-11-15', nowMs + 9 * DAY_MS)).toThrow('older than 30 days')
  })

  it.for([
    ['2026-11-16', 'day 7 is not over; 2026-11-15 is the newest'],
    ['2026-13-01', 'not a date'],
    ['yesterday', 'not a date'],
    ['2026-11-01', 'older than 30 days'],
  ] as const)('cannot be those of %s', ([day, reason], { expect }) => {
    expect(() => firstInstallDayMs(day, nowMs)).toThrow(reason)
  })

  it('are those of the first replay whenever it is repeated', async ({ expect }) => {
    const directory = await mkdtemp(join(tmpdir(), 'replay-days-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const file = pathToFileURL(join(directory, 'data', 'replay-anchor.json'))
    expect(await rememberedLastInstallDay(file, nowMs)).toBe('2026-11-15')
    expect(await readFile(file, 'utf8')).toBe('{"last_install_day":"2026-11-15"}\n')
    expect(await rememberedLastInstallDay(file, nowMs + 3 * DAY_MS)).toBe('2026-11-15')
  })
})
