/** Money of this moment, from what ClickHouse counted. Pure. */
import type { RealtimeRevenueRow } from '../../clickhouse/queries/realtime-revenue.ts'
import { minorUnitsOf } from '../../event/currency.ts'
import type { MissingPart } from '../partial.ts'
import { percent } from '../ratio.ts'
import { missing } from './missing.ts'

interface CurrencySums {
  readonly rev_5m: number
  readonly rev_today: number
}

/** Sums in minor units; beyond 2^53 - 1 the nearest double. */
export interface MoneyFigures extends CurrencySums {
  readonly rev_5m_yuan: string
  readonly rev_today_yuan: string
  readonly pay_succ_rate: number | null
  readonly revenue_by_currency: Readonly<Record<string, CurrencySums>>
}

/** The fields that are null together when the database does not answer. */
export const MONEY_FIELDS = [
  'rev_5m',
  'rev_today',
  'rev_5m_yuan',
  'rev_today_yuan',
  'pay_succ_rate',
  'revenue_by_currency',
] as const

/** The money fields for one currency; 0 in a currency that nobody paid in. */
export function toMoneyFigures(
  rows: readonly RealtimeRevenueRow[],
  currency: string,
): MoneyFigures {
  const own = rows.find((row) => row.currency === currency)
  const [recent, today] = [own?.recent_cents ?? 0n, own?.today_cents ?? 0n]
  const succeeded = rows.reduce((sum, row) => sum + row.succeeded, 0)
  const settled = rows.reduce((sum, row) => sum + row.failed, succeeded)
  const paid = rows.filter((row) => row.recent_cents > 0n || row.today_cents > 0n)
  return {
    rev_5m: Number(recent),
    rev_today: Number(today),
    rev_5m_yuan: inMajorUnits(recent, currency),
    rev_today_yuan: inMajorUnits(today, currency),
    pay_succ_rate: percent(succeeded, settled),
    revenue_by_currency: Object.fromEntries(
      paid.map((row) => [
        row.currency,
        { rev_5m: Number(row.recent_cents), rev_today: Number(row.today_cents) },
      ]),
    ),
  }
}

/** An amount of minor units in major units, exact, with the decimals of the currency: 12.30, 12 or 12.300. */
export function inMajorUnits(amount: bigint, currency: string): string {
  const decimals = String(minorUnitsOf(currency)).length - 1
  if (decimals === 0) return String(amount)
  const digits = String(amount).padStart(decimals + 1, '0')
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}

/** Says which sums are no exact integers in JSON any more. */
export function roundedSums({ revenue_by_currency: sums }: MoneyFigures): MissingPart[] {
  const fields = Object.entries(sums).flatMap(([currency, each]) =>
    (['rev_5m', 'rev_today'] as const)
      .filter((name) => each[name] > Number.MAX_SAFE_INTEGER)
      .map((name) => `revenue_by_currency.${currency}.${name}`),
  )
  return missing(fields, 'beyond 2^53 - 1: rounded to the nearest double; the texts are exact')
}
