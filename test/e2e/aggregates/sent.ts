/**
 * What a game sends, and what its aggregates must say of it: loops and sets over what was sent, days by the calendar of
 * Intl, and nothing of the code under test.
 */
import { localDate, plusDays, startOfDate } from '../queries/oracle.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

export interface SentEvent {
  readonly event: string
  readonly event_id: string
  readonly user_id: string
  readonly session_id: string
  readonly platform: string
  /** Milliseconds since the epoch */
  readonly ts: number
}

/** A report of an order by a server or a client. */
export interface SentPayment {
  readonly order_id: string
  readonly user_id: string
  readonly status: 'success' | 'failed' | 'pending' | 'refunded'
  readonly amount_cents: number
  readonly currency: string
  readonly ts: number
  readonly by: 'server' | 'client'
}

const NAMES = [
  'session.start',
  'session.heartbeat',
  'user.login',
  'user.register',
  'user.first_active',
  'session.end',
]
const PLATFORMS = ['ios', 'android', 'web']

/** Days before today on which something happens: closed ones, and today. */
const DAYS_AGO = [3, 2, 1, 0]

/**
 * Events of `users` users on four days, in minutes that are crowded at different hours. `wave` makes the events of one
 * call other ones than those of the next; some users are the same.
 */
export function makeEvents(
  game: { readonly timeZone: string; readonly users: number },
  wave: number,
  nowMs: number,
): SentEvent[] {
  const today = localDate(nowMs, game.timeZone)
  return DAYS_AGO.flatMap((daysAgo) => {
    const startMs = startOfDate(plusDays(today, -daysAgo), game.timeZone)
    const endMs = Math.min(startOfDate(plusDays(today, 1 - daysAgo), game.timeZone), nowMs)
    // Minutes next to the start and the end of the day, and some between.
    const minutes = [0.001, 0.3, 0.301, 0.5, 0.999].map(
      (share) => startMs + share * (endMs - startMs),
    )
    return Array.from({ length: game.users }, (_, index): SentEvent => {
      const user = (index * 7 + wave * 11 + daysAgo * 3) % Math.ceil(game.users * 0.8)
      const place = (index * index + wave + daysAgo) % 11
      return {
        event: NAMES[(index + daysAgo) % NAMES.length] ?? '',
        event_id: `${wave}-${daysAgo}-${index}`,
        user_id: `user-${user}`,
        session_id: `session-${user}`,
        platform: PLATFORMS[user % PLATFORMS.length] ?? '',
        ts: Math.floor(minutes[Math.min(place, minutes.length - 1)] ?? startMs),
      }
    })
  })
}

/** Orders of several days, currencies and fates; what is reported of one comes in any order. */
export function makePayments(timeZone: string, wave: number, nowMs: number): SentPayment[] {
  const midnightMs = startOfDate(localDate(nowMs - 2 * DAY_MS, timeZone), timeZone)
  const order = (name: string, fields: Partial<SentPayment>): SentPayment => ({
    order_id: `${name}-${wave}`,
    user_id: `payer-${wave}`,
    status: 'success',
    amount_cents: 100 + wave,
    currency: 'EUR',
    ts: midnightMs + 3_600_000,
    by: 'server',
    ...fields,
  })
  return [
    order('plain', {}),
    order('yen', { currency: 'JPY', amount_cents: 5_000 }),
    order('client', { by: 'client', amount_cents: 250 }),
    // A client says success before midnight, the server after it: failed.
    order('failing', { by: 'client', ts: midnightMs - 60_000, currency: 'GBP' }),
    order('failing', { status: 'failed', ts: midnightMs + 60_000, currency: 'GBP' }),
    order('refunded', { amount_cents: 900 }),
    order('refunded', { status: 'refunded', amount_cents: 900, ts: midnightMs + DAY_MS + 5_000 }),
    order('today', { ts: nowMs - 1_000, currency: 'USD' }),
  ]
}

interface DayTruth {
  readonly d: string
  readonly dau: number
  readonly new_users: number
  readonly wau: number
  readonly mau: number
}

interface MinuteTruth {
  /** Minutes since the epoch */
  readonly minute: number
  readonly online: number
  readonly active_5m: number
  readonly active_15m: number
}

