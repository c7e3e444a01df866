import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, it, vi } from 'vitest'

import { SETTINGS_CACHE_MS } from '../../configs/limits.ts'
import type { GameSettings } from '../../durable/game-settings.ts'
import { gameSettingsName } from '../../durable/names.ts'
import { DEFAULT_SETTINGS } from '../../src/event/game-settings.ts'
import { currentSettings, forgetSettings } from '../../src/settings/current-settings.ts'

const NOW_MS = Date.parse('2026-11-20T10:00:00Z')
const TEN_MINUTES_MS = 10 * 60_000

afterEach(() => {
  vi.useRealTimers()
})

const scopeOf = (gameId: string) => ({ gameId, env: 'prod' })

/** The settings of a game of its own, so that tests do not meet in storage. */
function settingsOf(gameId: string) {
  return env.GAME_SETTINGS.getByName(gameSettingsName(scopeOf(gameId)))
}

/** Puts a value where the object keeps its settings, and lets it start anew. */
async function storeRaw(gameId: string, settings: unknown): Promise<void> {
  await runInDurableObject(settingsOf(gameId), (_: GameSettings, { storage }) =>
    storage.put('data', { settings }),
  )
  await evictDurableObject(settingsOf(gameId))
}

describe('GameSettings', () => {
  it('takes everything until somebody changes it', async ({ expect }) => {
    expect(await settingsOf('untouched').read()).toEqual(DEFAULT_SETTINGS)
  })

  it('has a change on disk before it answers', async ({ expect }) => {
    const settings = settingsOf('durable')
    const changed = await settings.change({ events: ['session.start'] }, 'user_1', NOW_MS)
    await evictDurableObject(settings)
    expect(await settings.read()).toEqual(changed.settings)
    expect(changed).toEqual({
      kind: 'changed',
      settings: {
        ...DEFAULT_SETTINGS,
        version: 1,
        events: ['session.start'],
        updated_by: 'user_1',
        updated_time: '2026-11-20T10:00:00.000Z',
      },
    })
  })

  it('loses no change when it is evicted between any two', async ({ expect }) => {
    const settings = settingsOf('evicted')
    for (let percent = 1; percent <= 8; percent++) {
      await settings.change({ sampling: { 'ui.click': percent } }, 'user_1', NOW_MS)
      await evictDurableObject(settings)
    }
    expect(await settings.read()).toMatchObject({ version: 8, sampling: { 'ui.click': 8 } })
  })

  it('lets one of several changes for the same version through', async ({ expect }) => {
    const settings = settingsOf('concurrent')
    const outcomes = await Promise.all(
      [10, 20, 30].map(async (percent) => {
        const { kind, settings: told } = await settings.change(
          { sample_global: percent },
          `user_${percent}`,
          NOW_MS,
          0,
        )
        return { kind, told }
      }),
    )
    const winners = outcomes.filter(({ kind }) => kind === 'changed')
    expect(winners).toHaveLength(1)
    const present = await settings.read()
    expect(present.version).toBe(1)
    // The others are told what they have to start from.
    for (const { told } of outcomes) expect(told).toEqual(present)
  })

  it('applies every one of several changes that name no version', async ({ expect }) => {
    const settings = settingsOf('unversioned')
    await Promise.all([
      settings.change({ payments_enabled: false }, 'a', NOW_MS),
      settings.change({ dropped_events: ['ui.click'] }, 'b', NOW_MS),
      settings.change({ sample_global: 0 }, 'c', NOW_MS),
    ])
    expect(await settings.read()).toMatchObject({
      version: 3,
      payments_enabled: false,
      dropped_events: ['ui.click'],
      sample_global: 0,
    })
  })

  it('keeps text of any alphabet', async ({ expect }) => {
    const settings = settingsOf('spiel-ü-游戏')
    const reason = 'Wartung für 🎰 — 维护中'
    await settings.change(
      { ingest_enabled: false, ingest_disabled_reason: reason },
      'jürgen',
      NOW_MS,
    )
    await evictDurableObject(settings)
    expect(await settings.read()).toMatchObject({
      ingest_disabled_reason: reason,
      updated_by: 'jürgen',
    })
  })

  it('keeps games and environments apart', async ({ expect }) => {
    await settingsOf('apart').change({ sample_global: 5 }, 'a', NOW_MS)
    const staging = gameSettingsName({ gameId: 'apart', env: 'staging' })
    expect(await env.GAME_SETTINGS.getByName(staging).read()).toEqual(DEFAULT_SETTINGS)
  })

  it('holds as much as a change may carry', async ({ expect }) => {
    const settings = settingsOf('full')
    const names = Array.from({ length: 1_000 }, (_, at) => `e${at}`.padEnd(64, '_'))
    const window = {
      start: '2026-11-20T10:00:00Z',
      end: '2026-11-20T11:00:00Z',
      message: 'ß'.repeat(500),
      block_writes: true,
    }
    const patch = {
      events: names,
      dropped_events: names,
      sampling: Object.fromEntries(names.map((name) => [name, 12.345])),
      maintenance: Array.from({ length: 100 }, (_, at) => ({ ...window, id: `w${at}` })),
    }
    await settings.change(patch, 'a', NOW_MS)
    await evictDurableObject(settings)
    expect(await settings.read()).toMatchObject(patch)
  })
})

