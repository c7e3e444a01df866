import { describe, it } from 'vitest'

import {
  CONTROL_DEADLINE_MS,
  KEY_CACHE_MS,
  MAX_CACHED_UNKNOWN_KEYS,
  STALE_KEY_MS,
  UNKNOWN_KEY_CACHE_MS,
} from '../../../configs/limits.ts'
import { forgetControlData, TimedCache } from '../../../src/access/timed-cache.ts'

const down = () => Promise.reject(new Error('the database is away'))

describe('what the control database said', () => {
  it('is remembered as the same object, and asked for again after its time', async ({ expect }) => {
    const cache = new TimedCache<object>()
    const first = {}
    const second = {}
    expect(await cache.get('a', 0, () => Promise.resolve(first))).toBe(first)
    expect(await cache.get('a', KEY_CACHE_MS - 1, down)).toBe(first)
    expect(await cache.get('a', KEY_CACHE_MS, () => Promise.resolve(second))).toBe(second)
  })

  it('is trusted while the database does not answer, and no longer than it may be', async ({
    expect,
  }) => {
    const cache = new TimedCache<string>()
    await cache.get('key', 0, () => Promise.resolve('known'))
    expect(await cache.get('key', KEY_CACHE_MS + 1, down)).toBe('known')
    expect(await cache.get('key', KEY_CACHE_MS + STALE_KEY_MS, down)).toBe('known')
    await expect(cache.get('key', KEY_CACHE_MS + STALE_KEY_MS + 6_000, down)).rejects.toThrow(
      'away',
    )
  })

  it('is asked for again soon after an answer was missing', async ({ expect }) => {
    const cache = new TimedCache<string>()
    await cache.get('key', 0, () => Promise.resolve('old'))
    await cache.get('key', KEY_CACHE_MS, down)
    const revoked = () => Promise.resolve(null)
    expect(await cache.get('key', KEY_CACHE_MS + UNKNOWN_KEY_CACHE_MS, revoked)).toBeNull()
    expect(await cache.get('key', KEY_CACHE_MS + UNKNOWN_KEY_CACHE_MS + 1, down)).toBeNull()
  })

  it('is no answer where nothing was ever found', async ({ expect }) => {
    const cache = new TimedCache<string>()
    await expect(cache.get('new', 0, down)).rejects.toThrow('away')
    await cache.get('unknown', 0, () => Promise.resolve(null))
    await expect(cache.get('unknown', UNKNOWN_KEY_CACHE_MS, down)).rejects.toThrow('away')
  })
})

describe('while the control database is slow', () => {
  const never = () => new Promise<never>(() => {})
  const unread = () => Promise.reject(new Error('nobody should ask'))

  it('what was known is used after the deadline, and what was not is refused', async ({
    expect,
  }) => {
    const cache = new TimedCache<string>()
    await cache.get('key', 0, () => Promise.resolve('known'))
    const startMs = performance.now()
    expect(await cache.get('key', KEY_CACHE_MS, never)).toBe('known')
    expect(performance.now() - startMs).toBeLessThan(CONTROL_DEADLINE_MS + 1_000)
    expect(await cache.get('key', KEY_CACHE_MS + CONTROL_DEADLINE_MS, unread)).toBe('known')
    await expect(cache.get('new', 0, never)).rejects.toMatchObject({ code: 'control_unavailable' })
  })

  it('one request asks for an expired value, and the others use the old one', async ({
    expect,
  }) => {
    const cache = new TimedCache<string>()
    await cache.get('key', 0, () => Promise.resolve('old'))
    const { promise, resolve } = Promise.withResolvers<string>()
    const asking = cache.get('key', KEY_CACHE_MS, () => promise)
    expect(await cache.get('key', KEY_CACHE_MS + 1, unread)).toBe('old')
    resolve('new')
    expect(await asking).toBe('new')
    expect(await cache.get('key', KEY_CACHE_MS + 2, unread)).toBe('new')
  })

  it('nobody uses a value that expired long ago without asking', async ({ expect }) => {
    const cache = new TimedCache<string>()
    await cache.get('key', 0, () => Promise.resolve('old'))
    const { promise, resolve } = Promise.withResolvers<null>()
    const lateMs = KEY_CACHE_MS + UNKNOWN_KEY_CACHE_MS
    const both = [cache.get('key', lateMs, () => promise), cache.get('key', lateMs, unread)]
    resolve(null)
    expect(await Promise.all(both)).toEqual([null, null])
  })

  it('a name is asked for once, however many wait for it', async ({ expect }) => {
    const cache = new TimedCache<string>()
    let asked = 0
    const read = async () => {
      asked += 1
      await Promise.resolve()
      return 'found'
    }
    const answers = await Promise.all(Array.from({ length: 30 }, () => cache.get('key', 0, read)))
    expect(new Set(answers)).toEqual(new Set(['found']))
    expect(asked).toBe(1)
  })

  it('an answer that was under way when everything was forgotten is not remembered', async ({
    expect,
  }) => {
    const cache = new TimedCache<string>()
    const { promise, resolve } = Promise.withResolvers<string>()
    const asking = cache.get('key', 0, () => promise)
    forgetControlData()
    resolve('before the change')
    expect(await asking).toBe('before the change')
    expect(await cache.get('key', 1, () => Promise.resolve('after it'))).toBe('after it')
  })
})

describe('made-up names', () => {
  it('push out one another, and nothing that is known', async ({ expect }) => {
    const cache = new TimedCache<string>()
    await cache.get('key', 0, () => Promise.resolve('known'))
    let asked = 0
    const unknown = () => {
      asked += 1
      return Promise.resolve(null)
    }
    for (let index = 0; index < 10_001; index += 1) await cache.get(`made-up-${index}`, 0, unknown)
    expect(await cache.get('key', KEY_CACHE_MS + 1, down)).toBe('known')
    expect(asked).toBe(10_001)
    await cache.get(`made-up-${10_001 - MAX_CACHED_UNKNOWN_KEYS}`, 0, unknown)
    expect(asked).toBe(10_001)
    await cache.get('made-up-0', 0, unknown)
    expect(asked).toBe(10_002)
  })
})

describe('where an old value must not be trusted', () => {
  it('a failing database is a failure', async ({ expect }) => {
    const cache = new TimedCache<string>({ staleMs: 0 })
    await cache.get('user', 0, () => Promise.resolve('known'))
    expect(await cache.get('user', KEY_CACHE_MS - 1, down)).toBe('known')
    await expect(cache.get('user', KEY_CACHE_MS, down)).rejects.toThrow('away')
  })
})