/** What the tables must hold of a game. */
export interface Truth {
  readonly days: readonly DayTruth[]
  readonly minutes: readonly MinuteTruth[]
  /** By date */
  readonly peaks: readonly { readonly d: string; readonly peak: number }[]
}

type Sets = Map<number | string, Set<string>>

/** Counts what was sent; an event that was sent twice counts once. */
export function truthOf(events: readonly SentEvent[], timeZone: string): Truth {
  const dateOf = ({ ts }: SentEvent) => localDate(ts, timeZone)
  const active = usersBy(events, ['session.start', 'user.login'], dateOf)
  const fresh = usersBy(events, ['user.register', 'user.first_active'], dateOf)
  const online = usersBy(events, ['session.start', 'session.heartbeat'], ({ ts }) =>
    Math.floor(ts / MINUTE_MS),
  )
  const dates = [...new Set([...active.keys(), ...fresh.keys()])].map(String).toSorted()
  const minutes = [...online.keys()].map(Number).toSorted((a, b) => a - b)
  const peaks = new Map<string, number>()
  for (const minute of minutes) {
    const date = localDate(minute * MINUTE_MS, timeZone)
    peaks.set(date, Math.max(peaks.get(date) ?? 0, online.get(minute)?.size ?? 0))
  }
  const lastDates = (date: string, days: number) =>
    unionOf(
      active,
      Array.from({ length: days }, (_, index) => plusDays(date, -index)),
    )
  const lastMinutes = (minute: number, count: number) =>
    unionOf(
      online,
      Array.from({ length: count }, (_, index) => minute - index),
    )
  return {
    days: dates.map((d) => ({
      d,
      dau: active.get(d)?.size ?? 0,
      new_users: fresh.get(d)?.size ?? 0,
      wau: lastDates(d, 7),
      mau: lastDates(d, 30),
    })),
    minutes: minutes.map((minute) => ({
      minute,
      online: lastMinutes(minute, 1),
      active_5m: lastMinutes(minute, 5),
      active_15m: lastMinutes(minute, 15),
    })),
    peaks: [...peaks].map(([d, peak]) => ({ d, peak })).toSorted((a, b) => (a.d < b.d ? -1 : 1)),
  }
}

function usersBy(
  events: readonly SentEvent[],
  names: readonly string[],
  keyOf: (event: SentEvent) => number | string,
): Sets {
  const sets: Sets = new Map()
  for (const event of events) {
    if (!names.includes(event.event)) continue
    const users = sets.get(keyOf(event)) ?? new Set()
    sets.set(keyOf(event), users.add(event.user_id))
  }
  return sets
}

function unionOf(sets: Sets, keys: readonly (number | string)[]): number {
  return new Set(keys.flatMap((key) => [...(sets.get(key) ?? [])])).size
}

export interface RevenueTruth {
  readonly d: string
  readonly currency: string
  readonly revenue: number
  readonly refunds: number
  readonly failed: number
  readonly succeeded: number
}

/** Sums what became of every order, by date and currency. */
export function revenueOf(reports: readonly SentPayment[], timeZone: string): RevenueTruth[] {
  const settled = [...Map.groupBy(reports, (report) => report.order_id).values()].flatMap(
    (ofOrder) => {
      const said = ofOrder.filter(({ status }) => status !== 'refunded')
      const server = said.filter(({ by }) => by === 'server')
      const word = server.length > 0 ? server : said
      const best =
        word.find(({ status }) => status === 'success') ??
        word.find(({ status }) => status === 'failed')
      const refund = ofOrder.find(({ status, by }) => status === 'refunded' && by === 'server')
      return [best, refund].filter((report) => report !== undefined)
    },
  )
  const groups = Map.groupBy(
    settled,
    ({ ts, currency }) => `${localDate(ts, timeZone)} ${currency}`,
  )
  return [...groups]
    .map(([key, rows]): RevenueTruth => {
      const [d = '', currency = ''] = key.split(' ')
      const of = (status: string) => rows.filter((row) => row.status === status)
      const sum = (status: string) => of(status).reduce((total, row) => total + row.amount_cents, 0)
      return {
        d,
        currency,
        revenue: sum('success'),
        refunds: sum('refunded'),
        failed: of('failed').length,
        succeeded: of('success').length,
      }
    })
    .toSorted((a, b) => (`${a.d} ${a.currency}` < `${b.d} ${b.currency}` ? -1 : 1))
}
