/** The figures of a game by brute force over what was acknowledged, and the calendar of Intl. Pure. */
import type { GameTruth } from './oracle.ts'
import { ACTIVE, settledPayments } from './oracle.ts'

const ONLINE: ReadonlySet<string> = new Set(['session.start', 'session.heartbeat'])
const NEW: ReadonlySet<string> = new Set(['user.register', 'user.first_active'])
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Offsets of zones change at full quarters of an hour only. */
const QUARTER_MS = 900_000

/** `YYYY-MM-DD` of instants in a zone. */
export function calendarOf(timeZone: string): (timeMs: number) => string {
  const formatter = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' })
  const known = new Map<number, string>()
  return (timeMs) => {
    const quarter = Math.floor(timeMs / QUARTER_MS)
    const date = known.get(quarter) ?? formatter.format(timeMs)
    known.set(quarter, date)
    return date
  }
}

export function plusDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)
}

/** The dates from the first to the last, both included. */
export function datesOf(first: string, last: string): string[] {
  const dates = []
  for (let date = first; date <= last; date = plusDays(date, 1)) dates.push(date)
  return dates
}

/** Everything that a figure is made of. Times are instants in milliseconds since the epoch. */
export interface Activity {
  readonly dateOf: (timeMs: number) => string
  readonly activeUsers: ReadonlyMap<string, ReadonlySet<string>>
  /** By date, then by platform */
  readonly activeByPlatform: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>
  /** Minutes since the epoch */
  readonly onlineUsers: ReadonlyMap<number, ReadonlySet<string>>
  /** When each user was first new, by any event and by user.register alone */
  readonly firstNew: ReadonlyMap<string, number>
  readonly firstRegistered: ReadonlyMap<string, number>
  readonly newUsers: ReadonlyMap<string, ReadonlySet<string>>
  readonly payments: ReturnType<typeof settledPayments>
}

export function activityOf({ game, events, payments }: GameTruth): Activity {
  const dateOf = calendarOf(game.timeZone)
  const activeUsers = new Map<string, Set<string>>()
  const activeByPlatform = new Map<string, Map<string, Set<string>>>()
  const newUsers = new Map<string, Set<string>>()
  const onlineUsers = new Map<number, Set<string>>()
  const firstNew = new Map<string, number>()
  const firstRegistered = new Map<string, number>()
  for (const { event, userId, trueMs, platform } of events.values()) {
    if (ACTIVE.has(event)) {
      const date = dateOf(trueMs)
      addTo(activeUsers, date, userId)
      const platforms = activeByPlatform.get(date) ?? new Map<string, Set<string>>()
      activeByPlatform.set(date, platforms)
      addTo(platforms, platform, userId)
    }
    if (ONLINE.has(event)) addTo(onlineUsers, Math.floor(trueMs / MINUTE_MS), userId)
    if (!NEW.has(event)) continue
    addTo(newUsers, dateOf(trueMs), userId)
    toEarliest(firstNew, userId, trueMs)
    if (event === 'user.register') toEarliest(firstRegistered, userId, trueMs)
  }
  return {
    dateOf,
    activeUsers,
    activeByPlatform,
    onlineUsers,
    newUsers,
    firstNew,
    firstRegistered,
    payments: settledPayments(payments.values()),
  }
}

function toEarliest(times: Map<string, number>, user: string, timeMs: number): void {
  times.set(user, Math.min(times.get(user) ?? timeMs, timeMs))
}

function addTo<Key>(sets: Map<Key, Set<string>>, key: Key, value: string): void {
  const set = sets.get(key)
  if (set === undefined) sets.set(key, new Set([value]))
  else set.add(value)
}

/** Distinct users who were active on any of the dates. */
export function activeOn({ activeUsers }: Activity, dates: readonly string[]): Set<string> {
  const users = new Set<string>()
  for (const date of dates) for (const user of activeUsers.get(date) ?? []) users.add(user)
  return users
}

export interface CohortFigures {
  readonly day: string
  readonly size: number
  readonly retained_d1: number | null
  readonly retained_d7: number | null
  readonly retained_d30: number | null
}

