/** Signed requests: what is signed, which key, how far the clock may be off, and that nothing works twice. */
import { createExecutionContext, evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { beforeAll, beforeEach, describe, it, vi } from 'vitest'
import { z } from 'zod'

import { nonceLedgerName } from '../../durable/names.ts'
import { authenticateSigned } from '../../src/access/signature.ts'
import { signingSecretOf } from '../../src/access/signing-secret.ts'
import { forgetControlData } from '../../src/access/timed-cache.ts'
import type { AppEnv } from '../../src/app-env.ts'
import { createApp } from '../../src/app.ts'
import { sha256Hex } from '../../src/event/bytes.ts'
import { problemFrom } from '../../src/problem.ts'
import {
  anEvent,
  createGame,
  insertGame,
  insertKey,
  SERVER_KEY_ID,
  signedHeaders,
} from './support.ts'

const GAME = 'signature-test'
const OTHER_GAME = 'signature-other'
const SECOND_KEY_ID = 'k_00000000000000a2'
const OTHER_KEY_ID = 'k_00000000000000b1'
const WRITE_KEY_ID = 'k_00000000000000c1'
const BODY = '[{"event":"user.login"}]'
const NOW_MS = Date.UTC(2026, 10, 20, 12)
const SKEW_MS = 300_000
const scoped = { 'X-Game-ID': GAME, 'X-Env': 'prod' }

/** A route that takes signed requests; `refuses` stands for a queue that takes nothing. */
function appAt(nowMs: number, refuses = false) {
  return new Hono<AppEnv>()
    .use(async (c, next) => {
      c.set('traceId', '0123456789abcdef')
      c.set('nowMs', nowMs)
      await next()
    })
    .post('/', async (c) => {
      const body = new Uint8Array(await c.req.arrayBuffer())
      const nonce = await authenticateSigned(c, body, nowMs)
      if (refuses) {
        await nonce.release()
        return c.json({ code: 'refused' }, 503)
      }
      return c.json({ principal: c.get('principal'), game: c.get('scope').gameId })
    })
    .onError(problemFrom)
}

const answerSchema = z.looseObject({ code: z.string().optional(), detail: z.string().optional() })

interface Sent {
  readonly body?: string
  readonly nowMs?: number
  readonly refuses?: boolean
  readonly bindings?: Env
}

async function send(headers: Record<string, string>, sent: Sent = {}) {
  const { body = BODY, nowMs = NOW_MS, refuses = false, bindings = env } = sent
  const init = { method: 'POST', headers, body }
  const response = await appAt(nowMs, refuses).request('/', init, bindings)
  return { status: response.status, answer: answerSchema.parse(await response.json()) }
}

/** Headers of a good request; `over` replaces what is signed. */
const sign = (over: Partial<Parameters<typeof signedHeaders>[1]> = {}, body = BODY) =>
  signedHeaders(body, { keyId: SERVER_KEY_ID, timeMs: NOW_MS, ...over })

beforeAll(async () => {
  await createGame(GAME)
  await insertGame(OTHER_GAME)
  await insertKey(GAME, { kind: 'server', key: 'cs_second', keyId: SECOND_KEY_ID })
  await insertKey(GAME, { kind: 'write', key: 'cw_signing', keyId: WRITE_KEY_ID })
  await insertKey(OTHER_GAME, { kind: 'server', key: 'cs_other', keyId: OTHER_KEY_ID })
})
beforeEach(() => forgetControlData())

describe('a signature', () => {
  it('is HMAC-SHA256 over timestamp, nonce and the digest of the body', async ({ expect }) => {
    // Written out here by hand, so that the helper of the other tests is checked too.
    const secret = await signingSecretOf(env.ANALYTICS_INGEST_SECRET, SERVER_KEY_ID)
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/)
    const utf8 = (text: string) => new TextEncoder().encode(text)
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const key = await crypto.subtle.importKey('raw', utf8(secret), algorithm, false, ['sign'])
    const text = `${NOW_MS / 1_000}\nby-hand\n${await sha256Hex(BODY)}`
    const bytes = new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(text)))
    const byHand = {
      'X-Key-Id': SERVER_KEY_ID,
      'X-Timestamp': String(NOW_MS / 1_000),
      'X-Nonce': 'by-hand',
      'X-Signature': btoa(String.fromCharCode(...bytes)),
    }
    expect(await sign({ nonce: 'by-hand' })).toEqual(byHand)
    expect(await send(byHand)).toMatchObject({
      status: 200,
      answer: {
        principal: { kind: 'key', id: SERVER_KEY_ID, keyKind: 'server' },
        game: GAME,
      },
    })
  })

  it('finds its key among those of the game when none is named', async ({ expect }) => {
    const { 'X-Key-Id': _, ...headers } = await sign({ keyId: SECOND_KEY_ID })
    const { status, answer } = await send({ ...headers, ...scoped })
    expect(status).toBe(200)
    expect(answer['principal']).toMatchObject({ id: SECOND_KEY_ID })
  })

  it.for([
    ['another body', {}, `${BODY} `],
    ['no body', {}, ''],
  ] as const)('does not fit %s', async ([, over, body], { expect }) => {
    const { status, answer } = await send(await sign(over), { body })
    expect({ status, code: answer.code }).toEqual({ status: 401, code: 'invalid_signature' })
  })

  it.for([
    ['timestamp', { 'X-Timestamp': String(NOW_MS / 1_000 + 1) }],
    ['nonce', { 'X-Nonce': 'another' }],
    ['key of the same game', { 'X-Key-Id': SECOND_KEY_ID }],
    ['key of another game', { 'X-Key-Id': OTHER_KEY_ID }],
  ] as const)('does not fit another %s', async ([, headers], { expect }) => {
    const { status, answer } = await send({ ...(await sign()), ...headers })
    expect({ status, code: answer.code }).toEqual({ status: 401, code: 'invalid_signature' })
  })

  it.for([
    ['no signature', { 'X-Signature': null }, 401, 'missing_signature', 'X-Signature'],
    ['no nonce', { 'X-Nonce': null }, 401, 'missing_signature', 'X-Nonce'],
    ['no timestamp', { 'X-Timestamp': null }, 401, 'missing_signature', 'X-Timestamp'],
    ['a time in words', { 'X-Timestamp': 'now' }, 401, 'invalid_signature', 'X-Timestamp'],
    ['a nonce that is too long', { 'X-Nonce': 'n'.repeat(129) }, 401, 'invalid_signature', '128'],
    ['hex for base64', { 'X-Signature': 'ab'.repeat(32) }, 401, 'invalid_signature', 'base64'],
    ['no key and no game', { 'X-Key-Id': null }, 401, 'missing_key', 'X-Key-Id'],
    ['an unknown key', { 'X-Key-Id': 'k_0000000000000000' }, 401, 'unknown_key', 'X-Key-Id'],
    ['a write key', { 'X-Key-Id': WRITE_KEY_ID }, 401, 'unknown_key', 'X-Key-Id'],
    ['the id of no key', { 'X-Key-Id': '../x' }, 401, 'unknown_key', 'X-Key-Id'],
    ['another game', { 'X-Game-ID': OTHER_GAME }, 403, 'key_of_another_game', 'game_id'],
    ['a web page', { Origin: 'https://play.test' }, 403, 'origin_not_allowed', 'server key'],
  ] as const)('is refused with %s', async ([, change, status, code, text], { expect }) => {
    const headers = new Map(Object.entries<string | null>({ ...(await sign()), ...change }))
    const present = [...headers].flatMap(([name, value]) => (value === null ? [] : [[name, value]]))
    const refused = await send(Object.fromEntries(present))
    expect({ status: refused.status, code: refused.answer.code }).toEqual({ status, code })
    expect(refused.answer.detail).toContain(text)
  })

  it.for([
    ['as old as allowed', -SKEW_MS, 200],
    ['a second older', -SKEW_MS - 1_000, 401],
    ['as far ahead as allowed', SKEW_MS, 200],
    ['a second further ahead', SKEW_MS + 1_000, 401],
  ] as const)('%s is judged by its time', async ([, offsetMs, expected], { expect }) => {
    const { status, answer } = await send(await sign({ timeMs: NOW_MS + offsetMs }))
    expect(status).toBe(expected)
    if (expected === 401) expect(answer.code).toBe('timestamp_skew')
  })

  it('of a key that expired or was revoked is refused', async ({ expect }) => {
    const keyId = 'k_00000000000000d1'
    const expiresTime = new Date(NOW_MS).toISOString()
    await insertKey(GAME, { kind: 'server', key: 'cs_old', keyId, expiresTime })
    const before = await send(await sign({ keyId }), { nowMs: NOW_MS - 1 })
    expect(before.status).toBe(200)
    expect((await send(await sign({ keyId }))).answer.code).toBe('unknown_key')
    const revoked = { kind: 'server', key: 'cs_revoked', keyId: 'k_00000000000000d2' } as const
    await insertKey(GAME, { ...revoked, revokedTime: expiresTime })
    expect((await send(await sign({ keyId: revoked.keyId }))).answer.code).toBe('unknown_key')
  })
})

