import { describe, it } from 'vitest'

import type { RejectedEventRow } from '../../../src/clickhouse/queries/rejected-events.ts'
import { DEFAULT_SETTINGS } from '../../../src/event/game-settings.ts'
import { acceptBatch } from '../../../src/ingest/accept-batch.ts'
import type { ReplayContext } from '../../../src/quarantine/judge-again.ts'
import { judgeAgain } from '../../../src/quarantine/judge-again.ts'
import { aGame, anIngestContext } from '../ingest/ingest-context.ts'

const RECEIVED_MS = Date.parse('2026-11-20T12:00:00Z')
const NOW_MS = Date.parse('2026-11-25T00:00:00Z')
const DIGEST = 'ab'.repeat(32)

/** A game that has added the event since. */
const GAME = aGame({
  customEvents: [{ id: 'boss.defeated', description: '', attributes: {} }],
})

const replayContext = (fields: Partial<ReplayContext> = {}): ReplayContext => {
  const { gameId, env, traceId, timeZone, settings, hashKey } = anIngestContext()
  return { gameId, env, traceId, timeZone, settings, hashKey, game: GAME, nowMs: NOW_MS, ...fields }
}

const anEvent = (fields: Record<string, unknown> = {}) => ({
  event: 'boss.defeated',
  user_id: 'u',
  event_time: '2026-11-20T11:00:00Z',
  ...fields,
})

const aRow = (payload: unknown, fields: Partial<RejectedEventRow> = {}): RejectedEventRow => ({
  received_ms: RECEIVED_MS,
  rejection_id: `${DIGEST.slice(0, 32)}-0`,
  trace_id: 'fedcba9876543210',
  event_index: 0,
  event_id: '',
  event: 'boss.defeated',
  code: 'unknown_event',
  pointer: '/event',
  detail: 'expected an event of the catalog',
  verdict: 'quarantined',
  door: 'events',
  reported_by: 'client',
  sent_ms: 0,
  sent_uptime_ms: null,
  origin: '',
  replayed_ms: 0,
  payload: JSON.stringify(payload),
  ...fields,
})

const json = (lines: readonly string[]): unknown[] => lines.map((line) => JSON.parse(line))

describe('judgeAgain', () => {
  it('makes the row that the event would have been, had the catalog known it', ({ expect }) => {
    const others = [{}, {}]
    const events = [...others, anEvent(), anEvent({ event_id: 'e-1' })]
    const context = { game: GAME, sentTimeMs: RECEIVED_MS - 5_000, reporter: 'server' } as const
    const direct = acceptBatch(events, anIngestContext(context))
    const rows = events.slice(2).map((event, offset) =>
      aRow(event, {
        rejection_id: `${DIGEST.slice(0, 32)}-${offset + 2}`,
        event_index: offset + 2,
        sent_ms: RECEIVED_MS - 5_000,
        reported_by: 'server',
      }),
    )
    const page = judgeAgain(rows, replayContext())
    expect(page).toMatchObject({ replayed: 2, filtered: 0, refused: [], unreadable: 0 })
    expect(page.eventRows).toEqual(direct.eventRows)
    expect(json(page.eventRows)).toMatchObject([
      { event_id: `body-${DIGEST.slice(0, 32)}-2`, received_time: '2026-11-20 12:00:00.000' },
      { event_id: 'e-1', sent_time: '2026-11-20 11:59:55.000' },
    ])
  })

  it('marks what passed, with the key and the receive time of the stored row', ({ expect }) => {
    const row = aRow(anEvent())
    const [mark, ...others] = json(judgeAgain([row], replayContext()).rejectedRows)
    expect(others).toEqual([])
    expect(mark).toEqual({
      game_id: 'demo',
      env: 'prod',
      received_time: '2026-11-20 12:00:00.000',
      rejection_id: row.rejection_id,
      trace_id: row.trace_id,
      event_index: 0,
      event_id: '',
      event: 'boss.defeated',
      code: 'unknown_event',
      pointer: '/event',
      detail: row.detail,
      verdict: 'quarantined',
      door: 'events',
      reported_by: 'client',
      payload: row.payload,
      sent_uptime_ms: null,
      origin: '',
      replayed_time: '2026-11-25 00:00:00.000',
    })
  })

  it('is the same whenever and however often it happens', ({ expect }) => {
    const rows = [aRow(anEvent()), aRow(anEvent({ event: 'user.login' }))]
    const first = judgeAgain(rows, replayContext())
    const later = judgeAgain(rows, replayContext({ nowMs: NOW_MS + 20 * 86_400_000 }))
    expect(later.eventRows).toEqual(first.eventRows)
    expect(later.tokens).toEqual(first.tokens)
    expect(first.tokens.length).toBeGreaterThan(0)
  })

  it('counts what is still refused by its present reason, and writes no row for it', ({
    expect,
  }) => {
    const rows = [
      aRow(anEvent({ event: 'boss.escaped' })),
      aRow(anEvent({ user_id: undefined })),
      aRow(['no event']),
    ]
    expect(judgeAgain(rows, replayContext())).toEqual({
      replayed: 0,
      filtered: 0,
      refused: ['unknown_event', 'missing_attribute', 'not_an_object'],
      unreadable: 0,
      eventRows: [],
      paymentRows: [],
      rejectedRows: [],
      tokens: [],
      revenueDays: [],
    })
  })

  it('does not mark what the settings of the game keep out', ({ expect }) => {
    const settings = { ...DEFAULT_SETTINGS, dropped_events: ['boss.defeated'] }
    const page = judgeAgain([aRow(anEvent())], replayContext({ settings }))
    expect(page).toMatchObject({ replayed: 0, filtered: 1, eventRows: [], rejectedRows: [] })
  })

  it('cannot read a payload that was cut', ({ expect }) => {
    const payload = JSON.stringify(anEvent()).slice(0, 40)
    const page = judgeAgain([aRow(null, { payload }), aRow(anEvent())], replayContext())
    expect(page).toMatchObject({ replayed: 1, unreadable: 1, refused: [] })
  })
})