describe('the border of GameSettings', () => {
  it('refuses what is no change, and changes nothing', async ({ expect }) => {
    const settings = settingsOf('refused')
    // Awaited here: an RPC promise that is passed on rejects a second time, unseen.
    await expect(async () => {
      await settings.change({ sample_global: 101 }, 'a', NOW_MS)
    }).rejects.toThrow('patch.sample_global: expected at most 100 percent')
    await expect(async () => {
      await settings.change({ events: Array.from({ length: 1_001 }, () => 'a') }, 'a', NOW_MS)
    }).rejects.toThrow('patch.events: expected at most 1,000 events')
    await expect(async () => {
      await settings.change({}, 'a'.repeat(129), NOW_MS)
    }).rejects.toThrow('by: ')
    await expect(async () => {
      await settings.watch(Number.NaN)
    }).rejects.toThrow('untilMs: ')
    expect(await settings.read()).toEqual(DEFAULT_SETTINGS)
  })

  it.for(['/do/call/destroy', '/do/call/store', '/do/set/settings', '/do/get-prop/settings', '/'])(
    'has no HTTP door at %s',
    async (path, { expect }) => {
      const settings = settingsOf('no-door')
      const { settings: before } = await settings.change({ sample_global: 7 }, 'a', NOW_MS)
      await expect(async () => {
        await settings.fetch(`https://itty-durable${path}`, {
          headers: { 'do-content': '[{"settings":{}}]' },
        })
      }).rejects.toThrow('fetch')
      await evictDurableObject(settings)
      expect(await settings.read()).toEqual(before)
    },
  )

  it('gives itty-durable no binding, and nothing of itself to write to', async ({ expect }) => {
    await runInDurableObject(settingsOf('clean'), (_: GameSettings, state) => {
      for (const name of ['router', 'initialized', 'defaultState', 'EVENTS_QUEUE']) {
        expect(state).not.toHaveProperty(name)
      }
    })
  })
})

describe('what GameSettings finds on disk', () => {
  it('is completed when an older build stored it', async ({ expect }) => {
    await storeRaw('older', { version: 4, ingest_enabled: false, newer: true })
    expect(await settingsOf('older').read()).toEqual({
      ...DEFAULT_SETTINGS,
      version: 4,
      ingest_enabled: false,
    })
  })

  it('is refused loudly, and left alone, when it is no settings', async ({ expect }) => {
    await storeRaw('broken', { version: 4, ingest_enabled: 'no' })
    const settings = settingsOf('broken')
    const message = 'the settings cannot be read: ingest_enabled: expected true or false'
    await expect(async () => {
      await settings.read()
    }).rejects.toThrow(message)
    await expect(async () => {
      await settings.change({ sample_global: 5 }, 'a', NOW_MS)
    }).rejects.toThrow(message)
    await runInDurableObject(settings, async (_: GameSettings, { storage }) => {
      expect(await storage.get('data')).toEqual({ settings: { version: 4, ingest_enabled: 'no' } })
    })
  })
})

