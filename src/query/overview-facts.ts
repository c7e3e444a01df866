/** What the overview asks ClickHouse: all questions at once, the same ones for the whole and for groups. */
import type { ClickHouseConnection } from '../clickhouse/connection.ts'
import type { ActiveUsersRow } from '../clickhouse/queries/active-users.ts'
import { activeUsers } from '../clickhouse/queries/active-users.ts'
import type { CohortRow } from '../clickhouse/queries/cohorts.ts'
import { cohorts } from '../clickhouse/queries/cohorts.ts'
import type { DailyActiveUsersRow } from '../clickhouse/queries/daily-active-users.ts'
import { dailyActiveUsers } from '../clickhouse/queries/daily-active-users.ts'
import type { DailyRevenueRow } from '../clickhouse/queries/daily-revenue.ts'
import { dailyRevenue } from '../clickhouse/queries/daily-revenue.ts'
import { paymentsHave } from '../clickhouse/queries/dimension.ts'
import type { PayersRow } from '../clickhouse/queries/payers.ts'
import { payers } from '../clickhouse/queries/payers.ts'
import type { PeakOnlineRow } from '../clickhouse/queries/peak-online.ts'
import { peakOnline } from '../clickhouse/queries/peak-online.ts'
import type { Question } from '../clickhouse/queries/question.ts'
import type { Inquiry } from './question.ts'

/** Rows of one group, or of all. `payments` is null when payments do not have the dimensions asked for. */
export interface OverviewFacts {
  readonly activeUsers: readonly ActiveUsersRow[]
  readonly dailyActiveUsers: readonly DailyActiveUsersRow[]
  readonly cohorts: readonly CohortRow[]
  readonly peakOnline: readonly PeakOnlineRow[]
  readonly payments: {
    readonly revenue: readonly DailyRevenueRow[]
    readonly payers: readonly PayersRow[]
  } | null
}

/** Asks everything. Throws DatabaseError as soon as one question fails. */
export async function askOverviewFacts(
  connection: ClickHouseConnection,
  { question, windows, activityEndMs }: Inquiry,
): Promise<OverviewFacts> {
  const [active, daily, beginners, online, payments] = await Promise.all([
    activeUsers(connection, question, windows),
    dailyActiveUsers(connection, question),
    cohorts(connection, question, 'new', activityEndMs),
    peakOnline(connection, question),
    hasPayments(question) ? askPayments(connection, question) : null,
  ])
  return {
    activeUsers: active,
    dailyActiveUsers: daily,
    cohorts: beginners,
    peakOnline: online,
    payments,
  }
}

/** Whether payments can be restricted and split as the question is. */
export function hasPayments({ filters, grouping }: Question): boolean {
  const dimensions = filters.map(({ dimension }) => dimension)
  return paymentsHave(grouping === null ? dimensions : [...dimensions, grouping.dimension])
}

async function askPayments(connection: ClickHouseConnection, question: Question) {
  const [revenue, paying] = await Promise.all([
    dailyRevenue(connection, question),
    payers(connection, question),
  ])
  return { revenue, payers: paying }
}

/** The facts of every group, by its number; a group without rows is absent. */
export function splitFacts(facts: OverviewFacts): (group: number) => OverviewFacts {
  const active = byGroup(facts.activeUsers)
  const daily = byGroup(facts.dailyActiveUsers)
  const beginners = byGroup(facts.cohorts)
  const online = byGroup(facts.peakOnline)
  const revenue = byGroup(facts.payments?.revenue ?? [])
  const paying = byGroup(facts.payments?.payers ?? [])
  return (group) => ({
    activeUsers: active(group),
    dailyActiveUsers: daily(group),
    cohorts: beginners(group),
    peakOnline: online(group),
    payments: facts.payments && { revenue: revenue(group), payers: paying(group) },
  })
}

function byGroup<Row extends { readonly grp: number }>(rows: readonly Row[]) {
  const split = Map.groupBy(rows, (row) => row.grp)
  return (group: number): readonly Row[] => split.get(group) ?? []
}
