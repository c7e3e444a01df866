import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, it, vi } from 'vitest'

import { MESSAGE_CHUNK_BYTES, PUBLISH_INTERVAL_MS } from '../../configs/limits.ts'
import type { GameSketches } from '../../durable/game-sketches.ts'
import { decodeEnvelope } from '../../src/event/envelope.ts'
import {
  add,
  alarmOf,
  countOf,
  DAY_MS,
  exactly,
  FakeQueue,
  group,
  MINUTE_MS,
  sketchesOf,
  tokensOf,
  useQueue,
} from './game-sketches-support.ts'

// 13:00 of tomorrow in UTC: the platform moves alarms of the past to the present, and Auckland has the next date.
const nowMs = (Math.floor(Date.now() / DAY_MS) + 1) * DAY_MS + 13 * 3_600_000
const day = Math.floor(nowMs / DAY_MS)
const minute = Math.floor(nowMs / MINUTE_MS)
const FOLD_MS = 5 * MINUTE_MS

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: nowMs })
})

afterEach(() => {
  vi.useRealTimers()
})

type Sketches = ReturnType<typeof sketchesOf>

async function publish(sketches: Sketches, queue: FakeQueue): Promise<void> {
  await useQueue(sketches, queue)
  await runDurableObjectAlarm(sketches)
}

function dayText(at: number): string {
  return new Date(at * DAY_MS).toISOString().slice(0, 10)
}

function minuteText(at: number): string {
  return new Date(at * MINUTE_MS).toISOString().slice(0, 19).replace('T', ' ')
}

