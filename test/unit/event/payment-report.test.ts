import fc from 'fast-check'
import { describe, it } from 'vitest'

import type { AcceptedPayment } from '../../../src/event/payment-report.ts'
import { normalizePayment } from '../../../src/event/payment-report.ts'
import { pseudonymOf } from '../../../src/event/pseudonym.ts'
import { aGame, anIngestContext } from '../ingest/ingest-context.ts'

const server = anIngestContext({ reporter: 'server' })
const client = anIngestContext({ reporter: 'client' })

const unpriced = {
  ts: '2026-11-20T10:30:00Z',
  user_id: 'u1',
  order_id: 'o-1',
  status: 'success',
}
const paid = { ...unpriced, amount_cents: 999, currency: 'EUR' }
const refund = { ...paid, status: 'refunded', refund_id: 'r-1', amount_cents: 500 }

function accepted(raw: unknown, context = server): AcceptedPayment {
  const outcome = normalizePayment(raw, context)
  if ('code' in outcome) throw new Error(`rejected: ${JSON.stringify(outcome)}`)
  return outcome
}

describe('an accepted payment', () => {
  it('keeps everything that was sent', ({ expect }) => {
    const raw = {
      ...paid,
      product_id: 'gems_100',
      reason: 'gift',
      channel: 'google',
      platform: 'android',
      country: 'DE',
      region: 'BE',
      city: 'Berlin',
      game_id: 'demo',
      env: 'prod',
    }
    expect(accepted(raw)).toEqual({
      status: 'success',
      amountCents: 999,
      currency: 'EUR',
      refundId: '',
      orderId: 'o-1',
      columns: {
        user_id: 'u1',
        channel: 'google',
        platform: 'android',
        country: 'DE',
        region: 'BE',
        city: 'Berlin',
      },
      productId: 'gems_100',
      reason: 'gift',
      timeMs: Date.parse(paid.ts),
      timeField: 'ts',
      time: {
        clientTimeMs: Date.parse(paid.ts),
        eventTimeMs: Date.parse(paid.ts),
        method: 'client',
      },
    })
  })

  it.for([
    ['time', { ...paid, ts: undefined, time: paid.ts }],
    ['event_time', { ...paid, ts: undefined, event_time: paid.ts }],
    ['seconds', { ...paid, ts: Date.parse(paid.ts) / 1_000 }],
    ['currency_code', { ...paid, currency: undefined, currency_code: 'EUR' }],
    ['amount', { ...paid, amount_cents: undefined, amount: '9.99' }],
    ['amount_cents and amount', { ...paid, amount: '9.990' }],
    [
      'props',
      { ts: paid.ts, user_id: 'u1', props: { ...unpriced, amount: '9.99', currency: 'EUR' } },
    ],
  ] as const)('may be spelled with %s', ([, raw], { expect }) => {
    const { timeField } = accepted(raw)
    expect(timeField).toMatch(/^(ts|time|event_time)$/)
    expect(accepted(raw)).toEqual({ ...accepted(paid), timeField })
  })

  it('may call the product sku_id, and a refund refund', ({ expect }) => {
    expect(accepted({ ...paid, sku_id: 'gems_100' }).productId).toBe('gems_100')
    expect(accepted({ ...refund, status: 'refund' })).toEqual(accepted(refund))
    expect(accepted(refund)).toMatchObject({ status: 'refunded', refundId: 'r-1' })
  })

  it('that was not paid needs no amount, and that failed no currency', ({ expect }) => {
    const nothing = { amountCents: 0, currency: '' }
    expect(accepted({ ...unpriced, status: 'failed' })).toMatchObject(nothing)
    const pending = { ...unpriced, status: 'pending', currency: 'JPY' }
    expect(accepted(pending)).toMatchObject({ amountCents: 0, currency: 'JPY' })
  })

  it('of a client may be anything but a refund', ({ expect }) => {
    for (const status of ['success', 'failed', 'pending']) {
      expect(accepted({ ...paid, status }, client)).toMatchObject({ status })
    }
  })

  it('has a pseudonym and no masked value where the game asks for it', ({ expect }) => {
    const pseudonymKey = new Uint8Array(16).fill(7)
    const game = aGame({ pseudonymKey, maskedProperties: ['city', 'reason', 'product_id'] })
    const raw = { ...paid, city: 'Berlin', country: 'DE', reason: 'gift', sku_id: 'gems_100' }
    expect(accepted(raw, { ...server, game })).toMatchObject({
      columns: { user_id: pseudonymOf(pseudonymKey, 'u1'), country: 'DE' },
      reason: '',
      productId: '',
    })
    expect(accepted(raw, { ...server, game }).columns).not.toHaveProperty('city')
  })

  it('has the amount of the decimal, whatever the currency', ({ expect }) => {
    const currencies = [
      ['JPY', 0],
      ['USD', 2],
      ['KWD', 3],
      ['CLF', 4],
    ] as const
    const money = fc.constantFrom(...currencies)
    fc.assert(
      fc.property(
        fc.nat({ max: 99_999_999 }),
        fc.nat(),
        money,
        (whole, part, [currency, digits]) => {
          const decimals = String(part).padStart(digits, '0').slice(0, digits)
          const amount = digits === 0 ? String(whole) : `${whole}.${decimals}`
          const outcome = accepted({ ...unpriced, amount, currency })
          expect(BigInt(outcome.amountCents)).toBe(BigInt(`${whole}${decimals}`))
        },
      ),
      { seed: 3 },
    )
  })
})

