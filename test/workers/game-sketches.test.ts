import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, it, vi } from 'vitest'

import { GameSketches } from '../../durable/game-sketches.ts'
import { gameSketchesName } from '../../durable/names.ts'
import { SERIES } from '../../durable/series.ts'
import { SketchTable } from '../../durable/sketch-table.ts'
import type { SketchMetric, TokenGroup } from '../../src/event/envelope.ts'
import { parseHashKey, userToken } from '../../src/sketch/token.ts'

const key = parseHashKey(env.SKETCH_KEY)
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

const nowMs = Date.now()
const day = Math.floor(nowMs / DAY_MS)
const minute = Math.floor(nowMs / MINUTE_MS)
const NONE = { value: 0, exact: true, error: 0 }

afterEach(() => {
  vi.useRealTimers()
})

/** The sketches of a game of its own, so that tests do not meet in storage. */
function sketchesOf(gameId: string) {
  return env.GAME_SKETCHES.getByName(gameSketchesName({ gameId, env: 'prod' }))
}

function tokensOf(from: number, to: number): Uint32Array {
  return Uint32Array.from({ length: to - from }, (_, at) => userToken(key, `user_${from + at}`))
}

function group(metric: SketchMetric, bucket: number, tokens: Uint32Array): TokenGroup {
  return { metric, bucket, tokens }
}

function exactly(value: number) {
  return { value, exact: true, error: 0 }
}

/** The buckets of a metric that are on disk, ascending. */
function bucketsOf(
  sketches: ReturnType<typeof sketchesOf>,
  metric: SketchMetric,
): Promise<number[]> {
  return runInDurableObject(sketches, (_: GameSketches, { storage }) =>
    storage.sql
      .exec<{ bucket: number }>(
        'SELECT bucket FROM sketches WHERE metric = ? ORDER BY bucket',
        metric,
      )
      .toArray()
      .map(({ bucket }) => bucket),
  )
}

/** How many rows this instance has written so far. */
function writesOf(sketches: ReturnType<typeof sketchesOf>): Promise<number> {
  return runInDurableObject(
    sketches,
    (_: GameSketches, { storage }) =>
      storage.sql.exec<{ writes: number }>('SELECT total_changes() AS writes').one().writes,
  )
}

