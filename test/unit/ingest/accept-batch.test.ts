import fc from 'fast-check'
import { describe, it } from 'vitest'
import { z } from 'zod'

import { DEFAULT_SETTINGS } from '../../../src/event/game-settings.ts'
import { UnreadableLine } from '../../../src/event/unreadable-line.ts'
import { acceptBatch } from '../../../src/ingest/accept-batch.ts'
import { userToken } from '../../../src/sketch/token.ts'
import { anIngestContext } from './ingest-context.ts'

const context = anIngestContext({ timeZone: 'Asia/Shanghai' })
const { hashKey } = context

const login = { user_id: 'u1', event: 'user.login', event_time: '2026-11-20T10:00:00Z' }
const sessionStart = {
  user_id: 'u1',
  session_id: 's1',
  event: 'session.start',
  event_time: '2026-11-19T16:30:00Z',
  platform: 'web',
}

const rowSchema = z.record(z.string(), z.union([z.string(), z.number()]))
const parseRows = (rows: readonly string[]) => rows.map((row) => rowSchema.parse(JSON.parse(row)))

describe('acceptBatch', () => {
  it('judges every event of any batch: accepted + rejected + filtered = sent, and each has its row', ({
    expect,
  }) => {
    const eventLike = fc.record(
      {
        event: fc.oneof(fc.constantFrom('user.login', 'session_start', 'nope'), fc.jsonValue()),
        user_id: fc.oneof(fc.string(), fc.constant('u1'), fc.jsonValue()),
        session_id: fc.oneof(fc.constant('s1'), fc.jsonValue()),
        platform: fc.oneof(fc.constant('ios'), fc.jsonValue()),
        event_time: fc.oneof(fc.constant(login.event_time), fc.integer(), fc.jsonValue()),
        event_id: fc.oneof(fc.constantFrom('e1', 'e2'), fc.jsonValue()),
        props: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
      },
      { requiredKeys: [] },
    )
    const settings = fc.record({
      events: fc.option(fc.subarray(['user.login', 'session.start'])),
      dropped_events: fc.subarray(['session.start']),
    })
    fc.assert(
      fc.property(
        fc.array(fc.oneof(eventLike, fc.jsonValue()), { maxLength: 8 }),
        settings,
        (raw, set) => {
          const batch = acceptBatch(raw, { ...context, settings: { ...DEFAULT_SETTINGS, ...set } })
          expect(batch.accepted + batch.rejected + batch.filtered).toBe(raw.length)
          expect(batch.eventRows).toHaveLength(batch.accepted)
          expect(batch.rejectedRows).toHaveLength(batch.rejected)
          for (const row of [...batch.eventRows, ...batch.rejectedRows]) {
            expect(row.endsWith('\n')).toBe(true)
            expect(row.slice(0, -1)).not.toContain('\n')
            expect(JSON.parse(row)).toMatchObject({ game_id: 'demo', env: 'prod' })
          }
          const withStatus = (wanted: string) =>
            batch.verdicts.filter(({ status }) => status === wanted).length
          expect(withStatus('filtered')).toBe(batch.filtered)
          expect(withStatus('quarantined')).toBe(batch.quarantined)
          expect(withStatus('rejected') + batch.quarantined).toBe(batch.rejected)
          expect(batch.verdicts.every(({ advice }) => advice.endsWith('.'))).toBe(true)
        },
      ),
      { seed: 11, numRuns: 3_000 },
    )
  })

  it('gives a retry of the same body the same ids, whenever it arrives', ({ expect }) => {
    const first = parseRows(acceptBatch([login, sessionStart], context).eventRows)
    const later = { ...context, receivedTimeMs: context.receivedTimeMs + 3_600_000, traceId: 'ff' }
    const second = parseRows(acceptBatch([login, sessionStart], later).eventRows)
    const identity = ['game_id', 'env', 'event', 'client_time', 'user_id', 'event_id']
    for (const [index, row] of first.entries()) {
      for (const column of identity) expect(second[index]?.[column]).toBe(row[column])
    }
    expect(new Set(first.map((row) => row['event_id'])).size).toBe(2)
  })

  it('keeps the event_id of the client', ({ expect }) => {
    const [row] = parseRows(acceptBatch([{ ...login, event_id: 'mine' }], context).eventRows)
    expect(row?.['event_id']).toBe('mine')
  })

  it('rejects the second of two events with one event_id and keeps its payload', ({ expect }) => {
    const again = { ...login, event_id: 'e1', props: { method: 'guest' } }
    const batch = acceptBatch([{ ...login, event_id: 'e1' }, again], context)
    expect(batch).toMatchObject({ accepted: 1, rejected: 1 })
    expect(batch.verdicts).toMatchObject([{ index: 1, event_id: 'e1', code: 'duplicate_event_id' }])
    expect(parseRows(batch.rejectedRows)[0]?.['payload']).toBe(JSON.stringify(again))
  })

  it('takes one event_id once for each user, and names the event that came before', ({
    expect,
  }) => {
    const of = (userId: string) => ({ ...login, user_id: userId, event_id: 'e1' })
    const batch = acceptBatch(['a', 'b', 'c', 'b', 'a'].map(of), context)
    expect(batch).toMatchObject({ accepted: 3, rejected: 2 })
    expect(batch.verdicts).toMatchObject([
      { index: 3, detail: expect.stringContaining('event 1 of this batch') },
      { index: 4, detail: expect.stringContaining('event 0 of this batch') },
    ])
  })

  it('clamps a clock that is hours ahead, says so, and keeps the row identity', ({ expect }) => {
    const ahead = { ...login, event_time: '2026-11-20T20:00:00Z' }
    const batch = acceptBatch([ahead], context)
    expect(batch.verdicts).toMatchObject([{ status: 'corrected', code: 'event_time_clamped' }])
    expect(parseRows(batch.eventRows)[0]).toMatchObject({
      event_time: '2026-11-20 12:00:00.000',
      client_time: '2026-11-20 20:00:00.000',
      skew_ms: -8 * 3_600_000,
      time_method: 'clamped',
    })
  })

  it('corrects a wrong clock by the send time, says so, and keeps the row identity', ({
    expect,
  }) => {
    const wrong = { ...login, event_id: 'e1', event_time: '1970-01-02T00:00:00Z' }
    const attempt = (receivedTime: string, sentTime: string) =>
      acceptBatch([wrong], {
        ...context,
        receivedTimeMs: Date.parse(receivedTime),
        sentTimeMs: Date.parse(sentTime),
      })
    const first = attempt('2026-11-20T12:00:00Z', '1970-01-02T01:00:00Z')
    const retry = attempt('2026-11-20T12:10:00Z', '1970-01-02T01:10:00Z')
    expect(first.verdicts).toMatchObject([{ status: 'corrected', code: 'event_time_corrected' }])
    expect(parseRows(first.eventRows)[0]).toMatchObject({
      event_time: '2026-11-20 11:00:00.000',
      client_time: '1970-01-02 00:00:00.000',
      sent_time: '1970-01-02 01:00:00.000',
      time_method: 'sent_at',
    })
    const identity = { event_id: 'e1', user_id: 'u1', client_time: '1970-01-02 00:00:00.000' }
    expect(parseRows(retry.eventRows)[0]).toMatchObject(identity)
    expect(parseRows(first.eventRows)[0]).toMatchObject(identity)
  })

  it('keeps a line that is no JSON as it came', ({ expect }) => {
    const batch = acceptBatch([login, new UnreadableLine('{"event":')], context)
    expect(batch).toMatchObject({ accepted: 1, rejected: 1 })
    expect(parseRows(batch.rejectedRows)).toMatchObject([
      { code: 'invalid_json', event_index: 1, payload: '{"event":' },
    ])
  })

  it('rejects an event of 100,000 levels without running out of stack', ({ expect }) => {
    const deep: unknown = JSON.parse('[{"a":'.repeat(50_000) + '1' + '}]'.repeat(50_000))
    const events = [deep, { ...login, props: { deep } }, { ...login, deep, props: { deep } }, login]
    const batch = acceptBatch(events, context)
    expect(batch).toMatchObject({ accepted: 1, rejected: 3 })
    for (const row of parseRows(batch.rejectedRows)) expect(row['payload']).toContain('[{"a":[{"a"')
  })

  it('counts a user once per metric, bucket and what it was seen with, in days of the game and minutes of UTC', ({
    expect,
  }) => {
    const heartbeat = { ...login, event: 'session.heartbeat' }
    const batch = acceptBatch([login, login, sessionStart, heartbeat], context)
    const token = userToken(hashKey, 'u1')
    // 16:30 UTC is past midnight in Shanghai, so both events fall on the 20th there.
    const day = Date.parse('2026-11-20T00:00:00Z') / 86_400_000
    const minute = (instant: string) => Date.parse(instant) / 60_000
    expect(batch.tokens).toEqual([
      { metric: 'dau', bucket: day, tokens: Uint32Array.of(token), by: ['', '', '', ''] },
      { metric: 'dau', bucket: day, tokens: Uint32Array.of(token), by: ['web', '', '', ''] },
      { metric: 'online', bucket: minute('2026-11-19T16:30:00Z'), tokens: Uint32Array.of(token) },
      { metric: 'online', bucket: minute('2026-11-20T10:00:00Z'), tokens: Uint32Array.of(token) },
    ])
  })

  it('names the game days of its payments, and of nothing else', ({ expect }) => {
    const purchase = (order_id: string, event_time: string) => ({
      user_id: 'u1',
      event: 'monetization.purchase_success',
      event_time,
      props: { order_id, sku_id: 's', price_usd: 1 },
    })
    const day = (date: string) => Date.parse(`${date}T00:00:00Z`) / 86_400_000
    const batch = acceptBatch(
      [
        // Past midnight in Shanghai.
        purchase('o-1', '2026-11-19T16:30:00Z'),
        purchase('o-2', '2026-11-18T10:00:00Z'),
        purchase('o-3', '2026-11-20T10:00:00Z'),
        { ...purchase('o-4', '2026-11-17T10:00:00Z'), props: { order_id: 'o-4', price_usd: -1 } },
        { ...login, event_time: '2026-11-15T10:00:00Z' },
      ],
      context,
    )
    expect(batch.paymentRows).toHaveLength(3)
    expect(batch.revenueDays).toEqual([day('2026-11-18'), day('2026-11-20')])
    expect(acceptBatch([login], context).revenueDays).toEqual([])
  })

  it('cuts the payload of a rejected event at its bound', ({ expect }) => {
    const batch = acceptBatch([{ ...login, props: { text: 'x'.repeat(50_000) } }], context)
    expect(String(parseRows(batch.rejectedRows)[0]?.['payload'])).toHaveLength(40_960)
  })
})
