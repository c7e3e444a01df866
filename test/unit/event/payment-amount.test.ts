import fc from 'fast-check'
import { describe, it } from 'vitest'

import { MAX_PAYMENT_MINOR_UNITS } from '../../../configs/limits.ts'
import { isCurrency, minorUnitsOf } from '../../../src/event/currency.ts'
import { dollarsToCents, readMoney, toMinorUnits } from '../../../src/event/payment-amount.ts'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('')
const CURRENCIES = letters
  .flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)))
  .filter((code) => isCurrency(code))
const currency = fc.constantFrom(...CURRENCIES)
const minorUnits = fc.oneof(
  fc.integer({ min: 0, max: 20_000 }),
  fc.nat({ max: MAX_PAYMENT_MINOR_UNITS }),
  fc.constantFrom(0, MAX_PAYMENT_MINOR_UNITS),
)

/** Minor units as people write them, by moving the point through the digits. */
function asDecimal(amount: number, code: string): string {
  const digits = Math.log10(minorUnitsOf(code))
  const text = String(amount).padStart(digits + 1, '0')
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`
}

describe('toMinorUnits', () => {
  it('gives back every amount of every currency that was written as a decimal', ({ expect }) => {
    expect(CURRENCIES.length).toBeGreaterThan(150)
    for (const code of CURRENCIES) {
      fc.assert(
        fc.property(minorUnits, (amount) => {
          expect(toMinorUnits(asDecimal(amount, code), code)).toBe(amount)
        }),
        { seed: 5, numRuns: 10 },
      )
    }
  })

  it('does not mind zeros after the last decimal, and whole units without one', ({ expect }) => {
    fc.assert(
      fc.property(fc.nat(), currency, fc.integer({ min: 1, max: 20 }), (number, code, zeros) => {
        const whole = number % (MAX_PAYMENT_MINOR_UNITS / minorUnitsOf(code))
        const amount = whole * minorUnitsOf(code)
        expect(toMinorUnits(String(whole), code)).toBe(amount)
        expect(toMinorUnits(`${whole}.${'0'.repeat(zeros)}`, code)).toBe(amount)
      }),
      { seed: 6 },
    )
  })

  it('refuses a part of a minor unit rather than rounding it', ({ expect }) => {
    fc.assert(
      fc.property(minorUnits, currency, fc.integer({ min: 1, max: 9 }), (amount, code, part) => {
        const decimal = asDecimal(amount, code)
        const finer = decimal.includes('.') ? `${decimal}${part}` : `${decimal}.${part}`
        expect(toMinorUnits(finer, code)).toMatchObject({ code: 'invalid_attribute' })
      }),
      { seed: 7 },
    )
  })

  it.for([
    ['9.99', 'USD', 999],
    ['0.29', 'USD', 29],
    ['0.1', 'KWD', 100],
    ['1200', 'JPY', 1_200],
    ['1200.00', 'JPY', 1_200],
    ['10000000000.00', 'USD', 1_000_000_000_000],
    ['1000000000000', 'JPY', 1_000_000_000_000],
  ] as const)('%s %s are %d minor units', ([decimal, code, amount], { expect }) => {
    expect(toMinorUnits(decimal, code)).toBe(amount)
  })

  it.for([
    ['-1', 'USD', /not negative/],
    ['', 'USD', /decimal/],
    ['.99', 'USD', /decimal/],
    ['9.', 'USD', /decimal/],
    ['9,99', 'USD', /decimal/],
    ['1e3', 'USD', /decimal/],
    [' 9.99', 'USD', /decimal/],
    ['9.99\n', 'USD', /decimal/],
    ['٩.٩٩', 'USD', /decimal/],
    ['Infinity', 'USD', /decimal/],
    ['9.999', 'USD', /at most 2 decimals/],
    ['1.5', 'JPY', /at most 0 decimals/],
    ['10000000000.01', 'USD', /at most 1000000000000 minor units/],
    ['90071992547409.92', 'USD', /at most 1000000000000 minor units/],
    ['9'.repeat(32), 'JPY', /at most 1000000000000 minor units/],
    ['9'.repeat(400), 'USD', /decimal/],
  ] as const)('%s %s are no amount', ([decimal, code, detail], { expect }) => {
    const fault = toMinorUnits(decimal, code)
    expect(fault).toEqual({ code: 'invalid_attribute', detail: expect.stringMatching(detail) })
  })
})

describe('dollarsToCents', () => {
  it('gives back every number of cents that was divided by 100', ({ expect }) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000_000 }), (cents) => {
        expect(dollarsToCents(cents / 100)).toBe(cents)
      }),
      { seed: 8, numRuns: 500 },
    )
  })

  /** Whole dollars and a fraction as a client writes them into its JSON. */
  const written = (whole: number, fraction: number, digits: number): unknown =>
    JSON.parse(`${whole}.${String(fraction).padStart(digits, '0')}`)
  const wholeDollars = fc.oneof(
    fc.nat({ max: 999_999_999 }),
    fc.nat({ max: 10_000 }),
    fc.constantFrom(0, 4_999, 5_000, 999_999_999),
  )

  it('takes two decimals up to 10^9 dollars, exactly', ({ expect }) => {
    fc.assert(
      fc.property(wholeDollars, fc.nat({ max: 99 }), (whole, cents) => {
        expect(dollarsToCents(written(whole, cents, 2))).toBe(100 * whole + cents)
      }),
      { seed: 9, numRuns: 2_000 },
    )
  })

  it('refuses a third decimal up to 10^9 dollars rather than rounding it', ({ expect }) => {
    fc.assert(
      fc.property(
        wholeDollars,
        fc.nat({ max: 99 }),
        fc.integer({ min: 1, max: 9 }),
        (whole, cents, part) => {
          const dollars = written(whole, 10 * cents + part, 3)
          expect(dollarsToCents(dollars)).toMatchObject({ code: 'invalid_attribute' })
        },
      ),
      { seed: 10, numRuns: 2_000 },
    )
  })

  it('takes what a sum of prices has become in binary', ({ expect }) => {
    expect(dollarsToCents(0.1 + 0.2)).toBe(30)
  })

  it('has a bound, and names it', ({ expect }) => {
    expect(dollarsToCents(10_000_000_000)).toBe(MAX_PAYMENT_MINOR_UNITS)
    for (const dollars of [10_000_000_000.01, 90_071_992_547_409, 1e20, Number.MAX_VALUE]) {
      expect(dollarsToCents(dollars)).toEqual({
        code: 'invalid_attribute',
        detail: 'expected at most 1000000000000 minor units',
      })
    }
  })

  it.for([
    -0.01,
    0.005,
    9.999,
    5000.005,
    10_000.004,
    Number.NaN,
    Infinity,
    '9.99',
    null,
    undefined,
  ])('%s is no amount of dollars', (dollars, { expect }) => {
    expect(dollarsToCents(dollars)).toMatchObject({ code: 'invalid_attribute' })
  })
})

describe('readMoney', () => {
  it.for([
    [{ amount_cents: MAX_PAYMENT_MINOR_UNITS + 1 }, 'amount_cents'],
    [{ amount_cents: Number.MAX_SAFE_INTEGER }, 'amount_cents'],
    [{ amount: '10000000000.01' }, 'amount'],
  ] as const)('refuses %j, naming the field and the bound', ([amount, field], { expect }) => {
    expect(readMoney({ ...amount, currency: 'USD' }, 'currency')).toEqual({
      code: 'invalid_attribute',
      detail: expect.stringContaining('1000000000000'),
      field,
    })
  })

  it('takes the bound itself', ({ expect }) => {
    const props = { amount_cents: MAX_PAYMENT_MINOR_UNITS, currency: 'USD' }
    expect(readMoney(props, 'currency')).toEqual({
      amountCents: MAX_PAYMENT_MINOR_UNITS,
      currency: 'USD',
    })
  })
})