describe('GameSketches', () => {
  it('counts each metric and bucket on its own', async ({ expect }) => {
    const sketches = sketchesOf('metrics')
    await sketches.addTokens([
      group('dau', day, tokensOf(0, 30)),
      group('new_users', day, tokensOf(0, 20)),
      group('online', minute, tokensOf(0, 10)),
      group('dau', day - 1, tokensOf(0, 5)),
    ])
    expect(await sketches.figures({ day, minute })).toEqual({
      dau: exactly(30),
      newUsers: exactly(20),
      online: exactly(10),
    })
    expect(await sketches.figures({ day: day - 1, minute: minute - 1 })).toEqual({
      dau: exactly(5),
      newUsers: NONE,
      online: NONE,
    })
  })

  it('counts 0 where nothing was added', async ({ expect }) => {
    const sketches = sketchesOf('nothing')
    await sketches.addTokens([group('dau', day, new Uint32Array(0))])
    expect(await sketches.figures({ day, minute })).toEqual({
      dau: NONE,
      newUsers: NONE,
      online: NONE,
    })
  })

  it('keeps games and environments apart', async ({ expect }) => {
    await sketchesOf('apart').addTokens([group('dau', day, tokensOf(0, 3))])
    const staging = gameSketchesName({ gameId: 'apart', env: 'staging' })
    const { dau } = await env.GAME_SKETCHES.getByName(staging).figures({ day, minute })
    expect(dau).toEqual(NONE)
  })

  it('adds groups of one bucket within one call', async ({ expect }) => {
    const sketches = sketchesOf('same-bucket')
    await sketches.addTokens([
      group('dau', day, tokensOf(0, 10)),
      group('online', minute, tokensOf(0, 10)),
      group('dau', day, tokensOf(5, 15)),
    ])
    expect((await sketches.figures({ day, minute })).dau).toEqual(exactly(15))
  })

  it('loses nothing when it is evicted between any two calls', async ({ expect }) => {
    const sketches = sketchesOf('evicted')
    for (let step = 0; step < 8; step++) {
      await sketches.addTokens([
        group('dau', day, tokensOf(step * 1000, step * 1000 + 1000)),
        group('online', minute, tokensOf(0, step + 1)),
      ])
      await evictDurableObject(sketches)
    }
    const direct = sketchesOf('not-evicted')
    await direct.addTokens([
      group('dau', day, tokensOf(0, 8000)),
      group('online', minute, tokensOf(0, 8)),
    ])
    expect(await sketches.figures({ day, minute })).toEqual(await direct.figures({ day, minute }))
  })

  it('counts the users of calls that overlap in time', async ({ expect }) => {
    const sketches = sketchesOf('parallel')
    await Promise.all(
      Array.from({ length: 20 }, (_, call) =>
        sketches.addTokens([group('dau', day, tokensOf(call * 10, call * 10 + 15))]),
      ),
    )
    expect((await sketches.figures({ day, minute })).dau).toEqual(exactly(205))
  })

  it.for([100, 6000])(
    'gives %i users the same figures in any order, however often',
    async (users, { expect }) => {
      const third = users / 3
      const batches = [0, 1, 2, 3].map((part) => [
        group('dau', day, tokensOf(part * third, (part + 2) * third)),
        group('online', minute, tokensOf(part * third, (part + 1) * third)),
      ])
      const once = sketchesOf(`once-${users}`)
      for (const batch of batches) await once.addTokens(batch)
      const again = sketchesOf(`again-${users}`)
      for (const batch of [...batches.toReversed(), ...batches, ...batches])
        await again.addTokens(batch)
      expect(await again.figures({ day, minute })).toEqual(await once.figures({ day, minute }))
    },
  )

  it('writes nothing when a batch brings nothing new', async ({ expect }) => {
    const sketches = sketchesOf('unchanged')
    const batch = [group('dau', day, tokensOf(0, 5000)), group('online', minute, tokensOf(0, 50))]
    await sketches.addTokens(batch)
    const before = await writesOf(sketches)
    await sketches.addTokens(batch)
    expect(await writesOf(sketches)).toBe(before)
    await sketches.addTokens([group('online', minute, tokensOf(50, 51)), ...batch])
    expect(await writesOf(sketches)).toBe(before + 1)
  })

  it('is exact up to 4096 users of a day and states its error from there on', async ({
    expect,
  }) => {
    const sketches = sketchesOf('dense')
    await sketches.addTokens([group('dau', day, tokensOf(0, 4096))])
    expect((await sketches.figures({ day, minute })).dau).toEqual(exactly(4096))
    await sketches.addTokens([group('dau', day, tokensOf(4096, 50_000))])
    const { dau } = await sketches.figures({ day, minute })
    expect(dau.exact).toBe(false)
    // 1.96 standard errors of 0.594 % each.
    expect(dau.error / dau.value).toBeCloseTo(0.01165, 4)
    expect(Math.abs(dau.value - 50_000)).toBeLessThan(2 * dau.error)
  })

  it('counts a minute with 4096 registers', async ({ expect }) => {
    const sketches = sketchesOf('minute')
    await sketches.addTokens([group('online', minute, tokensOf(0, 1024))])
    expect((await sketches.figures({ day, minute })).online).toEqual(exactly(1024))
    await sketches.addTokens([group('online', minute, tokensOf(1024, 20_000))])
    const { online } = await sketches.figures({ day, minute })
    expect(online.error / online.value).toBeCloseTo(0.0233, 3)
    expect(Math.abs(online.value - 20_000)).toBeLessThan(2 * online.error)
  })

  it('refuses sketches of another key instead of mixing them', async ({ expect }) => {
    const sketches = sketchesOf('key')
    await sketches.addTokens([group('dau', day, tokensOf(0, 3))])
    await runInDurableObject(sketches, (_: GameSketches, state) => {
      const rekeyed = new GameSketches(state, { ...env, SKETCH_KEY: 'ffffffffffffffff' })
      expect(() => rekeyed.addTokens([group('dau', day, tokensOf(3, 4))])).toThrow('another key')
    })
    expect((await sketches.figures({ day, minute })).dau).toEqual(exactly(3))
  })
})

