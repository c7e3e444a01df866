/** GET /realtime: how old its figures are, and how it says so. */
import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, beforeEach, describe, it, vi } from 'vitest'

import { realtimeAnswerSchema } from '../../src/query/realtime/schemas.ts'
import { answer, count, insertRows, payment, sketchesOf, users } from './realtime-support.ts'
import { createGame, insertGame } from './support.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Half a minute after noon: every minute and every day of the tests is the same one throughout. */
const NOON_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS + 12 * 3_600_000
const NOW_MS = NOON_MS + 30_000
const DAY = Math.floor(NOW_MS / DAY_MS)
const MINUTE = NOON_MS / MINUTE_MS

const realtime = (gameId: string, query = '', bindings?: Env) =>
  answer(realtimeAnswerSchema, gameId, `realtime${query}`, bindings && { bindings })

beforeAll(() => createGame('rt-fresh'))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS })
})

afterEach(() => {
  vi.useRealTimers()
})

describe('GET /realtime', () => {
  it('reads the money once in 15 seconds, and says when', async ({ expect }) => {
    await insertGame('rt-shared')
    const paid = (amount_cents: number) => payment('rt-shared', NOW_MS - 1, { amount_cents })
    await insertRows('payments', [paid(10)])
    const first = await realtime('rt-shared')
    expect(first).toMatchObject({ rev_today: 10, rev_5m: 10, revenue_as_of: first.as_of })
    await insertRows('payments', [paid(5), { ...paid(7), currency: 'EUR' }])
    vi.setSystemTime(NOW_MS + 1)
    const second = await realtime('rt-shared', '?currency=EUR')
    const isSamePeriod = second.revenue_as_of === first.revenue_as_of
    expect(second.rev_today).toBe(isSamePeriod ? 0 : 7)
    vi.setSystemTime(NOW_MS + 15_001)
    const third = await realtime('rt-shared')
    expect(third).toMatchObject({ rev_today: 15, revenue_as_of: third.as_of })
    // Periods begin anywhere, but two calls at one instant are always in the same.
    await insertRows('payments', [paid(100)])
    expect(await realtime('rt-shared')).toMatchObject({ rev_today: 15 })
  })

  it('says until when users arrived, and that none do any more', async ({ expect }) => {
    await insertGame('rt-stall')
    expect(await realtime('rt-stall')).toMatchObject({ counted_until: null, partial: [] })
    await count('rt-stall', [users('online', MINUTE - 1, [0, 4])])
    const countedUntil = new Date(NOW_MS).toISOString().replace('.000', '')
    const fresh = { online: 4, counted_until: countedUntil, partial: [] }
    expect(await realtime('rt-stall')).toMatchObject(fresh)
    // What is published is stored, and with it the time.
    await runDurableObjectAlarm(sketchesOf('rt-stall'))
    await evictDurableObject(sketchesOf('rt-stall'))
    expect(await realtime('rt-stall')).toMatchObject(fresh)
    vi.setSystemTime(NOW_MS + 2 * MINUTE_MS + 1)
    const reason = `nothing has arrived since ${countedUntil}: nobody plays, or tokens do not arrive`
    const stalled = { online: 0, counted_until: countedUntil }
    expect(await realtime('rt-stall')).toMatchObject({
      ...stalled,
      partial: [{ field: 'counted_until', reason }],
    })
    // Users who were known already say as well that the way is open.
    await count('rt-stall', [users('online', MINUTE - 1, [0, 4])])
    expect((await realtime('rt-stall')).partial).toEqual([])
  })

  it('says so, too, when nobody knows when users arrived', async ({ expect }) => {
    await insertGame('rt-unknown')
    await count('rt-unknown', [users('dau', DAY, [0, 4])])
    await evictDurableObject(sketchesOf('rt-unknown'))
    expect(await realtime('rt-unknown')).toMatchObject({
      dau_today: 4,
      counted_until: null,
      partial: [{ field: 'counted_until' }],
    })
  })

  it('says that the database refuses, which waiting does not cure', async ({ expect }) => {
    await insertGame('rt-refused')
    const bindings = { ...env, CLICKHOUSE_PASSWORD: 'no password of ours' }
    const { rev_today: revenue, partial } = await realtime('rt-refused', '', bindings)
    expect(revenue).toBeNull()
    expect(partial).toContainEqual({
      field: 'rev_today',
      reason: 'the database refused the question',
    })
  })
})
