import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { describe, it } from 'vitest'

import type { GameSketches } from '../../durable/game-sketches.ts'
import { SERIES } from '../../durable/series.ts'
import { SketchTable } from '../../durable/sketch-table.ts'
import { encodeSketch } from '../../src/sketch/codec.ts'
import { DistinctCountSketch } from '../../src/sketch/distinct-count.ts'
import {
  add,
  bucketsOf,
  countOf,
  DAY_MS,
  deliveryOf,
  exactly,
  group,
  HASH_ID,
  MINUTE_MS,
  NONE,
  sketchesOf,
  tokensOf,
  withEngine,
} from './game-sketches-support.ts'

const nowMs = Date.now()
const day = Math.floor(nowMs / DAY_MS)
const minute = Math.floor(nowMs / MINUTE_MS)

describe('the retention of buckets', () => {
  it('deletes what no figure needs any more, at a fold', async ({ expect }) => {
    const { storedBuckets: days, keptBuckets } = SERIES.dau
    const { storedBuckets: minutes } = SERIES.online
    await withEngine('retention', (engine) => {
      engine.add(
        [
          group('dau', day - keptBuckets, tokensOf(0, 3)),
          group('new_users', day - keptBuckets, tokensOf(0, 3), ['', '', '', '']),
          group('online', minute - SERIES.online.keptBuckets, tokensOf(0, 3)),
          group('online', minute, tokensOf(0, 3)),
        ],
        nowMs,
      )
      engine.fold(nowMs)
      engine.fold(nowMs + DAY_MS)
    })
    const sketches = sketchesOf('retention')
    expect(await bucketsOf(sketches, 'dau')).toEqual([day - keptBuckets])
    expect(await bucketsOf(sketches, 'new_users')).toEqual([])
    expect(await bucketsOf(sketches, 'online')).toEqual([minute])
    expect(await countOf(sketches, 'breakdowns')).toBe(0)
    await withEngine('retention', (engine) => {
      engine.fold(nowMs + (days - keptBuckets + 1) * DAY_MS)
      engine.fold(nowMs + (minutes + 1) * MINUTE_MS)
    })
    expect(await bucketsOf(sketches, 'dau')).toEqual([])
    expect(await countOf(sketches, 'samples')).toBe(0)
    expect(await bucketsOf(sketches, 'online')).toEqual([])
  })

  it('leaves out a bucket that is no longer kept, and adds the rest of the call', async ({
    expect,
  }) => {
    const sketches = await add('late', [
      group('dau', day - SERIES.dau.keptBuckets - 1, tokensOf(0, 3)),
      group('online', minute - SERIES.online.keptBuckets - 2, tokensOf(0, 3)),
      group('dau', day, tokensOf(0, 2)),
    ])
    expect((await sketches.figures({ day, minute })).dau).toEqual(exactly(2))
    const old = { day: day - SERIES.dau.keptBuckets - 1, minute }
    expect((await sketches.figures(old)).dau).toEqual(NONE)
  })

  it('unites the whole month of the oldest day that is kept', async ({ expect }) => {
    const oldest = day - SERIES.dau.keptBuckets
    await withEngine('month', (engine) => {
      const before = nowMs - 30 * DAY_MS
      for (let at = oldest - 29; at <= oldest; at++) {
        engine.add([group('dau', at, tokensOf(at, at + 10))], before)
      }
      engine.fold(nowMs)
      const [first] = engine.reader.days({ from: oldest - 5, to: day }, nowMs)
      expect(first).toMatchObject({ day: oldest, mau: exactly(39), wau: exactly(16) })
    })
  })

  it('deletes a bounded number of buckets per fold and keeps their peaks', async ({ expect }) => {
    const later = nowMs + 8 * DAY_MS
    await withEngine('peaks', (engine, _, reopen) => {
      engine.add(
        Array.from({ length: 300 }, (_unused, ago) =>
          group('online', day * 1_440 - 1 - ago, tokensOf(0, ago === 100 ? 9 : 5)),
        ),
        nowMs,
      )
      const peak = { ...exactly(9), minute: day * 1_440 - 101 }
      const peakOf = (reader: typeof engine.reader) =>
        reader.days({ from: day - 1, to: day - 1 }, nowMs)[0]?.onlinePeak
      expect(peakOf(engine.reader)).toEqual(peak)
      for (const left of [300 - 256, 0]) {
        engine.fold(later)
        const fresh = reopen()
        expect(peakOf(fresh.reader)).toEqual(peak)
        expect(fresh.reader.peaks.ofAllTime()).toEqual(peak)
        expect(fresh.reader.minutes({ from: 0, to: minute }, nowMs)).toHaveLength(left)
      }
      engine.fold(nowMs + 70 * DAY_MS)
      const muchLater = reopen()
      expect(peakOf(muchLater.reader)).toBeUndefined()
      expect(muchLater.reader.peaks.ofAllTime()).toEqual(peak)
    })
  })
})

