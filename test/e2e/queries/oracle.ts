/**
 * The figures of the query API by brute force over the stored rows: loops, sets and the calendar of Intl, with
 * nothing of the code under test. Slow and plain on purpose.
 */
import type { RandomGame, StoredEvent, StoredPayment } from './random-game.ts'

const QUARTER_MS = 900_000
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

const ACTIVE = new Set(['session.start', 'user.login'])
const ONLINE = new Set(['session.heartbeat', 'session.start'])
const MINOR_UNITS = new Map([
  ['USD', 100],
  ['EUR', 100],
  ['JPY', 1],
])

export type Cohort = 'register' | 'first_active' | 'new'
type Keep = (row: StoredEvent | StoredPayment) => boolean
const everything: Keep = () => true

/** Rows that count, and how the question is asked. Times in milliseconds since the epoch. */
export interface OracleQuestion {
  readonly timeZone: string
  readonly startMs: number
  readonly endMs: number
  readonly nowMs: number
  readonly currency: string
  readonly keep?: Keep
  /** False when the dimensions are none of payments */
  readonly withMoney?: boolean
}

/** The version of every event that was received first, and what became of every order. */
export function survivors({ events, payments }: RandomGame): RandomGame {
  const keptEvents = new Map<string, StoredEvent>()
  for (const row of events) {
    const clientDate = new Date(row.clientTimeMs).toISOString().slice(0, 10)
    const key = JSON.stringify([row.event, clientDate, row.user_id, row.event_id])
    const kept = keptEvents.get(key)
    if (kept === undefined || row.receivedTimeMs < kept.receivedTimeMs) keptEvents.set(key, row)
  }
  const orders = Map.groupBy(payments, (row) => row.order_id)
  return { events: [...keptEvents.values()], payments: [...orders.values()].flatMap(settled) }
}

/**
 * Of the reports of one order: the best that the server said, or else the clients, and every refund of the server.
 * Of several reports of the same, the one that was received first.
 */
function settled(reports: readonly StoredPayment[]): StoredPayment[] {
  const inTurn = reports.toSorted((a, b) => a.receivedTimeMs - b.receivedTimeMs)
  const byServer = inTurn.filter((row) => row.reported_by === 'server')
  const byClient = inTurn.filter((row) => row.reported_by === 'client')
  const best = (rows: readonly StoredPayment[]) =>
    rows.find((row) => row.status === 'success') ??
    rows.find((row) => row.status === 'failed') ??
    rows.find((row) => row.status === 'pending')
  const order = best(byServer) ?? best(byClient)
  const refunds = new Map<string, StoredPayment>()
  for (const row of byServer) {
    if (row.status !== 'refunded' || refunds.has(row.refund_id)) continue
    const platform = row.platform || (order?.platform ?? '')
    const country = row.country || (order?.country ?? '')
    refunds.set(row.refund_id, { ...row, platform, country })
  }
  return [...(order === undefined ? [] : [order]), ...refunds.values()]
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** `YYYY-MM-DD` of an instant in a zone. */
export function localDate(timeMs: number, timeZone: string): string {
  const formatter =
    formatters.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' })
  formatters.set(timeZone, formatter)
  return formatter.format(timeMs)
}

/** The first quarter hour that has the date or a later one. */
export function startOfDate(date: string, timeZone: string): number {
  let timeMs = Date.parse(`${date}T00:00:00Z`) - DAY_MS
  while (localDate(timeMs, timeZone) < date) timeMs += QUARTER_MS
  return timeMs
}

export function plusDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)
}

/** The dates that a range touches. */
export function datesOf({ startMs, endMs, timeZone }: OracleQuestion): string[] {
  const dates = []
  const last = localDate(endMs - 1, timeZone)
  for (let date = localDate(startMs, timeZone); date <= last; date = plusDays(date, 1))
    dates.push(date)
  return dates
}

/** user -> what the user's first cohort event was, of users who began in the range and are kept. */
function beginners(game: RandomGame, question: OracleQuestion, cohort: Cohort) {
  const names = cohort === 'new' ? ['user.register', 'user.first_active'] : [`user.${cohort}`]
  const first = new Map<string, StoredEvent>()
  for (const row of game.events) {
    if (!names.includes(row.event)) continue
    const known = first.get(row.user_id)
    if (known === undefined || before(row, known)) first.set(row.user_id, row)
  }
  const { startMs, endMs, keep = everything } = question
  return new Map(
    [...first].filter(
      ([, row]) => row.eventTimeMs >= startMs && row.eventTimeMs < endMs && keep(row),
    ),
  )
}