describe('the alarm of GameSketches', () => {
  it('sends what changed as one message of rows', async ({ expect }) => {
    const queue = new FakeQueue()
    const sketches = await add('publish', [
      group('dau', day, tokensOf(0, 10)),
      group('new_users', day, tokensOf(0, 4)),
      group('dau', day - 1, tokensOf(5, 25)),
      group('online', minute, tokensOf(0, 3)),
      group('online', minute - 1, tokensOf(2, 7)),
    ])
    expect(await alarmOf(sketches)).toBe(nowMs + PUBLISH_INTERVAL_MS)
    await publish(sketches, queue)
    expect(queue.messages).toHaveLength(1)
    const {
      gameId,
      env: environment,
      tokens,
    } = decodeEnvelope(queue.messages[0] ?? new Uint8Array())
    expect([gameId, environment, tokens]).toEqual(['publish', 'prod', []])
    const shared = { game_id: 'publish', env: 'prod', version: nowMs }
    const none = { new_users: 0, new_users_error: 0 }
    expect(queue.rows('daily_users')).toEqual([
      {
        d: dayText(day),
        ...shared,
        dau: 10,
        dau_error: 0,
        new_users: 4,
        new_users_error: 0,
        wau: 25,
        wau_error: 0,
        mau: 25,
        mau_error: 0,
      },
      {
        d: dayText(day - 1),
        ...shared,
        dau: 20,
        dau_error: 0,
        ...none,
        wau: 20,
        wau_error: 0,
        mau: 20,
        mau_error: 0,
      },
    ])
    expect(queue.newest('minute_online', 'm').get(minuteText(minute))).toEqual({
      m: minuteText(minute),
      ...shared,
      online: 3,
      online_error: 0,
      active_5m: 7,
      active_5m_error: 0,
      active_15m: 7,
      active_15m_error: 0,
    })
    expect(queue.rows('daily_online_peak')).toEqual([
      { d: dayText(day), ...shared, peak: 5, peak_error: 0, m: minuteText(minute - 1) },
    ])
  })

  it('sends only what changed since, and what is united with it', async ({ expect }) => {
    const queue = new FakeQueue()
    const groups = [
      group('dau', day, tokensOf(0, 10)),
      group('dau', day - 3, tokensOf(0, 10)),
      group('dau', day - 33, tokensOf(0, 10)),
      group('online', minute, tokensOf(0, 3)),
      group('online', minute - 14, tokensOf(0, 3)),
      group('online', minute - 15, tokensOf(0, 3)),
    ]
    const sketches = await add('changes', groups)
    await publish(sketches, queue)
    const before = queue.messages.splice(0)
    expect(before).toHaveLength(1)
    await add('changes', [
      ...groups,
      group('dau', day - 3, tokensOf(9, 11)),
      group('online', minute - 14, tokensOf(2, 4)),
    ])
    await publish(sketches, queue)
    expect(queue.rows('daily_users').map(({ d }) => d)).toEqual([dayText(day - 3), dayText(day)])
    expect(queue.rows('minute_online').map(({ m }) => m)).toEqual([
      minuteText(minute - 14),
      minuteText(minute),
    ])
    expect(queue.newest('minute_online', 'm').get(minuteText(minute))?.['active_15m']).toBe(4)
    expect(queue.rows('daily_online_peak').map(({ peak, m }) => [peak, m])).toEqual([
      [4, minuteText(minute - 14)],
    ])
  })

  it('never sends a day or a minute without tokens', async ({ expect }) => {
    const queue = new FakeQueue()
    const sketches = await add('empty-rows', [
      group('dau', day - 2, tokensOf(0, 10)),
      group('online', minute - 5, tokensOf(0, 3)),
    ])
    await publish(sketches, queue)
    expect(queue.rows('daily_users').map(({ d }) => d)).toEqual([dayText(day - 2)])
    expect(queue.rows('minute_online').map(({ m }) => m)).toEqual([minuteText(minute - 5)])
  })

  it('sends again what a failing queue did not take, and never ends its cycle', async ({
    expect,
  }) => {
    const queue = new FakeQueue()
    const sketches = await add('failing', [group('dau', day, tokensOf(0, 10))])
    queue.isFailing = true
    for (let round = 1; round <= 3; round++) {
      vi.setSystemTime(nowMs + round * PUBLISH_INTERVAL_MS)
      await publish(sketches, queue)
      expect(await alarmOf(sketches)).toBe(nowMs + (round + 1) * PUBLISH_INTERVAL_MS)
    }
    await add('failing', [group('dau', day, tokensOf(10, 12))])
    queue.isFailing = false
    await publish(sketches, queue)
    expect(queue.rows('daily_users').map(({ dau }) => dau)).toEqual([12])
    await publish(sketches, queue)
    expect(queue.messages).toHaveLength(1)
  })

  it('goes on when the configuration cannot be read', async ({ expect }) => {
    const sketches = await add('config', [group('dau', day, tokensOf(0, 10))])
    await runInDurableObject(sketches, (instance: GameSketches) => {
      Reflect.set(instance, 'env', { ...env, ANALYTICS_MQ_TYPE: 'carrier pigeon' })
    })
    await runDurableObjectAlarm(sketches)
    expect(await alarmOf(sketches)).toBe(nowMs + PUBLISH_INTERVAL_MS)
    const queue = new FakeQueue()
    await publish(sketches, queue)
    expect(queue.rows('daily_users')).toHaveLength(1)
  })

  it('sends after an eviction what was not sent before, folded or not', async ({ expect }) => {
    for (const isFolded of [false, true]) {
      const queue = new FakeQueue()
      const gameId = `evicted-unsent-${isFolded}`
      const sketches = await add(gameId, [
        group('dau', day, tokensOf(0, 10)),
        group('online', minute, tokensOf(0, 2)),
      ])
      queue.isFailing = true
      if (isFolded) vi.setSystemTime(nowMs + FOLD_MS)
      await publish(sketches, queue)
      expect(await countOf(sketches, 'hot')).toBe(isFolded ? 0 : 1)
      await evictDurableObject(sketches)
      queue.isFailing = false
      await publish(sketches, queue)
      expect(queue.rows('daily_users').map(({ dau }) => dau)).toEqual([10])
      expect(queue.rows('minute_online').map(({ online }) => online)).toEqual([2])
    }
  })

  it('sends what changed while a message was under way', async ({ expect }) => {
    const queue = new FakeQueue()
    const sketches = await add('under-way', [group('dau', day, tokensOf(0, 10))])
    queue.onSend = async () => {
      queue.onSend = async () => {}
      await add('under-way', [group('dau', day, tokensOf(10, 11))])
    }
    await publish(sketches, queue)
    await publish(sketches, queue)
    expect(queue.rows('daily_users').map(({ dau }) => dau)).toEqual([10, 11])
  })

  it('gives rising versions even when the clock steps back or the object is evicted', async ({
    expect,
  }) => {
    const queue = new FakeQueue()
    const sketches = sketchesOf('clock')
    const steps = [0, 1, -3_600_000, -7_200_000, 5]
    for (const [users, stepMs] of steps.entries()) {
      vi.setSystemTime(nowMs + stepMs)
      await add('clock', [group('dau', day - 1, tokensOf(0, users + 1))])
      await publish(sketches, queue)
      await evictDurableObject(sketches)
    }
    const rows = queue.rows('daily_users').filter(({ d }) => d === dayText(day - 1))
    expect(rows.map(({ dau }) => dau)).toEqual([1, 2, 3, 4, 5])
    const versions = rows.map(({ version }) => Number(version) - nowMs)
    expect(versions).toEqual([0, 1, 2, 3, 5])
  })

  it('stops when nothing is left to do, and wakes with the next change', async ({ expect }) => {
    const queue = new FakeQueue()
    const sketches = await add('idle', [group('dau', day, tokensOf(0, 10))])
    await publish(sketches, queue)
    vi.setSystemTime(nowMs + PUBLISH_INTERVAL_MS)
    await publish(sketches, queue)
    expect(await alarmOf(sketches)).toBe(nowMs + FOLD_MS)
    vi.setSystemTime(nowMs + FOLD_MS)
    await publish(sketches, queue)
    expect(await alarmOf(sketches)).toBeNull()
    expect(await countOf(sketches, 'hot')).toBe(0)
    await add('idle', [group('dau', day, tokensOf(0, 10))])
    expect(await alarmOf(sketches)).toBeNull()
    await add('idle', [group('dau', day, tokensOf(0, 11))])
    expect(await alarmOf(sketches)).toBe(nowMs + FOLD_MS + PUBLISH_INTERVAL_MS)
    expect(queue.messages).toHaveLength(1)
  })

  it('stops as well when the object is put to sleep before every alarm', async ({ expect }) => {
    const queue = new FakeQueue()
    const sketches = await add('sleepy', [group('dau', day, tokensOf(0, 10))])
    let alarms = 0
    for (; alarms < 5 && (await alarmOf(sketches)) !== null; alarms += 1) {
      vi.setSystemTime((await alarmOf(sketches)) ?? 0)
      await evictDurableObject(sketches)
      await publish(sketches, queue)
    }
    expect({ alarms, messages: queue.messages.length }).toEqual({ alarms: 1, messages: 1 })
    expect(await countOf(sketches, 'hot')).toBe(0)
  })

  it('sends what is new of a game that sleeps between its tokens, and not all of it', async ({
    expect,
  }) => {
    const queue = new FakeQueue()
    const sketches = sketchesOf('slow')
    for (let at = 0; at < 30; at += 1) {
      vi.setSystemTime(nowMs + at * MINUTE_MS)
      await add('slow', [group('online', minute + at, tokensOf(at, at + 1))])
      await evictDurableObject(sketches)
      vi.setSystemTime(nowMs + at * MINUTE_MS + PUBLISH_INTERVAL_MS)
      await publish(sketches, queue)
      await evictDurableObject(sketches)
    }
    // Each new minute and nothing else: no minute after it has any users yet.
    expect(queue.rows('minute_online')).toHaveLength(30)
    expect(await countOf(sketches, 'hot')).toBe(0)
  })

  it('sends rows of many minutes in messages of one billed chunk', async ({ expect }) => {
    const queue = new FakeQueue()
    const sketches = await add(
      'many',
      Array.from({ length: 700 }, (_, ago) => group('online', minute - ago * 3, tokensOf(0, 2))),
    )
    for (let round = 0; round < 6; round++) await publish(sketches, queue)
    expect(queue.newest('minute_online', 'm').size).toBe(700)
    expect(queue.messages.length).toBeGreaterThan(2)
    for (const { byteLength } of queue.messages) {
      expect(byteLength).toBeLessThanOrEqual(MESSAGE_CHUNK_BYTES)
    }
  })

  it('gives peaks to the days of the zone that was told last', async ({ expect }) => {
    const queue = new FakeQueue()
    const sketches = sketchesOf('zones')
    // 13:00 in UTC is 02:00 of the next day in Auckland, and 09:00 of this one.
    await sketches.addTokens([
      group('online', minute, tokensOf(0, 5)),
      group('online', minute - 6 * 60, tokensOf(0, 3)),
    ])
    await publish(sketches, queue)
    expect([...queue.newest('daily_online_peak', 'd')].map(([d, { peak }]) => [d, peak])).toEqual([
      [dayText(day), 5],
    ])
    await add('zones', [group('dau', day, tokensOf(0, 1))], { timeZone: 'Pacific/Auckland' })
    await evictDurableObject(sketches)
    await publish(sketches, queue)
    expect([...queue.newest('daily_online_peak', 'd')].map(([d, { peak }]) => [d, peak])).toEqual([
      [dayText(day), 3],
      [dayText(day + 1), 5],
    ])
    const days = await sketches.days({ from: day, to: day + 1 })
    expect(days.map(({ onlinePeak }) => onlinePeak)).toEqual([
      { ...exactly(3), minute: minute - 6 * 60 },
      { ...exactly(5), minute },
    ])
  })
})
