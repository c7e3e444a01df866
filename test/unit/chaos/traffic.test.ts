import { describe, it } from 'vitest'

import type { Sent } from '../../../scripts/chaos/sessions.ts'
import { GAMES, trafficOf } from '../../../scripts/chaos/traffic.ts'
import { normalizeEvent } from '../../../src/event/normalize.ts'

const START_MS = Date.UTC(2026, 10, 23, 12)
const OPTIONS = {
  seed: 5,
  events: 6_000,
  startMs: START_MS,
  durationMs: 20_000,
  serverBatch: 60,
  serverShare: 0.4,
}

const batches = [...trafficOf(OPTIONS)]
const items = batches.flatMap((batch) => batch.items.map((item) => ({ batch, item })))
const events = items.flatMap(({ batch, item }) => (item.kind === 'event' ? [{ batch, item }] : []))

describe('the traffic', () => {
  it('is the same for the same seed, and no other', ({ expect }) => {
    expect([...trafficOf(OPTIONS)]).toEqual(batches)
    expect([...trafficOf({ ...OPTIONS, seed: 6 })]).not.toEqual(batches)
  })

  it('is as large as asked, and names everything once', ({ expect }) => {
    expect(items.length).toBeGreaterThanOrEqual(OPTIONS.events)
    expect(items.length).toBeLessThan(OPTIONS.events * 1.1)
    expect(new Set(items.map(({ item }) => item.mark)).size).toBe(items.length)
    expect(new Set(batches.map(({ id }) => id)).size).toBe(batches.length)
  })

  it('has all that goes wrong at clients: order, clocks, lateness, refusals, poison', ({
    expect,
  }) => {
    const isUnordered = batches.some(({ id }, index) => id < (batches[index - 1]?.id ?? 0))
    expect(isUnordered).toBe(true)
    const few = (condition: (event: (typeof events)[number]) => boolean) =>
      events.filter(condition).length / events.length
    expect(few(({ item }) => item.isCorrected)).toBeGreaterThan(0.05)
    expect(few(({ item }) => START_MS - item.trueMs > 2 * 86_400_000)).toBeGreaterThan(0.05)
    expect(few(({ item }) => item.refusedFor !== null)).toBeGreaterThan(0.002)
    expect(few(({ item }) => item.isPoison)).toBeGreaterThan(0.0005)
    expect(few(({ batch }) => !batch.hasIds)).toBeGreaterThan(0.05)
    for (const game of GAMES) expect(batches.some((batch) => batch.game === game)).toBe(true)
  })

  it('has orders with several reports, from both reporters, with refunds', ({ expect }) => {
    const reports = items.flatMap(({ item }) => {
      const payment = item.kind === 'event' ? item.payment : item
      return payment === null ? [] : [payment]
    })
    const orders = Map.groupBy(reports, ({ orderId }) => orderId)
    expect([...orders.values()].some((own) => own.length > 3)).toBe(true)
    expect(new Set(reports.map(({ status }) => status)).size).toBe(4)
    expect(new Set(reports.map(({ reporter }) => reporter)).size).toBe(2)
  })

  it('is judged by the edge as it says itself', ({ expect }) => {
    const judged = events.filter(
      ({ batch: { door, clockAheadMs } }) => door === 'events' && clockAheadMs === 0,
    )
    for (const { batch, item } of judged.slice(0, 2_000)) {
      expect(codeOf(item, batch.key), JSON.stringify(item.raw)).toBe(item.refusedFor)
    }
  })
})

function codeOf({ raw }: Sent, key: 'write' | 'server'): string | null {
  const result = normalizeEvent(raw, {
    gameId: 'g',
    env: 'prod',
    game: {
      gameId: 'g',
      timeZone: 'UTC',
      gameType: '',
      eventMode: 'strict',
      customEvents: [],
      allowedOrigins: [],
      pseudonymKey: null,
      maskedProperties: [],
    },
    reporter: key === 'server' ? 'server' : 'client',
    origin: null,
    receivedTimeMs: START_MS + 20_000,
    sentTimeMs: null,
    sentUptimeMs: null,
  })
  return 'code' in result ? result.code : null
}