describe('a request that is sent again', () => {
  const replayed = { status: 409, code: 'nonce_used' }
  const outcome = ({ status, answer }: Awaited<ReturnType<typeof send>>) => ({
    status,
    code: answer.code,
  })

  it('is refused at once, and for as long as its time is accepted', async ({ expect }) => {
    // Stamped as far ahead as allowed: it stays good for two skews.
    const headers = await sign({ timeMs: NOW_MS + SKEW_MS })
    expect((await send(headers)).status).toBe(200)
    for (const laterMs of [0, SKEW_MS, 2 * SKEW_MS]) {
      expect(outcome(await send(headers, { nowMs: NOW_MS + laterMs }))).toEqual(replayed)
    }
    const tooLate = await send(headers, { nowMs: NOW_MS + 2 * SKEW_MS + 1 })
    expect(tooLate.answer.code).toBe('timestamp_skew')
  })

  it('is refused after the ledger was evicted', async ({ expect }) => {
    const headers = await sign()
    expect((await send(headers)).status).toBe(200)
    await evictDurableObject(env.NONCE_LEDGER.getByName(nonceLedgerName(SERVER_KEY_ID)))
    expect(outcome(await send(headers))).toEqual(replayed)
  })

  it('is taken once when ten copies arrive at the same time', async ({ expect }) => {
    const headers = await sign()
    const copies = await Promise.all(Array.from({ length: 10 }, () => send(headers)))
    const statuses = copies.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 409)).toHaveLength(9)
  })

  it('with another body and the same nonce is refused', async ({ expect }) => {
    const nonce = 'one-nonce-two-bodies'
    expect((await send(await sign({ nonce }))).status).toBe(200)
    const body = '[]'
    expect(outcome(await send(await sign({ nonce }, body), { body }))).toEqual(replayed)
  })

  it('by another key may use the same nonce', async ({ expect }) => {
    const nonce = 'one-nonce-two-keys'
    expect((await send(await sign({ nonce }))).status).toBe(200)
    expect((await send(await sign({ nonce, keyId: SECOND_KEY_ID }))).status).toBe(200)
    expect(outcome(await send(await sign({ nonce, keyId: SECOND_KEY_ID })))).toEqual(replayed)
  })

  it('because the queue refused it is taken, once', async ({ expect }) => {
    const headers = await sign()
    expect((await send(headers, { refuses: true })).status).toBe(503)
    expect((await send(headers)).status).toBe(200)
    expect(outcome(await send(headers))).toEqual(replayed)
  })

  it('does not use up a nonce with a signature that is wrong', async ({ expect }) => {
    const headers = await sign()
    expect((await send(headers, { body: 'forged' })).answer.code).toBe('invalid_signature')
    expect((await send(headers)).status).toBe(200)
  })
})

