import type { GameDay } from '../event/calendar.ts'
import { formatInstant } from '../event/calendar.ts'
/**
 * From counted rows to the figures of the overview. Pure. Nothing divided by nothing is null. Sums of money are exact
 * up to 2^53 - 1 and the nearest double beyond, which partial.ts says.
 */
import { minorUnitsOf } from '../event/currency.ts'
import type { CohortCalendar, RetentionTotals } from './cohort-table.ts'
import { toCohortTable } from './cohort-table.ts'
import type { OverviewFacts } from './overview-facts.ts'
import { percent, quotient } from './ratio.ts'

/** [start of the day, RFC 3339 with the zone's offset; value] */
type Point = readonly [string, number]

interface CurrencyFigures {
  readonly revenue_cents: number
  readonly refunds_cents: number
  readonly payers: number
}

/** Money is null when payments do not have the dimensions that were asked for. */
export interface OverviewFigures {
  readonly dau: number
  readonly wau: number
  readonly mau: number
  readonly active_users: number
  readonly new_users: number
  readonly payers: number | null
  readonly active_payers: number
  readonly revenue_cents: number | null
  readonly refunds_cents: number | null
  readonly pay_rate: number | null
  readonly arpu: number | null
  readonly arpu_cents: number | null
  readonly arppu: number | null
  readonly arppu_cents: number | null
  readonly d1: number | null
  readonly d7: number | null
  readonly d30: number | null
  readonly retention: RetentionTotals
  readonly revenue_by_currency: Readonly<Record<string, CurrencyFigures>> | null
  readonly series: {
    readonly new_users: readonly Point[]
    readonly dau: readonly Point[]
    readonly peak_online: readonly Point[]
    readonly revenue_cents: readonly Point[] | null
  }
}

/** How the figures are told: which days, in which zone and currency. */
export interface Telling extends CohortCalendar {
  readonly timeZone: string
  readonly currency: string
}

/** The figures of one group's rows. */
export function toOverviewFigures(facts: OverviewFacts, telling: Telling): OverviewFigures {
  const active = facts.activeUsers[0]
  const activeUsers = active?.active_users ?? 0
  const activePayers = active?.active_payers ?? 0
  const { totals } = toCohortTable(facts.cohorts, telling)
  const money = toMoney(facts.payments, activeUsers, telling)
  const series = seriesOf(telling)
  return {
    dau: active?.dau ?? 0,
    wau: active?.wau ?? 0,
    mau: active?.mau ?? 0,
    active_users: activeUsers,
    new_users: totals.size,
    active_payers: activePayers,
    pay_rate: percent(activePayers, activeUsers),
    d1: totals.d1,
    d7: totals.d7,
    d30: totals.d30,
    retention: totals,
    ...money.figures,
    series: {
      new_users: series(facts.cohorts, (row) => row.size),
      dau: series(facts.dailyActiveUsers, (row) => row.dau),
      peak_online: series(facts.peakOnline, (row) => row.peak_online),
      revenue_cents: money.revenue && series(money.revenue, (row) => Number(row.revenue_cents)),
    },
  }
}

const NO_MONEY = {
  revenue: null,
  figures: {
    payers: null,
    revenue_cents: null,
    refunds_cents: null,
    arpu: null,
    arpu_cents: null,
    arppu: null,
    arppu_cents: null,
    revenue_by_currency: null,
  },
} as const

function toMoney(payments: OverviewFacts['payments'], activeUsers: number, { currency }: Telling) {
  if (payments === null) return NO_MONEY
  const byCurrency = toCurrencies(payments)
  const { revenue_cents, refunds_cents, payers } = byCurrency.get(currency) ?? NO_PAYMENTS
  const minorUnits = minorUnitsOf(currency)
  return {
    revenue: payments.revenue.filter((row) => row.currency === currency),
    figures: {
      payers: payments.payers.find((row) => row.any_currency === 1)?.payers ?? 0,
      revenue_cents,
      refunds_cents,
      arpu: quotient(revenue_cents, activeUsers * minorUnits),
      arpu_cents: quotient(revenue_cents, activeUsers),
      arppu: quotient(revenue_cents, payers * minorUnits),
      arppu_cents: quotient(revenue_cents, payers),
      revenue_by_currency: Object.fromEntries(byCurrency),
    },
  }
}

const NO_PAYMENTS: CurrencyFigures = { revenue_cents: 0, refunds_cents: 0, payers: 0 }

function toCurrencies(
  payments: NonNullable<OverviewFacts['payments']>,
): Map<string, CurrencyFigures> {
  const figures = new Map<string, CurrencyFigures>()
  for (const [currency, rows] of Map.groupBy(payments.revenue, (row) => row.currency)) {
    figures.set(currency, {
      ...NO_PAYMENTS,
      revenue_cents: sumOf(rows.map((row) => row.revenue_cents)),
      refunds_cents: sumOf(rows.map((row) => row.refunds_cents)),
    })
  }
  for (const row of payments.payers) {
    if (row.any_currency === 1) continue
    figures.set(row.currency, { ...(figures.get(row.currency) ?? NO_PAYMENTS), payers: row.payers })
  }
  return new Map([...figures].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Added exactly, and rounded once where a double cannot hold it. */
function sumOf(amounts: readonly bigint[]): number {
  return Number(amounts.reduce((sum, amount) => sum + amount, 0n))
}

/** A point for every day, 0 where there is no row; at most one row a day. */
function seriesOf({ days, timeZone }: { days: readonly GameDay[]; timeZone: string }) {
  const labels = days.map(({ day, startMs }) => ({ day, label: formatInstant(startMs, timeZone) }))
  return <Row extends { readonly day: number }>(
    rows: readonly Row[],
    valueOf: (row: Row) => number,
  ): Point[] => {
    const values = new Map(rows.map((row) => [row.day, valueOf(row)]))
    return labels.map(({ day, label }) => [label, values.get(day) ?? 0])
  }
}
