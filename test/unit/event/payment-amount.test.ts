import fc from 'fast-check'
import { describe, it } from 'vitest'

import { isCurrency, minorUnitsOf } from '../../../src/event/currency.ts'
import { dollarsToCents, toMinorUnits } from '../../../src/event/payment-amount.ts'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('')
const CURRENCIES = letters
  .flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)))
  .filter((code) => isCurrency(code))
const currency = fc.constantFrom(...CURRENCIES)
const minorUnits = fc.oneof(
  fc.integer({ min: 0, max: 20_000 }),
  fc.maxSafeNat(),
  fc.constantFrom(0, Number.MAX_SAFE_INTEGER),
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
      fc.property(fc.nat(), currency, fc.integer({ min: 1, max: 20 }), (whole, code, zeros) => {
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
    ['90071992547409.91', 'USD', Number.MAX_SAFE_INTEGER],
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
    ['90071992547409.92', 'USD', /2\^53/],
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

  it.for([-0.01, 0.005, 9.999, Number.NaN, Infinity, 1e20, '9.99', null, undefined])(
    '%s is no amount of dollars',
    (dollars, { expect }) => {
      expect(dollarsToCents(dollars)).toMatchObject({ code: 'invalid_attribute' })
    },
  )
})