describe('the border of GameSketches', () => {
  it('tells the caller what it refuses and adds nothing of that call', async ({ expect }) => {
    const sketches = sketchesOf('refused')
    const good = group('dau', day, tokensOf(0, 3))
    // Awaited here: an RPC promise that is passed on rejects a second time, unseen.
    await expect(async () => {
      await sketches.addTokens([good, group('dau', day, Uint32Array.of(63))])
    }).rejects.toThrow('1.tokens: a value is no token: its low six bits exceed 38')
    await expect(async () => {
      await sketches.addTokens([good, group('online', nowMs, tokensOf(0, 1))])
    }).rejects.toThrow('lies ahead of the newest')
    await expect(async () => {
      await sketches.figures({ day: -1, minute })
    }).rejects.toThrow('day: ')
    expect((await sketches.figures({ day, minute })).dau).toEqual(NONE)
  })
})

describe('the retention of buckets', () => {
  it('deletes buckets that have left their window and keeps the others', async ({ expect }) => {
    const sketches = sketchesOf('retention')
    const { keptBuckets: days } = SERIES.dau
    const { keptBuckets: minutes } = SERIES.online
    vi.useFakeTimers({ toFake: ['Date'], now: nowMs })
    await sketches.addTokens([
      group('dau', day - days, tokensOf(0, 3)),
      group('dau', day - days + 1, tokensOf(0, 3)),
      group('new_users', day - days, tokensOf(0, 3)),
      group('online', minute - minutes, tokensOf(0, 3)),
      group('online', minute, tokensOf(0, 3)),
    ])
    expect(await bucketsOf(sketches, 'dau')).toEqual([day - days, day - days + 1])

    vi.setSystemTime(nowMs + DAY_MS)
    await sketches.addTokens([group('dau', day + 1, tokensOf(0, 3))])
    expect(await bucketsOf(sketches, 'dau')).toEqual([day - days + 1, day + 1])
    expect(await bucketsOf(sketches, 'new_users')).toEqual([])
    expect(await bucketsOf(sketches, 'online')).toEqual([minute])
  })

  it('leaves out a bucket that is no longer kept, and adds the rest of the call', async ({
    expect,
  }) => {
    const sketches = sketchesOf('late')
    await sketches.addTokens([group('dau', day, tokensOf(0, 1))])
    const before = await writesOf(sketches)
    await sketches.addTokens([
      group('dau', day - SERIES.dau.keptBuckets - 1, tokensOf(0, 3)),
      group('online', minute - SERIES.online.keptBuckets - 2, tokensOf(0, 3)),
      group('dau', day, tokensOf(0, 2)),
    ])
    expect(await writesOf(sketches)).toBe(before + 1)
    expect(await bucketsOf(sketches, 'dau')).toEqual([day])
    expect(await bucketsOf(sketches, 'online')).toEqual([])
  })

  it('deletes a bounded number of buckets per call until none is left', async ({ expect }) => {
    const sketches = sketchesOf('backlog')
    vi.useFakeTimers({ toFake: ['Date'], now: nowMs })
    await sketches.addTokens(
      Array.from({ length: 300 }, (_, ago) => group('online', minute - ago, tokensOf(0, 1))),
    )
    vi.setSystemTime(nowMs + 2 * SERIES.online.keptBuckets * MINUTE_MS)
    const later = day + (2 * SERIES.online.keptBuckets * MINUTE_MS) / DAY_MS
    await sketches.addTokens([group('dau', later, tokensOf(0, 1))])
    expect(await bucketsOf(sketches, 'online')).toHaveLength(300 - 256)
    await sketches.addTokens([group('dau', later, tokensOf(0, 2))])
    expect(await bucketsOf(sketches, 'online')).toEqual([])
  })
})

describe('SketchTable', () => {
  it('migrates a second time without touching anything', async ({ expect }) => {
    const sketches = sketchesOf('migrate')
    await sketches.addTokens([group('dau', day, tokensOf(0, 3))])
    await runInDurableObject(sketches, (_: GameSketches, { storage }) => {
      new SketchTable(storage).migrate()
    })
    expect((await sketches.figures({ day, minute })).dau).toEqual(exactly(3))
  })

  it('refuses a schema that a newer build wrote', async ({ expect }) => {
    const sketches = sketchesOf('newer')
    await runInDurableObject(sketches, (_: GameSketches, { storage }) => {
      storage.sql.exec(`UPDATE _meta SET value = 99 WHERE key = 'schema_version'`)
      expect(() => new SketchTable(storage).migrate()).toThrow(
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
