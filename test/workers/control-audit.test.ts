/** The audit log of /api/admin: nothing is done without a row, and no row holds a secret. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, it, vi } from 'vitest'
import { z } from 'zod'

import { decodeEnvelope } from '../../src/event/envelope.ts'
import { appAt, call, keySchema, NOW_MS, refusingQueue } from './control-support.ts'
import { countRows, createGame, userToken, WRITE_KEY } from './support.ts'

const GAME = 'control-audit'

beforeAll(async () => {
  await createGame(GAME)
})

describe('the audit log', () => {
  const storedFor = (trace: string, condition = '1') =>
    countRows('audit_log', `trace_id = {trace:String} AND ${condition}`, { trace })
  const waitFor = (trace: string, condition: string) =>
    vi.waitUntil(async () => (await storedFor(trace, condition)) === 1, {
      timeout: 20_000,
      interval: 250,
    })
  const outbox = async () => {
    const { results } = await env.CONTROL_DB.prepare('SELECT row FROM audit_outbox').all()
    return z.array(z.object({ row: z.string() })).parse(results)
  }

  it('has a row for a change, a question, a refusal and a failure', async ({ expect }) => {
    const user = await userToken('viewer')
    const changed = await call(`PATCH /games/${GAME}`, { name: 'Audited' })
    const asked = await call(`GET /games/${GAME}/keys`)
    const refused = await call('POST /games', { name: 'x' }, { as: user })
    const failed = await call('POST /games', { game_id: GAME, name: 'x' })
    const lost = await call('GET /no/such/address')
    const game = `game_id = '${GAME}'`
    await waitFor(
      changed.trace,
      `action = 'games.update' AND status = 200 AND actor_kind = 'admin_key' AND actor_id = 'admin'
       AND target = '${GAME}' AND ${game} AND bytes = 18 AND snapshot = '{"name":"Audited"}'`,
    )
    await waitFor(asked.trace, `action = 'keys.list' AND status = 200 AND ${game}`)
    await waitFor(
      refused.trace,
      `action = 'games.create' AND status = 403 AND actor_kind = 'user' AND actor_id LIKE 'viewer-%'`,
    )
    await waitFor(failed.trace, `action = 'games.create' AND status = 409 AND ${game}`)
    await waitFor(lost.trace, `status = 404 AND target = '/api/admin/no/such/address'`)
    expect(await outbox()).toEqual([])
  })

  it('has no row for callers whom nobody knows', async ({ expect }) => {
    const holding = { EVENTS_QUEUE: refusingQueue() }
    const { status } = await call('GET /games', undefined, { as: 'nobody', bindings: holding })
    expect(status).toBe(401)
    expect(await outbox()).toEqual([])
  })

  it('has no row for keys, whose calls are refused before anything is stored', async ({
    expect,
  }) => {
    const written: string[] = []
    const CONTROL_DB = new Proxy(env.CONTROL_DB, {
      get: (db, name) => {
        const member: unknown = Reflect.get(db, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => {
          if (/INSERT|DELETE|UPDATE/.test(String(args[0]))) written.push(String(args[0]))
          return Reflect.apply(member, db, args)
        }
      },
    })
    const bindings = { CONTROL_DB, EVENTS_QUEUE: refusingQueue() }
    for (const line of ['GET /nothing', 'GET /users', `GET /games/${GAME}`]) {
      const { status, code } = await call(line, undefined, { as: WRITE_KEY, bindings })
      expect({ line, status, code }).toEqual({ line, status: 403, code: 'wrong_key_kind' })
    }
    expect((await call('GET /me', undefined, { as: WRITE_KEY, bindings })).status).toBe(200)
    expect(written).toEqual([])
  })

  it('is sent once by calls that overlap', async ({ expect }) => {
    await call('GET /me')
    const sent: string[] = []
    const EVENTS_QUEUE: Queue = {
      ...refusingQueue(),
      send: async (message) => {
        const { sections } = decodeEnvelope(z.instanceof(Uint8Array).parse(message))
        for (const { ndjson } of sections) {
          sent.push(...new TextDecoder().decode(ndjson).trim().split('\n'))
        }
        await scheduler.wait(5)
        return { metadata: { metrics: await env.EVENTS_QUEUE.metrics() } }
      },
    }
    const bindings = { EVENTS_QUEUE }
    const calls = await Promise.all(
      Array.from({ length: 40 }, () => call('GET /games', undefined, { bindings })),
    )
    const rowSchema = z.object({ trace_id: z.string() })
    const traces = sent.map((row) => rowSchema.parse(JSON.parse(row)).trace_id)
    expect(new Set(traces)).toEqual(new Set(calls.map(({ trace }) => trace)))
    expect(traces).toHaveLength(40)
    expect(await outbox()).toEqual([])
  })

  it('is not waited for by the answer', async ({ expect }) => {
    const { promise: held, resolve } = Promise.withResolvers<undefined>()
    const EVENTS_QUEUE: Queue = {
      ...refusingQueue(),
      send: async () => {
        await held
        throw new Error('late')
      },
    }
    const context = createExecutionContext()
    const headers = { Authorization: `Bearer ${env.ADMIN_KEY}` }
    const request = appAt(NOW_MS).request(
      '/api/admin/me',
      { headers },
      { ...env, EVENTS_QUEUE },
      context,
    )
    expect((await request).status).toBe(200)
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    resolve(undefined)
    await waitOnExecutionContext(context)
    warned.mockRestore()
    await call('GET /me')
    expect(await outbox()).toEqual([])
  })

  it('tells of a change whose answer was lost, and that it was', async ({ expect }) => {
    const CONTROL_DB = new Proxy(env.CONTROL_DB, {
      get: (db, name) => {
        if (name !== 'batch') return db.prepare.bind(db)
        return async (statements: D1PreparedStatement[]) => {
          await db.batch(statements)
          throw new Error('network connection lost')
        }
      },
    })
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const lost = await call(
      'POST /games',
      { game_id: 'lost', name: 'Lost' },
      { bindings: { CONTROL_DB } },
    )
    logged.mockRestore()
    expect({ status: lost.status, code: lost.code }).toEqual({
      status: 503,
      code: 'control_unavailable',
    })
    expect((await call('GET /games/lost')).status).toBe(200)
    await waitFor(lost.trace, `action = 'games.create' AND status = 201`)
    await waitFor(lost.trace, `action = 'games.create' AND status = 503`)
  })

  it('keeps what the queue does not take, and sends it with the next call', async ({ expect }) => {
    const bindings = { EVENTS_QUEUE: refusingQueue() }
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const made = await call('POST /games', { game_id: 'kept', name: 'Kept' }, { bindings })
    expect(made.status).toBe(201)
    expect(warned.mock.calls.flat().join('')).toContain('audit rows wait in the outbox')
    warned.mockRestore()
    expect(await outbox()).toMatchObject([{ row: expect.stringContaining(made.trace) }])
    const next = await call('GET /games/kept')
    expect(await outbox()).toEqual([])
    await waitFor(made.trace, `action = 'games.create' AND status = 201`)
    await waitFor(next.trace, `action = 'games.read'`)
  })

  it('and the change are committed together or not at all', async ({ expect }) => {
    await env.CONTROL_DB.exec(
      `CREATE TRIGGER full BEFORE INSERT ON audit_outbox BEGIN SELECT RAISE(ABORT, 'full'); END`,
    )
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const made = await call('POST /games', { game_id: 'unaudited', name: 'Unaudited' })
    const asked = await call(`GET /games/${GAME}`)
    logged.mockRestore()
    await env.CONTROL_DB.exec('DROP TRIGGER full')
    expect({ status: made.status, code: made.code }).toEqual({
      status: 503,
      code: 'control_unavailable',
    })
    expect(asked.status).toBe(503)
    expect(asked.text).not.toContain('time_zone')
    expect((await call('GET /games/unaudited')).status).toBe(404)
  })

  it('holds no secret, whatever the body held', async ({ expect }) => {
    const bindings = { EVENTS_QUEUE: refusingQueue() }
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const made = await call(
      `POST /games/${GAME}/keys`,
      { env: 'prod', kind: 'server' },
      { bindings },
    )
    await call('POST /users', { user_id: 'tok', role: 'viewer', games: '*' }, { bindings })
    const token = await call('POST /users/tok/tokens', undefined, { bindings })
    const hidden = { pseudonym_secret: 'hush', key: 'hush', password: 'hush', name: 'seen' }
    await call(`PATCH /games/${GAME}`, hidden, { bindings })
    const logs = JSON.stringify(warned.mock.calls)
    warned.mockRestore()
    const rows = (await outbox()).map(({ row }) => row).join('')
    const secrets = z.object({ key: z.string(), signing_secret: z.string() }).parse(made.answer)
    const { token: jwt } = z.object({ token: z.string() }).parse(token.answer)
    for (const secret of [secrets.key, secrets.signing_secret, jwt, env.ADMIN_KEY, 'hush']) {
      expect(rows + logs).not.toContain(secret)
    }
    expect(rows).toContain('seen')
    expect(rows).toContain(keySchema.parse(made.answer).key_id)
    await call('GET /me')
  })
})

describe('too many calls', () => {
  it('are refused, counted per actor', async ({ expect }) => {
    const asked: string[] = []
    const limit = ({ key }: RateLimitOptions) => {
      asked.push(key)
      return Promise.resolve({ success: false })
    }
    const { status, code, response } = await call('GET /games', undefined, {
      bindings: { ADMIN_RATE: { limit } },
    })
    expect({ status, code }).toEqual({ status: 429, code: 'rate_limited' })
    expect(response.headers.get('Retry-After')).toBe('10')
    expect(asked).toEqual(['admin_key admin'])
  })
})