/** Users by the day of their beginning, and how many of them were active again. */
export function cohortsOf(
  activity: Activity,
  dates: readonly string[],
  asOfMs: number,
  beginnings = activity.firstNew,
): CohortFigures[] {
  const today = activity.dateOf(asOfMs)
  const users = Map.groupBy(beginnings.keys(), (user) =>
    activity.dateOf(beginnings.get(user) ?? Number.NaN),
  )
  return dates.map((day) => {
    const own = users.get(day) ?? []
    const retained = (after: number) => {
      const date = plusDays(day, after)
      return date < today
        ? own.filter((user) => activity.activeUsers.get(date)?.has(user)).length
        : null
    }
    return {
      day,
      size: own.length,
      retained_d1: retained(1),
      retained_d7: retained(7),
      retained_d30: retained(30),
    }
  })
}

/** Figures by the names of the overview, whose last day is `last`. */
export function overviewOf(activity: Activity, first: string, last: string, currency: string) {
  const dates = datesOf(first, last)
  const inRange = new Set(dates)
  const lookBack = (days: number) =>
    activeOn(activity, datesOf(plusDays(last, 1 - days), last)).size
  const active = activeOn(activity, dates)
  const rows = activity.payments.filter(({ trueMs }) => inRange.has(activity.dateOf(trueMs)))
  const paid = rows.filter(({ status }) => status === 'success')
  const payers = new Set(paid.map(({ userId }) => userId))
  const paidIn = paid.filter((row) => row.currency === currency)
  return {
    dau: lookBack(1),
    wau: lookBack(7),
    mau: lookBack(30),
    active_users: active.size,
    new_users: cohortsOf(activity, dates, 0).reduce((total, { size }) => total + size, 0),
    payers: payers.size,
    active_payers: [...payers].filter((user) => active.has(user)).length,
    revenue_by_currency: moneyOf(rows),
    series: {
      dau: dates.map((date) => activity.activeUsers.get(date)?.size ?? 0),
      peak_online: peaksOf(activity, dates),
      new_users: cohortsOf(activity, dates, 0).map(({ size }) => size),
      revenue_cents: dates.map((date) =>
        centsOf(paidIn.filter(({ trueMs }) => activity.dateOf(trueMs) === date)),
      ),
    },
  }
}

interface Money {
  readonly revenue_cents: number
  readonly refunds_cents: number
  readonly payers: number
}

/** Per currency: what was paid and refunded, and by how many. */
export function moneyOf(rows: Activity['payments']): Readonly<Record<string, Money>> {
  const currencies: Record<string, Money> = {}
  for (const [code, own] of Map.groupBy(rows, ({ currency }) => currency)) {
    const paid = own.filter(({ status }) => status === 'success')
    const refunded = own.filter(({ status }) => status === 'refunded')
    if (paid.length + refunded.length === 0) continue
    currencies[code] = {
      revenue_cents: centsOf(paid),
      refunds_cents: centsOf(refunded),
      payers: new Set(paid.map(({ userId }) => userId)).size,
    }
  }
  return currencies
}

function centsOf(rows: readonly { readonly amountCents: number }[]): number {
  return rows.reduce((total, { amountCents }) => total + amountCents, 0)
}

/** Distinct users of the fullest minute of each date. */
export function peaksOf({ onlineUsers, dateOf }: Activity, dates: readonly string[]): number[] {
  const peaks = new Map<string, number>()
  for (const [minute, users] of onlineUsers) {
    const date = dateOf(minute * MINUTE_MS)
    peaks.set(date, Math.max(peaks.get(date) ?? 0, users.size))
  }
  return dates.map((date) => peaks.get(date) ?? 0)
}

/** Distinct users of a minute and of those before it, `minutes` in all. */
export function onlineIn({ onlineUsers }: Activity, last: number, minutes: number): number {
  const users = new Set<string>()
  for (let minute = last - minutes + 1; minute <= last; minute += 1) {
    for (const user of onlineUsers.get(minute) ?? []) users.add(user)
  }
  return users.size
}
