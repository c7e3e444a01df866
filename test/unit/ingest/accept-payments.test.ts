import fc from 'fast-check'
import { describe, it } from 'vitest'
import { z } from 'zod'

import { DEFAULT_SETTINGS } from '../../../src/event/game-settings.ts'
import { UnreadableLine } from '../../../src/event/unreadable-line.ts'
import { acceptPayments } from '../../../src/ingest/accept-payments.ts'
import { aGame, anIngestContext } from './ingest-context.ts'

const context = anIngestContext({ reporter: 'server' })

const paid = {
  ts: '2026-11-20T10:30:00Z',
  user_id: 'u1',
  order_id: 'o-1',
  status: 'success',
  amount: '9.99',
  currency: 'EUR',
}
const refund = (refund_id: string) => ({ ...paid, status: 'refunded', refund_id })

const rowSchema = z.record(z.string(), z.union([z.string(), z.number()]))
const parseRows = (rows: readonly string[]) => rows.map((row) => rowSchema.parse(JSON.parse(row)))

describe('acceptPayments', () => {
  it('names the game days of the payments that it takes', ({ expect }) => {
    const at = (order_id: string, ts: string) => ({ ...paid, order_id, ts })
    const payments = [
      at('o-1', '2026-11-20T10:00:00Z'),
      at('o-2', '2026-11-19T23:30:00Z'),
      at('o-3', '2026-11-20T11:00:00Z'),
      { ...at('o-4', '2026-11-10T11:00:00Z'), status: 'gone' },
    ]
    const day = Date.parse('2026-11-20T00:00:00Z') / 86_400_000
    expect(acceptPayments(payments, context).revenueDays).toEqual([day - 1, day])
    // Half past midnight of the 20th.
    const berlin = { ...context, timeZone: 'Europe/Berlin' }
    expect(acceptPayments(payments, berlin).revenueDays).toEqual([day])
    const settings = { ...DEFAULT_SETTINGS, payments_enabled: false }
    expect(acceptPayments(payments, { ...context, settings }).revenueDays).toEqual([])
  })

  it('judges every payment of any batch: accepted + rejected + filtered = sent', ({ expect }) => {
    const paymentLike = fc.record(
      {
        ts: fc.oneof(fc.constant(paid.ts), fc.jsonValue()),
        user_id: fc.oneof(fc.constant('u1'), fc.jsonValue()),
        order_id: fc.oneof(fc.constantFrom('o-1', 'o-2'), fc.jsonValue()),
        status: fc.oneof(fc.constantFrom('success', 'refunded', 'failed'), fc.jsonValue()),
        amount_cents: fc.oneof(fc.nat(), fc.jsonValue()),
        currency: fc.oneof(fc.constantFrom('USD', 'JPY'), fc.jsonValue()),
        refund_id: fc.oneof(fc.constant('r-1'), fc.jsonValue()),
      },
      { requiredKeys: ['ts', 'user_id', 'order_id'] },
    )
    const reporter = fc.constantFrom('client', 'server')
    const anything = fc.array(fc.oneof(paymentLike, fc.jsonValue()), { maxLength: 8 })
    fc.assert(
      fc.property(anything, reporter, fc.boolean(), (raw, saidBy, payments_enabled) => {
        const settings = { ...DEFAULT_SETTINGS, payments_enabled }
        const batch = acceptPayments(raw, { ...context, reporter: saidBy, settings })
        expect(batch.accepted + batch.rejected + batch.filtered).toBe(raw.length)
        expect(batch.paymentRows).toHaveLength(batch.accepted)
        expect(batch.rejectedRows).toHaveLength(batch.rejected)
        const refused = batch.verdicts.filter(({ status }) => /rejected|quarantined/.test(status))
        expect(refused).toHaveLength(batch.rejected)
        for (const row of [...batch.paymentRows, ...batch.rejectedRows]) {
          expect(row.indexOf('\n')).toBe(row.length - 1)
          expect(JSON.parse(row)).toMatchObject({ env: 'prod', reported_by: saidBy })
        }
        const identities = parseRows(batch.paymentRows).map(({ order_id, status, refund_id }) =>
          JSON.stringify([order_id, status, refund_id]),
        )
        expect(new Set(identities).size).toBe(identities.length)
      }),
      { seed: 12, numRuns: 500 },
    )
  })

  it('makes a row with the columns of the table, and counts no user', ({ expect }) => {
    const batch = acceptPayments(
      [{ ...refund('r-1'), product_id: 'gems_100', reason: 'chargeback', country: 'DE' }],
      context,
    )
    expect(batch).toMatchObject({ accepted: 1, verdicts: [], eventRows: [], tokens: [] })
    expect(parseRows(batch.paymentRows)).toEqual([
      {
        game_id: 'demo',
        env: 'prod',
        received_time: '2026-11-20 12:00:00.000',
        time: '2026-11-20 10:30:00.000',
        user_id: 'u1',
        order_id: 'o-1',
        amount_cents: 999,
        currency: 'EUR',
        status: 'refunded',
        country: 'DE',
        product_id: 'gems_100',
        reason: 'chargeback',
        reported_by: 'server',
        refund_id: 'r-1',
      },
    ])
  })

  it('takes an order once for each status and each of its refunds', ({ expect }) => {
    const once = [paid, { ...paid, status: 'pending' }, refund('r-1'), refund('r-2'), refund('')]
    const batch = acceptPayments([...once, { ...paid, amount: '1.00' }, refund('r-2')], context, 40)
    expect(batch).toMatchObject({ accepted: 5, rejected: 2 })
    expect(batch.verdicts).toMatchObject([
      { index: 45, code: 'duplicate_event_id', pointer: '/order_id', status: 'rejected' },
      { index: 46, code: 'duplicate_event_id', pointer: '/order_id', status: 'rejected' },
    ])
    expect(batch.verdicts[0]?.detail).toContain('payment 40')
    expect(parseRows(batch.rejectedRows)).toMatchObject([
      { event_index: 45, door: 'payments', code: 'duplicate_event_id', reported_by: 'server' },
      { event_index: 46, door: 'payments', code: 'duplicate_event_id', reported_by: 'server' },
    ])
  })

  it('keeps what it refuses, with its reason, what to do, and no secret', ({ expect }) => {
    const game = aGame({ pseudonymKey: new Uint8Array(16).fill(7) })
    const bad = { ...paid, amount: 9.99, card_number: '4111111111111111', event_id: 'e-1' }
    const batch = acceptPayments([bad], { ...context, game })
    expect(batch.verdicts).toMatchObject([
      { index: 0, event_id: 'e-1', code: 'invalid_attribute', pointer: '/amount' },
    ])
    expect(batch.verdicts[0]?.advice).toMatch(/\.$/)
    const payload = String(parseRows(batch.rejectedRows)[0]?.['payload'])
    expect(JSON.parse(payload)).toMatchObject({ order_id: 'o-1', card_number: '***' })
    expect(payload).not.toContain('"u1"')
  })

  it('refuses a refund of a client', ({ expect }) => {
    const batch = acceptPayments([refund('r-1'), paid], { ...context, reporter: 'client' })
    expect(batch).toMatchObject({ accepted: 1, rejected: 1 })
    expect(batch.verdicts).toMatchObject([{ index: 0, code: 'server_only', pointer: '/status' }])
    expect(parseRows(batch.paymentRows)).toMatchObject([{ reported_by: 'client' }])
  })

  it('filters everything that is well-formed while the game takes no payments', ({ expect }) => {
    const settings = { ...DEFAULT_SETTINGS, payments_enabled: false }
    const batch = acceptPayments([paid, { ...paid, status: 'paid' }], { ...context, settings })
    expect(batch).toMatchObject({ accepted: 0, rejected: 1, filtered: 1, paymentRows: [] })
    expect(batch.verdicts).toMatchObject([
      { index: 0, status: 'filtered', code: 'payments_disabled' },
      { index: 1, code: 'invalid_attribute' },
    ])
  })

  it('takes payments whatever the list of events says', ({ expect }) => {
    const settings = { ...DEFAULT_SETTINGS, events: [], sample_global: 0 }
    expect(acceptPayments([paid], { ...context, settings })).toMatchObject({ accepted: 1 })
  })

  it('says when the time of a payment is not the sender’s', ({ expect }) => {
    const batch = acceptPayments([{ ...paid, ts: '2026-11-20T20:00:00Z' }], context)
    expect(batch.verdicts).toMatchObject([
      { index: 0, status: 'corrected', code: 'event_time_clamped', pointer: '/ts' },
    ])
    expect(parseRows(batch.paymentRows)).toMatchObject([{ time: '2026-11-20 12:00:00.000' }])
  })

  it('keeps a line that is no JSON as it came', ({ expect }) => {
    const batch = acceptPayments([new UnreadableLine('{"order_id":'), paid], context)
    expect(batch).toMatchObject({ accepted: 1, rejected: 1 })
    expect(parseRows(batch.rejectedRows)).toMatchObject([
      { code: 'invalid_json', event_index: 0, payload: '{"order_id":', door: 'payments' },
    ])
  })
})
