import { describe, it } from 'vitest'

import { KEY_CACHE_MS, STALE_KEY_MS, UNKNOWN_KEY_CACHE_MS } from '../../../configs/limits.ts'
import { TimedCache } from '../../../src/access/timed-cache.ts'

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
