/** How keys and games are looked up: how often, how long that may take, and what is shared. */
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { beforeAll, beforeEach, describe, it, vi } from 'vitest'

import { findGame } from '../../src/access/game-row.ts'
import { findKey, findSigningKey, findSigningKeys } from '../../src/access/keys.ts'
import { requirePermission } from '../../src/access/require-permission.ts'
import { forgetControlData } from '../../src/access/timed-cache.ts'
import type { AppEnv } from '../../src/app-env.ts'
import { sha256Hex } from '../../src/event/bytes.ts'
import { problemFrom } from '../../src/problem.ts'
import { createGame, READ_KEY, SERVER_KEY_ID, WRITE_KEY } from './support.ts'

const GAME = 'access-lookup'

/** A route that a read key opens; the time is given. */
function appAt(nowMs: number) {
  return new Hono<AppEnv>()
    .use(async (c, next) => {
      c.set('traceId', '0123456789abcdef')
      c.set('nowMs', nowMs)
      await next()
    })
    .get('/', requirePermission('analytics:read'), (c) => c.json(c.get('scope')))
    .onError(problemFrom)
}

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` })

async function setMode(mode: string): Promise<void> {
  await env.CONTROL_DB.prepare('UPDATE games SET event_mode = ? WHERE game_id = ?')
    .bind(mode, GAME)
    .run()
  forgetControlData()
}

beforeAll(() => createGame(GAME))
beforeEach(() => forgetControlData())

describe('a key', () => {
  it('shares one profile object with all keys of the game, until the game changes', async ({
    expect,
  }) => {
    const nowMs = Date.now()
    const db = env.CONTROL_DB
    const profileOf = async (key: string, timeMs: number) =>
      (await findKey(db, await sha256Hex(key), timeMs))?.profile
    const profile = await profileOf(READ_KEY, nowMs)
    expect(profile).toMatchObject({ gameId: GAME })
    expect(await profileOf(WRITE_KEY, nowMs)).toBe(profile)
    expect((await findSigningKey(db, SERVER_KEY_ID, nowMs))?.profile).toBe(profile)
    expect((await findSigningKeys(db, GAME, 'prod', nowMs))[0]?.profile).toBe(profile)
    expect((await findGame(db, GAME, 'prod', nowMs))?.profile).toBe(profile)
    expect(await profileOf(READ_KEY, nowMs + 60_000)).toBe(profile)
    await setMode('open')
    const changed = await profileOf(READ_KEY, nowMs)
    expect(changed).toMatchObject({ eventMode: 'open' })
    await setMode('strict')
    expect(await profileOf(READ_KEY, nowMs)).toEqual(profile)
  })

  it('is looked up once by requests that arrive together', async ({ expect }) => {
    let reads = 0
    const CONTROL_DB = new Proxy(env.CONTROL_DB, {
      get: (db, name) => {
        if (name !== 'prepare') return Reflect.get(db, name)
        return (sql: string) => {
          reads += 1
          return db.prepare(sql)
        }
      },
    })
    const calls = Array.from({ length: 30 }, async () =>
      appAt(Date.now()).request('/', { headers: bearer(READ_KEY) }, { ...env, CONTROL_DB }),
    )
    const statuses = (await Promise.all(calls)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(reads).toBe(1)
  })

  it('that is known is let in soon while the database hangs, one that is not is refused', async ({
    expect,
  }) => {
    const nowMs = Date.now()
    const hanging = {
      ...env,
      CONTROL_DB: new Proxy(env.CONTROL_DB, {
        get: () => () => ({ bind: () => ({ first: () => new Promise(() => {}) }) }),
      }),
    }
    const ask = async (key: string, timeMs: number, bindings: Env) => {
      const startMs = performance.now()
      const response = await appAt(timeMs).request('/', { headers: bearer(key) }, bindings)
      expect(performance.now() - startMs).toBeLessThan(2_000)
      return response.status
    }
    expect(await ask(READ_KEY, nowMs, env)).toBe(200)
    expect(await ask(READ_KEY, nowMs + 61_000, hanging)).toBe(200)
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(await ask('cr_never_seen', nowMs, hanging)).toBe(503)
    logged.mockRestore()
  })
})