describe('a claim whose answer is lost', () => {
  /** The ledger, whose first claim is made and then fails. */
  function losing(): Env {
    let isLost = false
    const getByName = (name: string) => {
      const ledger = env.NONCE_LEDGER.getByName(name)
      return {
        claim: async (nonce: string, claimId: string) => {
          const isNew = await ledger.claim(nonce, claimId)
          if (isLost) return isNew
          isLost = true
          throw new Error('the object was reset')
        },
        release: (nonce: string, claimId: string) => ledger.release(nonce, claimId),
      }
    }
    return { ...env, NONCE_LEDGER: new Proxy(env.NONCE_LEDGER, { get: () => getByName }) }
  }

  it('is released, and the same request is taken afterwards', async ({ expect }) => {
    const headers = await sign()
    const bindings = losing()
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const first = await send(headers, { bindings })
    logged.mockRestore()
    expect(first).toMatchObject({ status: 503, answer: { code: 'control_unavailable' } })
    expect((await send(headers, { bindings })).status).toBe(200)
  })

  it('frees no nonce that a request has used before', async ({ expect }) => {
    const headers = await sign()
    expect((await send(headers)).status).toBe(200)
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect((await send(headers, { bindings: losing() })).status).toBe(503)
    logged.mockRestore()
    expect((await send(headers)).answer.code).toBe('nonce_used')
  })
})

describe('a signature among those of many keys', () => {
  it('is found although twenty younger keys have expired', async ({ expect }) => {
    const game = 'signature-crowded'
    const keyId = 'k_00000000000000f1'
    await insertGame(game)
    await insertKey(game, { kind: 'server', key: 'cs_good', keyId })
    await env.CONTROL_DB.prepare(
      `UPDATE keys SET created_time = '2026-01-01T00:00:00.000Z' WHERE key_id = ?`,
    )
      .bind(keyId)
      .run()
    for (let index = 0; index < 20; index += 1) {
      const expiresTime = '2026-02-01T00:00:00.000Z'
      await insertKey(game, { kind: 'server', key: `cs_crowd_${index}`, expiresTime })
    }
    const { 'X-Key-Id': _, ...headers } = await sign({ keyId })
    const { status } = await send({ ...headers, 'X-Game-ID': game, 'X-Env': 'prod' })
    expect(status).toBe(200)
  })
})

describe('a signed request whose body is held back', () => {
  it('is judged by the time at which the body is there', async ({ expect }) => {
    const sentMs = Date.now()
    const body = JSON.stringify(anEvent({ event_id: 'held-back' }))
    const headers = await sign({ timeMs: sentMs }, body)
    const now = vi.spyOn(Date, 'now').mockReturnValue(sentMs)
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const init = { method: 'POST', headers, body: readable, duplex: 'half' }
    const path = '/api/ingest/events'
    const held = createApp().request(path, init, env, createExecutionContext())
    await scheduler.wait(20)
    now.mockReturnValue(sentMs + 2 * SKEW_MS + 1_000)
    const writer = writable.getWriter()
    await writer.write(new TextEncoder().encode(body))
    await writer.close()
    const response = await held
    now.mockRestore()
    expect(await response.json()).toMatchObject({ status: 401, code: 'timestamp_skew' })
  })
})
