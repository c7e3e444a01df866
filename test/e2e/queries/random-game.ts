/**
 * A made-up game, reproducible from its seed: what reached the tables, with every event and payment attempted
 * several times. Times crowd around local midnights and around the change of clocks in the middle.
 */

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** One attempt to deliver an event; attempts of one event share what identifies it. */
export interface StoredEvent {
  readonly event: string
  readonly event_id: string
  readonly user_id: string
  readonly clientTimeMs: number
  readonly eventTimeMs: number
  readonly receivedTimeMs: number
  readonly platform: string
  readonly country: string
  readonly app_version: string
  readonly props: Readonly<Record<string, unknown>>
}

/** One report of a payment; reports of one order, status and refund are one row of the table. */
export interface StoredPayment {
  readonly order_id: string
  readonly status: 'success' | 'failed' | 'pending' | 'refunded'
  readonly refund_id: string
  readonly user_id: string
  readonly timeMs: number
  readonly receivedTimeMs: number
  readonly reported_by: 'client' | 'server'
  readonly amount_cents: number
  readonly currency: string
  readonly platform: string
  readonly country: string
}

export interface RandomGame {
  readonly events: readonly StoredEvent[]
  readonly payments: readonly StoredPayment[]
}

export interface RandomGameOptions {
  readonly seed: number
  /** The middle of the game's life, best a change of clocks */
  readonly centreMs: number
  /** Nothing happens later */
  readonly nowMs: number
  /** Length of the life in days */
  readonly days: number
  readonly users: number
  /** Local midnights to crowd around */
  readonly midnightsMs: readonly number[]
}

/** mulberry32: small, fast, and the same on every machine. */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Statuses that a reporter gives to an order, one after the other. */
const STORIES: readonly [StoredPayment['status'][], ...StoredPayment['status'][][]] = [
  [],
  ['success'],
  ['success'],
  ['pending'],
  ['failed'],
  ['pending', 'success'],
  ['pending', 'failed'],
  ['failed', 'success'],
]