function before(a: StoredEvent, b: StoredEvent): boolean {
  if (a.eventTimeMs !== b.eventTimeMs) return a.eventTimeMs < b.eventTimeMs
  if (a.event !== b.event) return a.event < b.event
  return a.event_id < b.event_id
}

/** The cohorts and totals of GET /retention, without the intervals. */
export function retention(game: RandomGame, question: OracleQuestion, cohort: Cohort) {
  const { timeZone, nowMs } = question
  const began = beginners(game, question, cohort)
  const activeDates = new Map<string, Set<string>>()
  for (const row of game.events) {
    if (!ACTIVE.has(row.event)) continue
    const dates = activeDates.get(row.user_id) ?? new Set()
    activeDates.set(row.user_id, dates.add(localDate(row.eventTimeMs, timeZone)))
  }
  const cohorts = datesOf(question).map((day) => {
    const users = [...began].filter(([, row]) => localDate(row.eventTimeMs, timeZone) === day)
    const retained = (after: number) =>
      startOfDate(plusDays(day, after + 1), timeZone) <= nowMs
        ? users.filter(([user]) => activeDates.get(user)?.has(plusDays(day, after))).length
        : null
    const share = (count: number | null) =>
      count === null || users.length === 0 ? null : (100 * count) / users.length
    const [one, seven, thirty] = [retained(1), retained(7), retained(30)]
    return {
      day,
      size: users.length,
      d1: share(one),
      d7: share(seven),
      d30: share(thirty),
      retained_d1: one,
      retained_d7: seven,
      retained_d30: thirty,
    }
  })
  const totals: Record<string, number | null> = { size: began.size }
  for (const name of ['d1', 'd7', 'd30'] as const) {
    const mature = cohorts.filter((each) => each[`retained_${name}`] !== null)
    const size = mature.reduce((total, each) => total + each.size, 0)
    const retained = mature.reduce((total, each) => total + (each[`retained_${name}`] ?? 0), 0)
    totals[`size_${name}`] = size
    totals[`retained_${name}`] = retained
    totals[name] = size === 0 ? null : (100 * retained) / size
  }
  return { cohorts, totals }
}

/** The figures of GET /overview, with series by date and without the intervals. */
export function overview(game: RandomGame, question: OracleQuestion) {
  const { startMs, endMs, timeZone, keep = everything, withMoney = true } = question
  const inRange = (timeMs: number) => timeMs >= startMs && timeMs < endMs
  const active = game.events.filter(
    (row) => ACTIVE.has(row.event) && row.eventTimeMs < endMs && keep(row),
  )
  const usersSince = (sinceMs: number) =>
    new Set(active.filter((row) => row.eventTimeMs >= sinceMs).map((row) => row.user_id))
  const lastDate = localDate(endMs - 1, timeZone)
  const lookBack = (days: number) =>
    usersSince(startOfDate(plusDays(lastDate, 1 - days), timeZone)).size
  const activeUsers = usersSince(startMs)
  const paid = game.payments.filter((row) => row.status === 'success' && inRange(row.timeMs))
  const paying = new Set(paid.map((row) => row.user_id))
  const activePayers = [...paying].filter((user) => activeUsers.has(user)).length
  const { cohorts, totals } = retention(game, question, 'new')
  const dates = datesOf(question)

  const daily = (countOf: (date: string) => number) => dates.map((date) => [date, countOf(date)])
  const onDate = (timeMs: number, date: string) =>
    inRange(timeMs) && localDate(timeMs, timeZone) === date
  return {
    dau: lookBack(1),
    wau: lookBack(7),
    mau: lookBack(30),
    active_users: activeUsers.size,
    new_users: totals['size'],
    active_payers: activePayers,
    pay_rate: activeUsers.size === 0 ? null : (100 * activePayers) / activeUsers.size,
    d1: totals['d1'],
    d7: totals['d7'],
    d30: totals['d30'],
    retention: totals,
    ...(withMoney ? money(game, question, activeUsers.size) : NO_MONEY),
    series: {
      new_users: cohorts.map(({ day, size }) => [day, size]),
      dau: daily((date) => {
        const rows = active.filter((row) => onDate(row.eventTimeMs, date))
        return new Set(rows.map((row) => row.user_id)).size
      }),
      peak_online: daily((date) => {
        const minutes = new Map<number, Set<string>>()
        for (const row of game.events) {
          if (!ONLINE.has(row.event) || !onDate(row.eventTimeMs, date) || !keep(row)) continue
          const minute = Math.floor(row.eventTimeMs / MINUTE_MS)
          minutes.set(minute, (minutes.get(minute) ?? new Set()).add(row.user_id))
        }
        return Math.max(0, ...[...minutes.values()].map((users) => users.size))
      }),
      revenue_cents: withMoney
        ? daily((date) =>
            sum(
              paid.filter(
                (row) =>
                  keep(row) && row.currency === question.currency && onDate(row.timeMs, date),
              ),
            ),
          )
        : null,
    },
  }
}

