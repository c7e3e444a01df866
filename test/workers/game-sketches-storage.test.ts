import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, it, vi } from 'vitest'

import type { GameSketches } from '../../durable/game-sketches.ts'
import type { TokenGroup } from '../../src/event/envelope.ts'
import {
  add,
  bucketsOf,
  countOf,
  DAY_MS,
  deliveryOf,
  exactly,
  FakeQueue,
  group,
  MINUTE_MS,
  sketchesOf,
  tokensOf,
  useQueue,
  withEngine,
} from './game-sketches-support.ts'

const nowMs = Date.now()
const day = Math.floor(nowMs / DAY_MS)
const minute = Math.floor(nowMs / MINUTE_MS)
const FOLD_MS = 5 * MINUTE_MS

afterEach(() => {
  vi.useRealTimers()
})

function batchOf(from: number, to: number): TokenGroup[] {
  const tokens = tokensOf(from, to)
  return [
    group('dau', day, tokens, ['ios', 'store', 'DE', '1.0']),
    group('new_users', day, tokens, ['ios', 'store', 'DE', '1.0']),
    group('online', minute, tokens),
  ]
}

describe('the rows that are written', () => {
  it('is one for a delivery that changes something and none for one that does not', async ({
    expect,
  }) => {
    await withEngine('rows', (engine, takeRowsWritten) => {
      engine.add(batchOf(0, 100), nowMs)
      expect(takeRowsWritten()).toBe(1)
      engine.add(batchOf(0, 100), nowMs)
      engine.add(batchOf(20, 70).toReversed(), nowMs)
      expect(takeRowsWritten()).toBe(0)
      engine.add(batchOf(0, 101), nowMs)
      expect(takeRowsWritten()).toBe(1)
      expect(engine.reader.figures({ day, minute }).dau).toEqual(exactly(101))
    })
  })

  it('is none for a redelivery after a fold and after a start', async ({ expect }) => {
    await withEngine('rows-again', (engine, takeRowsWritten, reopen) => {
      engine.add(batchOf(0, 100), nowMs)
      const hot = reopen()
      takeRowsWritten()
      hot.add(batchOf(0, 100), nowMs)
      expect(takeRowsWritten()).toBe(0)
      hot.fold(nowMs)
      const folded = reopen()
      takeRowsWritten()
      folded.add(batchOf(0, 100), nowMs)
      expect(takeRowsWritten()).toBe(0)
    })
  })

  it('is one for every changed sketch when the tokens are folded', async ({ expect }) => {
    await withEngine('rows-folded', (engine, takeRowsWritten) => {
      engine.add(batchOf(0, 100), nowMs)
      engine.settle(engine.takeEdition(nowMs) ?? expect.fail('nothing to publish'), true)
      takeRowsWritten()
      engine.fold(nowMs)
      // Per day and metric a sketch, a sample and four breakdowns; a minute; registered; the hot row is deleted.
      expect(takeRowsWritten()).toBe(2 * 6 + 1 + 1 + 1)
      engine.fold(nowMs)
      expect(takeRowsWritten()).toBe(0)
    })
  })

  it('holds the tokens that are new, not all of a delivery', async ({ expect }) => {
    await withEngine('rows-new', (engine) => {
      engine.add([group('dau', day, tokensOf(0, 5_000))], nowMs)
      engine.fold(nowMs)
      engine.add([group('dau', day, tokensOf(0, 5_001))], nowMs)
    })
    const sketches = sketchesOf('rows-new')
    const bytes = await runInDurableObject(
      sketches,
      (_: GameSketches, { storage }) =>
        storage.sql.exec<{ n: number }>('SELECT sum(length(records)) AS n FROM hot').one().n,
    )
    expect(bytes).toBeLessThan(200)
    expect((await sketches.figures({ day, minute })).dau.value).toBeGreaterThan(4_900)
  })

  it('is one per delivery of an object, beside its alarm and its first scope', async ({
    expect,
  }) => {
    const sketches = await add('rows-object', batchOf(0, 10))
    const writes = () =>
      runInDurableObject(
        sketches,
        (_: GameSketches, { storage }) =>
          storage.sql.exec<{ n: number }>('SELECT total_changes() AS n').one().n,
      )
    for (let from = 10; from < 50; from += 10) {
      const before = await writes()
      await add('rows-object', batchOf(from, from + 10))
      expect(await writes()).toBe(before + 1)
      await add('rows-object', batchOf(from, from + 10))
      expect(await writes()).toBe(before + 1)
    }
  })
})

