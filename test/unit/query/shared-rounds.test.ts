import { describe, it } from 'vitest'

import { impatient } from '../../../src/query/realtime/revenue-rounds.ts'
import type { Clock } from '../../../src/query/realtime/shared-rounds.ts'
import { SharedRounds } from '../../../src/query/realtime/shared-rounds.ts'
import { Viewers } from '../../../src/query/realtime/viewers.ts'

const START_MS = 1_700_000_000_000

/** A clock that moves when somebody waits, and lets whatever else is under way go on first. */
class TestClock implements Clock {
  nowMs = START_MS

  now(): number {
    return this.nowMs
  }

  async wait(ms: number): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    this.nowMs += ms
  }
}

const NAMES = { game_id: 'g', env: 'prod', trace_id: 't' }

const roundsOf = () =>
  new SharedRounds<number>({ label: 'test', periodMs: 5_000, overdueMs: 3_500 })

describe('shared rounds', () => {
  it('read once for many viewers, and once again in the next period', async ({ expect }) => {
    const clock = new TestClock()
    const rounds = roundsOf()
    let reads = 0
    const read = async () => {
      reads += 1
      await new Promise((resolve) => {
        setTimeout(resolve, 5)
      })
      return reads
    }
    const all = () =>
      Promise.all(
        Array.from({ length: 40 }, () => rounds.read('game', { ...clockOf(clock) }, read, NAMES)),
      )
    clock.nowMs += rounds.untilNextMs(clock.nowMs)
    expect(new Set((await all()).map(({ part }) => JSON.stringify(part)))).toEqual(
      new Set(['{"value":1}']),
    )
    expect(reads).toBe(1)
    clock.nowMs += rounds.untilNextMs(clock.nowMs)
    await all()
    expect(reads).toBe(2)
    await rounds.read('another game', clock, read, NAMES)
    expect(reads).toBe(3)
  })

  it('share a failure, too', async ({ expect }) => {
    const clock = new TestClock()
    const rounds = roundsOf()
    clock.nowMs += rounds.untilNextMs(clock.nowMs)
    let reads = 0
    const read = () => {
      reads += 1
      return Promise.reject(new Error('evicted'))
    }
    for (let viewer = 0; viewer < 3; viewer += 1) {
      const { part } = await rounds.read('game', clock, read, NAMES)
      expect(part).toMatchObject({ error: { message: 'evicted' } })
    }
    expect(reads).toBe(1)
  })

  it('do not wait for a read whose request is gone', async ({ expect }) => {
    const clock = new TestClock()
    const rounds = roundsOf()
    const lost = rounds.read('game', clock, () => new Promise(() => {}), NAMES)
    const { part } = await rounds.read('game', clock, () => Promise.resolve(7), NAMES)
    expect(part).toEqual({ value: 7 })
    expect(clock.nowMs).toBeGreaterThanOrEqual(START_MS + 3_500)
    await Promise.race([lost, Promise.resolve()])
  })
})

/** A viewer's own waits; the time is everybody's and stands still meanwhile. */
function clockOf(clock: TestClock): Clock {
  return {
    now: () => clock.now(),
    wait: () =>
      new Promise((resolve) => {
        setTimeout(resolve, 1)
      }),
  }
}

describe('an impatient reader', () => {
  it('tells what is there within 200 ms, and the rest with the next call', async ({ expect }) => {
    const clock = new TestClock()
    const flights = [Promise.withResolvers<number>(), Promise.withResolvers<number>()]
    let reads = 0
    const read = impatient(() => flights[reads++]?.promise ?? Promise.resolve(-1), clock)
    expect(await read()).toBeNull()
    expect(clock.nowMs).toBe(START_MS + 200)
    expect([await read(), reads]).toEqual([null, 1])
    flights[0]?.resolve(7)
    expect(await read()).toBe(7)
    expect([await read(), reads]).toEqual([7, 2])
    flights[1]?.resolve(8)
    expect(await read()).toBe(8)
  })
})

describe('viewers', () => {
  it('are let in up to the limit of their name, and again when one has left', ({ expect }) => {
    const viewers = new Viewers(2, 1_000)
    const first = viewers.enter('a', 0)
    expect(viewers.enter('a', 0)).not.toBeNull()
    expect(viewers.enter('a', 999)).toBeNull()
    expect(viewers.enter('b', 999)).not.toBeNull()
    first?.()
    first?.()
    expect(viewers.enter('a', 999)).not.toBeNull()
    expect(viewers.enter('a', 999)).toBeNull()
  })

  it('that never leave count for their time only', ({ expect }) => {
    const viewers = new Viewers(1, 1_000)
    const leave = viewers.enter('a', 0)
    expect(viewers.enter('a', 1_000)).not.toBeNull()
    leave?.()
    expect(viewers.enter('a', 1_001)).toBeNull()
  })
})