describe('a payment is refused', () => {
  const without = (name: keyof typeof paid) =>
    Object.fromEntries(Object.entries(paid).filter(([field]) => field !== name))
  const invalid = 'invalid_attribute'
  const missing = 'missing_attribute'

  it.for([
    ['a list', [paid], 'not_an_object', ''],
    ['no time', without('ts'), missing, '/ts'],
    ['a local time', { ...paid, ts: '2026-11-20 10:30:00' }, 'invalid_time', '/ts'],
    ['a time of last year', { ...paid, ts: '2025-11-20T10:30:00Z' }, 'event_time_too_old', '/ts'],
    [
      'a time of next year',
      { ...without('ts'), time: '2027-11-20T10:30:00Z' },
      'event_time_in_future',
      '/time',
    ],
    ['no user', without('user_id'), missing, '/user_id'],
    ['an empty user', { ...paid, user_id: '' }, missing, '/user_id'],
    ['a user with a space', { ...paid, user_id: 'u 1' }, invalid, '/user_id'],
    ['no order', without('order_id'), missing, '/order_id'],
    ['an order that is a number', { ...paid, order_id: 17 }, invalid, '/order_id'],
    ['an order with a line break', { ...paid, order_id: 'o\n1' }, invalid, '/order_id'],
    ['a long order', { ...paid, order_id: 'o'.repeat(129) }, invalid, '/order_id'],
    ['no status', without('status'), missing, '/status'],
    ['status completed', { ...paid, status: 'completed' }, invalid, '/status'],
    ['status paid', { ...paid, status: 'paid' }, invalid, '/status'],
    ['status SUCCESS', { ...paid, status: 'SUCCESS' }, invalid, '/status'],
    ['status 1', { ...paid, status: 1 }, invalid, '/status'],
    ['status constructor', { ...paid, status: 'constructor' }, invalid, '/status'],
    ['a success without amount', without('amount_cents'), missing, '/amount_cents'],
    ['a refund without amount', { ...unpriced, status: 'refunded' }, missing, '/amount_cents'],
    ['cents below 0', { ...paid, amount_cents: -1 }, invalid, '/amount_cents'],
    ['cents with a fraction', { ...paid, amount_cents: 9.99 }, invalid, '/amount_cents'],
    ['cents in a string', { ...paid, amount_cents: '999' }, invalid, '/amount_cents'],
    ['cents beyond 10^12', { ...paid, amount_cents: 1e12 + 1 }, invalid, '/amount_cents'],
    ['cents beyond 2^53 - 1', { ...paid, amount_cents: 2 ** 53 }, invalid, '/amount_cents'],
    ['cents true', { ...paid, amount_cents: true }, invalid, '/amount_cents'],
    ['an amount that is a float', { ...paid, amount: 9.99 }, invalid, '/amount'],
    ['an amount that is an integer', { ...paid, amount: 9 }, invalid, '/amount'],
    ['an amount below 0', { ...paid, amount: '-9.99' }, invalid, '/amount'],
    ['an amount that is too fine', { ...paid, amount: '9.999' }, invalid, '/amount'],
    [
      'yen with decimals',
      { ...without('amount_cents'), amount: '9.99', currency: 'JPY' },
      invalid,
      '/amount',
    ],
    ['two amounts', { ...paid, amount: '9.98' }, 'property_conflict', '/amount'],
    ['no currency', without('currency'), missing, '/currency'],
    [
      'a failed one with an amount and no currency',
      { ...without('currency'), status: 'failed' },
      missing,
      '/currency',
    ],
    ['a pending one without currency', { ...unpriced, status: 'pending' }, missing, '/currency'],
    ['a currency in lower case', { ...paid, currency: 'eur' }, invalid, '/currency'],
    ['a currency that is none', { ...paid, currency: 'XXX' }, invalid, '/currency'],
    [
      'a currency code that is none',
      { ...without('currency'), currency_code: 'EURO' },
      invalid,
      '/currency_code',
    ],
    ['two currencies', { ...paid, currency_code: 'USD' }, 'property_conflict', '/currency_code'],
    ['two products', { ...paid, sku_id: 'a', product_id: 'b' }, 'property_conflict', '/product_id'],
    ['a product that is a number', { ...paid, product_id: 5 }, invalid, '/product_id'],
    ['a long reason', { ...paid, reason: 'x'.repeat(513) }, invalid, '/reason'],
    ['a platform that is none', { ...paid, platform: 'amiga' }, invalid, '/platform'],
    ['a country with a line break', { ...paid, country: 'D\n' }, invalid, '/country'],
    ['a refund_id of a success', { ...paid, refund_id: 'r-1' }, invalid, '/refund_id'],
    ['a refund_id that is no id', { ...refund, refund_id: 'r 1' }, invalid, '/refund_id'],
    ['another game', { ...paid, game_id: 'other' }, 'other_game', '/game_id'],
    ['another env', { ...paid, env: 'dev' }, 'other_game', '/env'],
    [
      'an order in the properties',
      { ...without('order_id'), props: { order_id: 5 } },
      invalid,
      '/props/order_id',
    ],
    ['two orders', { ...paid, props: { order_id: 'o-2' } }, 'property_conflict', '/order_id'],
  ] as const)('for %s', ([, raw, code, pointer], { expect }) => {
    expect(normalizePayment(raw, server)).toEqual({
      code,
      pointer,
      detail: expect.stringMatching(/^expected /),
    })
  })

  it.for(['refund', 'refunded'])('for %s from a client', (status, { expect }) => {
    expect(normalizePayment({ ...refund, status }, client)).toEqual({
      code: 'server_only',
      pointer: '/status',
      detail: 'expected a refund from a server, with a server key',
    })
  })

  it('never with an exception, and never accepted with an amount that is no whole number', ({
    expect,
  }) => {
    const anything = fc.record(
      {
        amount_cents: fc.oneof(fc.double(), fc.jsonValue()),
        amount: fc.oneof(fc.double().map(String), fc.jsonValue()),
        currency: fc.oneof(fc.constantFrom('USD', 'JPY', 'KWD'), fc.jsonValue()),
        status: fc.constantFrom('success', 'failed', 'pending', 'refunded'),
        reason: fc.jsonValue(),
        refund_id: fc.jsonValue(),
      },
      { requiredKeys: ['status'] },
    )
    fc.assert(
      fc.property(anything, (fields) => {
        const outcome = normalizePayment({ ...unpriced, ...fields }, server)
        if ('code' in outcome) expect(outcome.pointer).toMatch(/^\//)
        else {
          expect(Number.isSafeInteger(outcome.amountCents)).toBe(true)
          expect(outcome.amountCents).toBeGreaterThanOrEqual(0)
        }
      }),
      { seed: 9, numRuns: 500 },
    )
  })
})