describe('the hot row', () => {
  it('is folded once it is full', async ({ expect }) => {
    await withEngine('full', (engine) => {
      for (let from = 0; from < 40_000; from += 4_000) {
        engine.add([group('dau', day, tokensOf(from, from + 4_000))], nowMs)
      }
    })
    const sketches = sketchesOf('full')
    expect(await bucketsOf(sketches, 'dau')).toEqual([day])
    expect(await countOf(sketches, 'hot')).toBeLessThan(2)
    const { dau } = await sketches.figures({ day, minute })
    expect(Math.abs(dau.value - 40_000)).toBeLessThan(1.5 * dau.error)
  })

  it('is folded by an alarm once it is five minutes old, and not before', async ({ expect }) => {
    vi.useFakeTimers({ toFake: ['Date'], now: nowMs })
    const sketches = await add('old', batchOf(0, 10))
    await useQueue(sketches, new FakeQueue())
    await runDurableObjectAlarm(sketches)
    expect(await countOf(sketches, 'hot')).toBe(1)
    expect(await bucketsOf(sketches, 'dau')).toEqual([])
    vi.setSystemTime(nowMs + FOLD_MS)
    await runDurableObjectAlarm(sketches)
    expect(await countOf(sketches, 'hot')).toBe(0)
    expect(await bucketsOf(sketches, 'dau')).toEqual([day])
    await evictDurableObject(sketches)
    expect((await sketches.figures({ day, minute })).dau).toEqual(exactly(10))
  })

  it('loses nothing with hardly any memory, in one delivery for many days', async ({ expect }) => {
    const groups = Array.from({ length: 40 }, (_, ago) =>
      group('dau', day - ago, tokensOf(ago, ago + 300), ['ios', `c${ago}`, 'DE', '1.0']),
    )
    await withEngine(
      'small',
      (engine, _, reopen) => {
        engine.add(groups, nowMs)
        engine.trim()
        const days = engine.reader.days({ from: day - 39, to: day }, nowMs)
        expect(days.map(({ dau }) => dau)).toEqual(groups.map(() => exactly(300)))
        expect(days.at(-1)?.mau).toEqual(exactly(329))
        expect(reopen().reader.days({ from: day - 39, to: day }, nowMs)).toEqual(days)
      },
      { maxHotBytes: 2_000, maxOpenBytes: 10_000 },
    )
  })

  it('drops what is in memory when writing fails, and counts the delivery that comes again', async ({
    expect,
  }) => {
    const sketches = await add('broken', batchOf(0, 10))
    await runInDurableObject(sketches, (instance: GameSketches, { storage }) => {
      storage.sql.exec('ALTER TABLE hot RENAME TO gone')
      expect(() => instance.addTokens(deliveryOf('broken', batchOf(0, 20)))).toThrow(
        'no such table',
      )
      storage.sql.exec('ALTER TABLE gone RENAME TO hot')
      expect(instance.figures({ day, minute }).dau).toEqual(exactly(10))
      instance.addTokens(deliveryOf('broken', batchOf(0, 20)))
    })
    await evictDurableObject(sketches)
    expect((await sketches.figures({ day, minute })).dau).toEqual(exactly(20))
  })

  it('keeps the tokens on disk when a fold fails halfway', async ({ expect }) => {
    vi.useFakeTimers({ toFake: ['Date'], now: nowMs })
    const sketches = await add('half', batchOf(0, 10))
    await useQueue(sketches, new FakeQueue())
    await runInDurableObject(sketches, (_: GameSketches, { storage }) => {
      storage.sql.exec('ALTER TABLE breakdowns RENAME TO gone')
    })
    vi.setSystemTime(nowMs + FOLD_MS)
    await runDurableObjectAlarm(sketches)
    expect(await bucketsOf(sketches, 'dau')).toEqual([])
    expect(await countOf(sketches, 'hot')).toBe(1)
    await runInDurableObject(sketches, async (_: GameSketches, { storage }) => {
      storage.sql.exec('ALTER TABLE gone RENAME TO breakdowns')
      expect(await storage.getAlarm()).not.toBeNull()
    })
    expect((await sketches.figures({ day, minute })).dau).toEqual(exactly(10))
  })
})