/** Makes the game; the rows are in no order. */
export function randomGame(options: RandomGameOptions): RandomGame {
  const random = randomNumbers(options.seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const chance = (probability: number) => random() < probability
  const oneOf = <Value>(values: readonly [Value, ...Value[]]) =>
    values[below(values.length)] ?? values[0]
  const startMs = options.centreMs - (options.days / 2) * DAY_MS
  const events: StoredEvent[] = []
  const payments: StoredPayment[] = []
  const parties = options.midnightsMs.map((midnightMs) => midnightMs + below(1440) * MINUTE_MS)

  /** Anywhere after `fromMs`; often at a midnight, within minutes of one, or around the clock change. */
  const someTime = (fromMs: number) => {
    const kind = random()
    const timeMs =
      kind < 0.1
        ? oneOf([options.centreMs, ...options.midnightsMs]) - below(2)
        : kind < 0.3
          ? oneOf([options.centreMs, ...options.midnightsMs]) + below(4 * MINUTE_MS) - 2 * MINUTE_MS
          : kind < 0.4
            ? options.centreMs + below(6 * HOUR_MS) - 3 * HOUR_MS
            : fromMs + below(options.days * DAY_MS)
    return Math.min(Math.max(timeMs, fromMs), options.nowMs)
  }

  const dimensions = (user: number) => ({
    platform: chance(0.1) ? '' : oneOf(['ios', 'android', 'web']),
    country: oneOf(['DE', 'US', 'CN']),
    app_version: oneOf(['1.0', "1.1'beta\\", '2.0']),
    props: {
      variant: user % 3 === 0 ? 'gate_30' : 'gate_40',
      level: below(4),
      device: `device-${below(130)}`,
      ...(chance(0.5) && { nothing: null }),
    },
  })

  let nextId = 0
  const addEvent = (event: string, user: number, timeMs: number) => {
    const receivedTimeMs = timeMs + below(5_000)
    const first = {
      event,
      event_id: `event-${nextId++}`,
      user_id: `user-${user}`,
      clientTimeMs: timeMs,
      eventTimeMs: timeMs,
      receivedTimeMs,
      ...dimensions(user),
    }
    events.push(first, first)
    // A later attempt may carry another corrected time and other dimensions; it must not count.
    if (!chance(0.5)) return
    const shiftMs = oneOf([0, -90_000, 90_000, -DAY_MS, DAY_MS])
    events.push({
      ...first,
      ...dimensions(user),
      eventTimeMs: timeMs + shiftMs,
      receivedTimeMs: receivedTimeMs + 1 + below(HOUR_MS),
    })
  }

  /** What is said of an order, at least twice; a later attempt may say something else, and must not count. */
  const addReport = (report: Omit<StoredPayment, 'receivedTimeMs'>) => {
    const first = { ...report, receivedTimeMs: report.timeMs + below(DAY_MS) }
    payments.push(first, first)
    if (!chance(0.5)) return
    payments.push({
      ...first,
      timeMs: first.timeMs + oneOf([-DAY_MS, 90_000, DAY_MS]),
      receivedTimeMs: first.receivedTimeMs + 1 + below(HOUR_MS),
      amount_cents: first.amount_cents + 1,
      platform: 'ios',
    })
  }

  /** Client and server tell an order's story each in their own words; either may know nothing of it. */
  const addOrder = (user: number, order: string, timeMs: number) => {
    const report = (
      reported_by: StoredPayment['reported_by'],
      status: StoredPayment['status'],
      rest: Partial<StoredPayment> = {},
    ) => {
      const { platform, country } = dimensions(user)
      addReport({
        order_id: order,
        status,
        refund_id: '',
        user_id: `user-${user}`,
        timeMs: timeMs + below(10 * MINUTE_MS) - 5 * MINUTE_MS,
        reported_by,
        amount_cents: 99 + below(10_000),
        currency: oneOf(['USD', 'USD', 'EUR', 'JPY']),
        platform,
        country: chance(0.2) ? '' : country,
        ...rest,
      })
    }
    for (const status of oneOf(STORIES)) report('client', status)
    for (const status of oneOf(STORIES)) report('server', status)
    if (!chance(0.4)) return
    for (const refund_id of oneOf([[''], ['r1'], ['r1', 'r2'], ['', 'r1']])) {
      const silent = chance(0.5) ? { platform: '', country: '' } : {}
      report('server', 'refunded', { refund_id, timeMs: someTime(timeMs), ...silent })
    }
    if (chance(0.3)) report('client', 'refunded', { refund_id: oneOf(['', 'r1', 'made-up']) })
  }

  for (let user = 0; user < options.users; user += 1) {
    const beginMs = someTime(startMs)
    if (chance(0.8)) addEvent('user.register', user, beginMs)
    if (chance(0.5)) addEvent('user.first_active', user, beginMs + oneOf([0, 0, 60_000, DAY_MS]))
    if (chance(0.2)) addEvent('user.register', user, someTime(beginMs))
    for (let count = below(25); count > 0; count -= 1) {
      const timeMs = chance(0.4) ? beginMs + below(9 * DAY_MS) : someTime(beginMs)
      const event = oneOf(['session.start', 'session.start', 'user.login', 'progression.start'])
      addEvent(event, user, Math.min(timeMs, options.nowMs))
    }
    for (let count = below(8); count > 0; count -= 1) {
      const partyMs = oneOf([options.centreMs, ...parties])
      const timeMs = Math.max(beginMs, partyMs + below(3 * MINUTE_MS))
      addEvent('session.heartbeat', user, Math.min(timeMs, options.nowMs))
    }
    for (let count = chance(0.4) ? 1 + below(4) : 0; count > 0; count -= 1) {
      addOrder(user, `order-${user}-${count}`, someTime(beginMs))
    }
  }
  return { events, payments }
}
