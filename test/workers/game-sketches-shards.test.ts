import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { afterEach, beforeEach, describe, it, vi } from 'vitest'

import { SHARD_HANDOVER_MS } from '../../configs/limits.ts'
import {
  add,
  alarmOf,
  countOf,
  DAY_MS,
  exactly,
  failHandover,
  group,
  MINUTE_MS,
  NONE,
  sketchesOf,
  tokensOf,
} from './game-sketches-support.ts'

// Tomorrow: the platform moves alarms of the past to the present.
const nowMs = Date.now() + DAY_MS
const day = Math.floor(nowMs / DAY_MS)
const minute = Math.floor(nowMs / MINUTE_MS)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: nowMs })
})

afterEach(() => {
  vi.useRealTimers()
})

describe('a shard of GameSketches', () => {
  const told = { shard: 2, shards: 3 }

  it('hands on what it has not seen before, and keeps nothing else', async ({ expect }) => {
    const batch = [
      group('dau', day, tokensOf(0, 10), ['ios', '', 'DE', '1.0']),
      group('online', minute, tokensOf(0, 10)),
    ]
    const shard = await add('handover', batch, told)
    expect(await alarmOf(shard)).toBe(nowMs + SHARD_HANDOVER_MS)
    const primary = sketchesOf('handover')
    expect((await primary.figures({ day, minute })).dau).toEqual(NONE)
    await runDurableObjectAlarm(shard)
    expect((await primary.figures({ day, minute })).dau).toEqual(exactly(10))
    const { values } = await primary.breakdown({ metric: 'dau', day, column: 'platform' })
    expect(values).toEqual([{ name: 'ios', users: exactly(10) }])
    for (const table of ['hot', 'sketches', 'samples', 'breakdowns']) {
      expect(await countOf(shard, table)).toBe(0)
    }
    expect(await alarmOf(shard)).toBeNull()
    await add('handover', batch, told)
    expect(await countOf(shard, 'hot')).toBe(0)
  })

  it('keeps everything when the handover fails, through evictions', async ({ expect }) => {
    const shard = await add('failing-handover', [group('dau', day, tokensOf(0, 10))], told)
    await failHandover(shard, 'refused')
    await runDurableObjectAlarm(shard)
    expect(await alarmOf(shard)).not.toBeNull()
    await evictDurableObject(shard)
    await add('failing-handover', [group('dau', day, tokensOf(8, 12))], told)
    await failHandover(shard, 'refused')
    await runDurableObjectAlarm(shard)
    const primary = sketchesOf('failing-handover')
    expect((await primary.figures({ day, minute })).dau).toEqual(NONE)
    await evictDurableObject(shard)
    await runDurableObjectAlarm(shard)
    expect((await primary.figures({ day, minute })).dau).toEqual(exactly(12))
    expect(await countOf(shard, 'hot')).toBe(0)
  })

  it.for([null, 'answer lost'] as const)(
    'keeps what comes while a handover is under way, failure: %j',
    async (failure, { expect }) => {
      const gameId = `busy-handover-${failure}`
      const shard = await add(gameId, [group('dau', day, tokensOf(0, 10))], told)
      let from = 10
      await failHandover(shard, failure, async () => {
        if (from < 13) await add(gameId, [group('dau', day, tokensOf(from, ++from))], told)
      })
      await runDurableObjectAlarm(shard)
      await evictDurableObject(shard)
      await runDurableObjectAlarm(shard)
      expect((await sketchesOf(gameId).figures({ day, minute })).dau).toEqual(exactly(from))
      expect(from).toBeGreaterThan(10)
      expect(await countOf(shard, 'hot')).toBe(0)
    },
  )

  it('hands over more than one row and one call carry', async ({ expect }) => {
    const gameId = 'large-handover'
    const shard = sketchesOf(gameId, 2)
    for (let part = 0; part < 5; part++) {
      const tokens = tokensOf(part * 100_000, (part + 1) * 100_000)
      await add(gameId, [group('dau', day, tokens), group('online', minute, tokens)], told)
    }
    expect(await countOf(shard, 'hot')).toBeGreaterThan(3)
    await runDurableObjectAlarm(shard)
    expect(await countOf(shard, 'hot')).toBe(0)
    const { dau, online } = await sketchesOf(gameId).figures({ day, minute })
    expect(Math.abs(dau.value - 500_000)).toBeLessThan(1.5 * dau.error)
    expect(Math.abs(online.value - 500_000)).toBeLessThan(1.5 * online.error)
  })
})
