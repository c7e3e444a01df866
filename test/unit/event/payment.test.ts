import { describe, it } from 'vitest'

import type { JsonObject } from '../../../src/event/attributes.ts'
import type { AcceptedEvent } from '../../../src/event/normalize.ts'
import { normalizeEvent } from '../../../src/event/normalize.ts'
import { readPayment, toPaymentRow } from '../../../src/event/payment.ts'
import { toBatchColumns } from '../../../src/event/rows.ts'
import { anIngestContext } from '../ingest/ingest-context.ts'

const order = { order_id: 'o-1', sku_id: 'gems_100' }
const read = (event: string, props: JsonObject = {}, reporter: 'client' | 'server' = 'server') =>
  readPayment(`monetization.${event}`, { ...order, ...props }, reporter)

describe('a purchase event', () => {
  it.for([
    ['purchase_success', { price_usd: 9.99 }, 'success', 999, 'USD'],
    ['purchase_success', { price_usd: 9.99, currency_code: 'EUR' }, 'success', 999, 'USD'],
    ['purchase_success', { price_usd: 9.99, amount_cents: 895 }, 'success', 999, 'USD'],
    [
      'purchase_success',
      { price_usd: 9.99, amount_cents: 895, currency_code: 'EUR' },
      'success',
      895,
      'EUR',
    ],
    ['purchase_success', { amount_cents: 1200, currency_code: 'JPY' }, 'success', 1200, 'JPY'],
    ['purchase_fail', {}, 'failed', 0, ''],
    ['purchase_fail', { amount_cents: 1, currency_code: 'KWD' }, 'failed', 1, 'KWD'],
    ['purchase_attempt', {}, 'pending', 0, ''],
    ['purchase_attempt', { price_usd: 1 }, 'pending', 100, 'USD'],
    ['refund', { price_usd: 0.01 }, 'refunded', 1, 'USD'],
  ] as const)('%s with %j is %s, %d %s', ([event, props, ...expected], { expect }) => {
    const [status, amountCents, currency] = expected
    expect(read(event, props)).toEqual({ status, amountCents, currency, refundId: '' })
  })

  it('has the amount in cents, and no float of `amount`, which is one of virtual goods', ({
    expect,
  }) => {
    const props = { amount: 2.5, currency: 'gems', amount_cents: 1200, currency_code: 'JPY' }
    expect(read('purchase_success', props)).toMatchObject({ amountCents: 1200, currency: 'JPY' })
  })

  it('that refunds a part of an order says which', ({ expect }) => {
    expect(read('refund', { price_usd: 1, refund_id: 'r-1' })).toMatchObject({ refundId: 'r-1' })
    expect(read('purchase_fail', { refund_id: 'r-1' })).toMatchObject({ refundId: '' })
  })

  it('is no other event', ({ expect }) => {
    expect(readPayment('economy.spend', { ...order, amount: 5 }, 'client')).toBeNull()
  })

  it.for([
    ['purchase_success', {}, 'missing_attribute', 'price_usd'],
    ['purchase_success', { amount_cents: 895 }, 'missing_attribute', 'currency_code'],
    ['purchase_attempt', { amount_cents: 895 }, 'missing_attribute', 'currency_code'],
    ['purchase_success', { price_usd: 0.005 }, 'invalid_attribute', 'price_usd'],
    ['purchase_fail', { price_usd: -1 }, 'invalid_attribute', 'price_usd'],
    [
      'purchase_success',
      { amount_cents: 1, currency_code: 'eur' },
      'invalid_attribute',
      'currency_code',
    ],
    [
      'purchase_success',
      { amount_cents: -1, currency_code: 'EUR' },
      'invalid_attribute',
      'amount_cents',
    ],
    [
      'purchase_success',
      { amount_cents: 0.5, currency_code: 'EUR' },
      'invalid_attribute',
      'amount_cents',
    ],
    [
      'purchase_success',
      { amount_cents: 1e12 + 1, currency_code: 'EUR' },
      'invalid_attribute',
      'amount_cents',
    ],
    ['purchase_success', { price_usd: 1e10 + 1 }, 'invalid_attribute', 'price_usd'],
    ['refund', {}, 'missing_attribute', 'price_usd'],
    ['refund', { price_usd: 1, refund_id: 'r 1' }, 'invalid_attribute', 'refund_id'],
    ['purchase_success', { price_usd: 1, order_id: 'o 1' }, 'invalid_attribute', 'order_id'],
    ['purchase_success', { price_usd: 1, order_id: 17 }, 'invalid_attribute', 'order_id'],
  ] as const)('%s with %j is refused: %s at %s', ([event, props, code, field], { expect }) => {
    expect(read(event, props)).toEqual({ code, field, detail: expect.stringMatching(/^expected /) })
  })

  it('of a client is never a refund', ({ expect }) => {
    const refund = { price_usd: 1 }
    expect(read('refund', refund, 'client')).toMatchObject({ code: 'server_only', field: 'event' })
    expect(read('purchase_success', refund, 'client')).toMatchObject({ status: 'success' })
  })
})

describe('the row of a purchase event', () => {
  const context = anIngestContext()
  const raw = {
    user_id: 'u1',
    event: 'monetization.purchase_fail',
    event_time: '2026-11-20T10:00:00Z',
    ...order,
    reason: 'card of Ann was declined',
    country: 'DE',
  }

  function accepted(): AcceptedEvent {
    const outcome = normalizeEvent(raw, context)
    if ('code' in outcome) throw new Error(JSON.stringify(outcome))
    return outcome
  }

  function rowOf(masked?: readonly string[]): unknown {
    const event = accepted()
    if (event.payment === null) throw new Error('no payment')
    const row = toPaymentRow(event, event.payment, toBatchColumns(context), 'client', masked)
    return JSON.parse(row)
  }

  it('has the columns of the table, and leaves out what is empty', ({ expect }) => {
    expect(rowOf()).toEqual({
      game_id: 'demo',
      env: 'prod',
      received_time: '2026-11-20 12:00:00.000',
      time: '2026-11-20 10:00:00.000',
      user_id: 'u1',
      order_id: 'o-1',
      amount_cents: 0,
      status: 'failed',
      country: 'DE',
      product_id: 'gems_100',
      reason: 'card of Ann was declined',
      reported_by: 'client',
    })
  })

  it('has nothing that the game masks but the order, which is its identity', ({ expect }) => {
    const row = rowOf(['reason', 'sku_id', 'order_id'])
    expect(row).not.toHaveProperty('reason')
    expect(row).not.toHaveProperty('product_id')
    expect(row).toMatchObject({ order_id: 'o-1' })
  })

  it.for(['sku_id', 'product_id'])('has no product when %s is masked', (name, { expect }) => {
    expect(rowOf([name])).not.toHaveProperty('product_id')
    expect(rowOf([name])).toHaveProperty('reason')
  })
})