const NO_MONEY = {
  payers: null,
  revenue_cents: null,
  refunds_cents: null,
  arpu: null,
  arpu_cents: null,
  arppu: null,
  arppu_cents: null,
  revenue_by_currency: null,
}

function money(game: RandomGame, question: OracleQuestion, activeUsers: number) {
  const { startMs, endMs, currency, keep = everything } = question
  const rows = game.payments.filter(
    (row) => row.timeMs >= startMs && row.timeMs < endMs && keep(row),
  )
  const paid = rows.filter((row) => row.status === 'success')
  const refunded = rows.filter((row) => row.status === 'refunded')
  const byCurrency: Record<string, object> = {}
  for (const code of new Set([...paid, ...refunded].map((row) => row.currency))) {
    byCurrency[code] = inCurrency(paid, refunded, code)
  }
  const { revenue_cents, refunds_cents, payers } = inCurrency(paid, refunded, currency)
  const units = MINOR_UNITS.get(currency) ?? Number.NaN
  return {
    payers: new Set(paid.map((row) => row.user_id)).size,
    revenue_cents,
    refunds_cents,
    arpu: activeUsers === 0 ? null : revenue_cents / (activeUsers * units),
    arpu_cents: activeUsers === 0 ? null : revenue_cents / activeUsers,
    arppu: payers === 0 ? null : revenue_cents / (payers * units),
    arppu_cents: payers === 0 ? null : revenue_cents / payers,
    revenue_by_currency: byCurrency,
  }
}

function inCurrency(
  paid: readonly StoredPayment[],
  refunded: readonly StoredPayment[],
  code: string,
) {
  const paidIn = paid.filter((row) => row.currency === code)
  return {
    revenue_cents: sum(paidIn),
    refunds_cents: sum(refunded.filter((row) => row.currency === code)),
    payers: new Set(paidIn.map((row) => row.user_id)).size,
  }
}

function sum(rows: readonly StoredPayment[]): number {
  return rows.reduce((total, row) => total + row.amount_cents, 0)
}

/** Values in the order of an answer: most users first, then by text; `users` are those of the range. */
export function rankedValues(users: ReadonlyMap<string, ReadonlySet<string>>) {
  return [...users]
    .map(([value, set]) => ({ value, users: set.size }))
    .toSorted((a, b) => b.users - a.users || (a.value < b.value ? -1 : 1))
}

/** Unique users in the range per value, over all rows that an overview counts; look-back values have none. */
export function usersByValue(
  game: RandomGame,
  question: OracleQuestion,
  valueOf: (row: StoredEvent | StoredPayment) => string,
): Map<string, Set<string>> {
  const { startMs, endMs, timeZone, keep = everything, withMoney = true } = question
  const monthStartMs = startOfDate(plusDays(localDate(endMs - 1, timeZone), -29), timeZone)
  const users = new Map<string, Set<string>>()
  const add = (row: StoredEvent | StoredPayment, timeMs: number, fromMs: number) => {
    if (timeMs < Math.min(fromMs, startMs) || timeMs >= endMs || !keep(row)) return
    const known = users.get(valueOf(row)) ?? new Set()
    users.set(valueOf(row), timeMs >= startMs ? known.add(row.user_id) : known)
  }
  const counted = new Set([...ACTIVE, ...ONLINE, 'user.register', 'user.first_active'])
  for (const row of game.events) {
    if (counted.has(row.event))
      add(row, row.eventTimeMs, ACTIVE.has(row.event) ? monthStartMs : startMs)
  }
  for (const row of withMoney ? game.payments : []) {
    if (row.status === 'success' || row.status === 'refunded') add(row, row.timeMs, startMs)
  }
  return users
}
