import { readFileSync } from 'node:fs'

import { describe, it } from 'vitest'

import { BACKLOG_CACHE_MS } from '../../../configs/limits.ts'
import { BacklogWatch } from '../../../src/ingest/backlog.ts'
import { chargeRate, rateUnits } from '../../../src/ingest/rate.ts'
import type { EventQueue } from '../../../src/queue/event-queue.ts'

const queueWith = (backlogBytes: () => Promise<number>): EventQueue => ({
  stores: true,
  send: () => Promise.resolve(0),
  backlogBytes,
})

describe('the backlog', () => {
  it('is no reason to refuse below the limit, and is not asked for', async ({ expect }) => {
    const watch = new BacklogWatch(100)
    watch.note(99, 0)
    const queue = queueWith(() => Promise.reject(new Error('asked')))
    await expect(watch.requireRoom(queue, 1_000_000)).resolves.toBeUndefined()
  })

  it('refuses at the limit, and asks again until there is room', async ({ expect }) => {
    const watch = new BacklogWatch(100)
    watch.note(100, 0)
    let asked = 0
    const queue = queueWith(() => Promise.resolve((asked += 1) === 1 ? 150 : 50))
    await expect(watch.requireRoom(queue, 1)).rejects.toMatchObject({ code: 'overloaded' })
    expect(asked).toBe(0)
    await expect(watch.requireRoom(queue, BACKLOG_CACHE_MS + 1)).rejects.toMatchObject({
      code: 'overloaded',
    })
    await expect(watch.requireRoom(queue, 2 * BACKLOG_CACHE_MS + 2)).resolves.toBeUndefined()
    expect(asked).toBe(2)
  })

  it('is taken for empty when the queue does not tell it', async ({ expect }) => {
    const watch = new BacklogWatch(100)
    watch.note(100, 0)
    const queue = queueWith(() => Promise.reject(new Error('no metrics')))
    await expect(watch.requireRoom(queue, BACKLOG_CACHE_MS + 1)).resolves.toBeUndefined()
  })
})

describe('the rate', () => {
  it.for([
    [0, 1],
    [1, 1],
    [100, 1],
    [101, 2],
    [1_000, 10],
  ] as const)('of a POST of %i events costs %i', ([events, units], { expect }) => {
    expect(rateUnits(events)).toBe(units)
  })

  it('is charged unit by unit to the key, and is used up', async ({ expect }) => {
    const spent = new Map<string, number>()
    const limiter = {
      limit: ({ key }: { key: string }) => {
        spent.set(key, (spent.get(key) ?? 0) + 1)
        return Promise.resolve({ success: (spent.get(key) ?? 0) <= 12 })
      },
    }
    await chargeRate(limiter, 'k_1', 10)
    await expect(chargeRate(limiter, 'k_1', 3)).rejects.toMatchObject({ code: 'rate_limited' })
    await expect(chargeRate(limiter, 'k_2', 1)).resolves.toBeUndefined()
    expect(spent.get('k_1')).toBe(13)
  })

  it('is 60,000 units a minute in wrangler.toml', ({ expect }) => {
    const toml = readFileSync('wrangler.toml', 'utf8')
    expect(toml).toMatch(/name = "INGEST_RATE"\n.*\nsimple = \{ limit = 60_000, period = 60 \}/)
  })
})
