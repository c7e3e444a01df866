/**
 * Money as integers of the currency's minor unit (ISO 4217). Nothing is rounded: what is no whole number of minor
 * units is refused.
 */
import { MAX_PAYMENT_MINOR_UNITS } from '../../configs/limits.ts'
import type { JsonObject } from './attributes.ts'
import { isCurrency, minorUnitsOf } from './currency.ts'
import type { Fault } from './rejection.ts'

export interface Money {
  /** Minor units of the currency, 0 to MAX_PAYMENT_MINOR_UNITS */
  readonly amountCents: number
  /** ISO 4217; empty where nothing was paid and no currency was named */
  readonly currency: string
}

export const NO_MONEY: Money = { amountCents: 0, currency: '' }

/** What is wrong with an amount, and which attribute says it. */
export interface PaymentFault extends Fault {
  readonly field: string
}

/** Longer texts are no amounts: 16 digits hold every amount that a row can. */
const DECIMAL = /^(?<whole>\d{1,32})(?:\.(?<fraction>\d{1,32}))?$/

/** Cents are integers: 9.99 dollars are a double next to 999 of them, 0.005 are not. */
const MAX_ROUNDING_CENTS = 1e-6

/**
 * The double of a decimal and its product with 100 are off by 2^-53 of it each. At MAX_PAYMENT_MINOR_UNITS this is
 * a thousandth of a cent; a third decimal is a tenth of one.
 */
const MAX_ROUNDING_SHARE = 2 ** -50

/**
 * A decimal text such as `9.99` as minor units of the currency, exactly; or what was expected instead. Zeros after
 * the currency's last decimal change nothing.
 */
export function toMinorUnits(decimal: string, currency: string): number | Fault {
  const digits = String(minorUnitsOf(currency)).length - 1
  const { whole, fraction = '' } = DECIMAL.exec(decimal)?.groups ?? {}
  if (whole === undefined) {
    return invalid('expected a decimal such as "9.99": digits and a point, not negative')
  }
  if (/[1-9]/.test(fraction.slice(digits))) {
    return invalid(`expected at most ${digits} decimals, which is what ${currency} has`)
  }
  const amountCents = Number(BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0')))
  return amountCents <= MAX_PAYMENT_MINOR_UNITS ? amountCents : TOO_LARGE
}

/** Dollars, a JSON number with at most two decimals, as cents; or what was expected instead. */
export function dollarsToCents(dollars: unknown): number | Fault {
  const cents = typeof dollars === 'number' ? dollars * 100 : Number.NaN
  const amountCents = Math.round(cents)
  if (amountCents > MAX_PAYMENT_MINOR_UNITS) return TOO_LARGE
  const maxRounding = Math.max(MAX_ROUNDING_CENTS, cents * MAX_ROUNDING_SHARE)
  if (amountCents >= 0 && Math.abs(cents - amountCents) <= maxRounding) return amountCents
  return invalid('expected an amount of dollars with at most two decimals, not negative')
}

/**
 * The amount that a payment names: `amount_cents`, or the text `amount`, or both when they agree, in the currency of
 * the attribute `currencyField`. Null when it names no amount.
 */
export function readMoney(props: JsonObject, currencyField: string): Money | null | PaymentFault {
  const { amount, amount_cents: cents } = props
  if (amount === undefined && cents === undefined) return null
  const currency = readCurrency(props, currencyField)
  if (typeof currency !== 'string') return currency
  if (cents !== undefined && !isAmount(cents)) {
    return {
      ...invalid(`expected an integer of minor units, from 0 to ${MAX_PAYMENT_MINOR_UNITS}`),
      field: 'amount_cents',
    }
  }
  if (amount === undefined) return { amountCents: cents ?? 0, currency }
  const converted = typeof amount === 'string' ? toMinorUnits(amount, currency) : NUMBER_FAULT
  if (typeof converted === 'object') return { ...converted, field: 'amount' }
  if (cents === undefined || cents === converted) return { amountCents: converted, currency }
  return {
    code: 'property_conflict',
    detail: 'expected one amount; amount and amount_cents say two',
    field: 'amount',
  }
}

/** The currency in the attribute `field`, or why it is none. */
export function readCurrency(props: JsonObject, field: string): string | PaymentFault {
  const code = props[field]
  if (typeof code === 'string' && isCurrency(code)) return code
  const detail = 'expected an ISO 4217 code in upper case, such as USD'
  return { code: code === undefined ? 'missing_attribute' : 'invalid_attribute', detail, field }
}

const TOO_LARGE = invalid(`expected at most ${MAX_PAYMENT_MINOR_UNITS} minor units`)

const NUMBER_FAULT = invalid(
  'expected a text such as "9.99", or amount_cents instead: a JSON number is a float',
)

function isAmount(value: unknown): value is number {
  return (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= 0 &&
    value <= MAX_PAYMENT_MINOR_UNITS
  )
}

function invalid(detail: string): Fault {
  return { code: 'invalid_attribute', detail }
}