describe('watch', () => {
  it('rises, never falls, reaches ten minutes ahead at most, and is no change', async ({
    expect,
  }) => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS })
    const settings = settingsOf('watched')
    await settings.watch(NOW_MS + 60_000)
    await settings.watch(NOW_MS + 30_000)
    expect((await settings.read()).live_until_ms).toBe(NOW_MS + 60_000)
    await settings.watch(NOW_MS + 10 * TEN_MINUTES_MS)
    await evictDurableObject(settings)
    expect(await settings.read()).toEqual({
      ...DEFAULT_SETTINGS,
      live_until_ms: NOW_MS + TEN_MINUTES_MS,
    })
  })
})

describe('currentSettings', () => {
  /** The environment with a settings namespace that counts its calls; `silent` ones are never answered. */
  function countingEnv() {
    const calls = { reads: 0, silent: false }
    const counted: Env = {
      ...env,
      GAME_SETTINGS: new Proxy(env.GAME_SETTINGS, {
        get: (namespace, property) => {
          if (property !== 'getByName') return Reflect.get(namespace, property)
          return (name: string) => {
            calls.reads += 1
            return calls.silent ? { read: () => new Promise(() => {}) } : namespace.getByName(name)
          }
        },
      }),
    }
    return { calls, counted }
  }

  it('asks once for requests that come together, and again when the time is up', async ({
    expect,
  }) => {
    const { calls, counted } = countingEnv()
    const scope = scopeOf('cached')
    const read = (nowMs: number) => currentSettings(counted, scope, nowMs)
    await Promise.all([read(NOW_MS), read(NOW_MS + 1), read(NOW_MS + 2)])
    expect(calls.reads).toBe(1)
    await settingsOf('cached').change({ sample_global: 5 }, 'a', NOW_MS)
    expect((await read(NOW_MS + SETTINGS_CACHE_MS - 1)).sample_global).toBe(100)
    expect((await read(NOW_MS + SETTINGS_CACHE_MS)).sample_global).toBe(5)
    expect(calls.reads).toBe(2)
  })

  it('sees a change at once in the isolate that made it', async ({ expect }) => {
    const scope = scopeOf('forgotten')
    expect((await currentSettings(env, scope, NOW_MS)).version).toBe(0)
    const underWay = currentSettings(env, scope, NOW_MS + SETTINGS_CACHE_MS)
    await settingsOf('forgotten').change({ sample_global: 5 }, 'a', NOW_MS)
    forgetSettings(scope)
    await underWay
    expect((await currentSettings(env, scope, NOW_MS + SETTINGS_CACHE_MS)).version).toBe(1)
  })

  it('goes by the last known settings when the object does not answer', async ({ expect }) => {
    const { calls, counted } = countingEnv()
    const scope = scopeOf('silent')
    await settingsOf('silent').change({ ingest_enabled: false }, 'a', NOW_MS)
    await currentSettings(counted, scope, NOW_MS)
    calls.silent = true
    const laterMs = NOW_MS + SETTINGS_CACHE_MS
    const startMs = Date.now()
    expect((await currentSettings(counted, scope, laterMs)).ingest_enabled).toBe(false)
    expect(Date.now() - startMs).toBeLessThan(1_500)
    // The next requests do not wait for it again.
    const pausedMs = Date.now()
    expect((await currentSettings(counted, scope, laterMs + 1_999)).ingest_enabled).toBe(false)
    expect(Date.now() - pausedMs).toBeLessThan(100)
    calls.silent = false
    await settingsOf('silent').change({ ingest_enabled: true }, 'a', NOW_MS)
    expect((await currentSettings(counted, scope, laterMs + 2_000)).ingest_enabled).toBe(true)
  })

  it('takes everything when nothing is known and the object is broken', async ({ expect }) => {
    await storeRaw('unreadable', { version: 'x' })
    expect(await currentSettings(env, scopeOf('unreadable'), NOW_MS)).toEqual(DEFAULT_SETTINGS)
  })

  it('remembers a bounded number of games', { timeout: 60_000 }, async ({ expect }) => {
    const { calls, counted } = countingEnv()
    const read = (game: number) => currentSettings(counted, scopeOf(`bounded-${game}`), NOW_MS)
    const games = Array.from({ length: 1_000 }, (_, game) => game)
    // Silent ones are remembered too, and cost nothing to make.
    calls.silent = true
    await Promise.all(games.map(read))
    await Promise.all(games.map(read))
    expect(calls.reads).toBe(1_000)
    await read(1_000)
    await read(0)
    expect(calls.reads).toBe(1_002)
  })
})