describe('the schema', () => {
  const VERSION_1 = [
    'DROP TABLE IF EXISTS samples',
    'DROP TABLE IF EXISTS breakdowns',
    'DROP TABLE IF EXISTS peaks',
    'DROP TABLE IF EXISTS hot',
    'DROP TABLE IF EXISTS state',
    `UPDATE _meta SET value = 1 WHERE key = 'schema_version'`,
  ]

  it('keeps what version 1 counted, and goes on counting', async ({ expect }) => {
    const sketches = sketchesOf('version-1')
    await runInDurableObject(sketches, (_: GameSketches, { storage }) => {
      for (const statement of VERSION_1) storage.sql.exec(statement)
      const write = (metric: string, bucket: number, precision: number, tokens: Uint32Array) => {
        const sketch = new DistinctCountSketch(HASH_ID, precision)
        sketch.addTokens(tokens)
        storage.sql.exec(
          `REPLACE INTO sketches (metric, bucket, estimate, relative_standard_error, frame)
          VALUES (?, ?, ?, ?, ?)`,
          metric,
          bucket,
          sketch.estimate(),
          sketch.relativeStandardError,
          // Version 1 wrote registers as they are.
          encodeSketch(sketch, 'raw'),
        )
      }
      write('new_users', day - 1, 14, tokensOf(0, 40))
      write('new_users', day - 8, 14, tokensOf(20, 60))
      write('dau', day, 14, tokensOf(0, 30))
      write('dau', day - 7, 14, tokensOf(0, 9_000))
      write('online', minute - 2, 12, tokensOf(0, 7))
    })
    await evictDurableObject(sketches)
    await sketches.addTokens(
      deliveryOf('version-1', [
        group('dau', day, tokensOf(20, 35)),
        group('new_users', day, tokensOf(55, 65)),
        group('dau', day - 7, tokensOf(0, 9_010)),
      ]),
    )
    const told = await sketches.realtime({ day, minute })
    expect(told.day.dau).toEqual(exactly(35))
    expect(told.registeredTotal).toEqual(exactly(65))
    expect(told.onlinePeakAllTime).toEqual({ ...exactly(7), minute: minute - 2 })
    expect(Math.abs(told.day.mau.value - 9_010)).toBeLessThan(1.5 * told.day.mau.error)
    const cohorts = await sketches.cohorts({ from: day - 8, to: day - 1 })
    expect(cohorts.at(-1)?.d1).toEqual({ ...exactly(35), rate: 35 / 40, rateError: 0 })
    // Who was active on a day of registers is not known: none of the cohort, or all of it.
    expect(cohorts[0]?.d1).toEqual({
      value: 0,
      exact: false,
      error: 40,
      rate: null,
      rateError: null,
    })
  })

  it('refuses what a newer build wrote', async ({ expect }) => {
    await runInDurableObject(sketchesOf('newer'), (_: GameSketches, { storage }) => {
      storage.sql.exec(`UPDATE _meta SET value = 99 WHERE key = 'schema_version'`)
      expect(() => new SketchTable(storage).migrate(HASH_ID)).toThrow(
        'schema version 99 is newer than this build',
      )
    })
  })

  it('refuses a frame that the platform would not store', async ({ expect }) => {
    await runInDurableObject(sketchesOf('large'), (_: GameSketches, { storage }) => {
      const table = new SketchTable(storage)
      const estimate = { estimate: 1, relativeStandardError: 0 }
      expect(() => table.write('dau', day, new Uint8Array(2_000_001), estimate)).toThrow(
        'a frame of 2000001 bytes exceeds 2000000',
      )
      table.write('dau', day, new Uint8Array(2_000_000), estimate)
    })
  })
})
