/** Made-up events, and what is to be counted of them by brute force: loops, sets and the calendar of Intl. */
import type { ExactDay, StoredEvent } from './reconcile-support.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

let madeEvents = 0

/** An event of a user, sent as it happened unless told otherwise. */
export function event(
  name: string,
  userId: string,
  eventTimeMs: number,
  more: Partial<StoredEvent> = {},
) {
  madeEvents += 1
  return {
    event: name,
    userId,
    eventId: `event-${madeEvents}`,
    eventTimeMs,
    clientTimeMs: eventTimeMs,
    receivedTimeMs: eventTimeMs + 1_000,
    ...more,
  }
}

/** Pseudo-random numbers in [0, 1): mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const NAMES = [
  'session.start',
  'session.heartbeat',
  'user.login',
  'user.register',
  'user.first_active',
  'session.end',
  'boss.defeated',
]

/** Events of 40 days with crowded minutes, and attempts that were received again with another time. */
export function randomEvents(seed: number, nowMs: number): StoredEvent[] {
  const random = randomNumbers(seed)
  const pick = (count: number) => Math.floor(random() * count)
  return Array.from({ length: 3_000 }, () => {
    const hourMs = nowMs - pick(40 * 24) * HOUR_MS
    const timeMs = hourMs + pick(3) * 20 * MINUTE_MS + pick(60_000)
    const first = event(NAMES[pick(NAMES.length)] ?? '', `user-${pick(80)}`, timeMs)
    if (random() < 0.7) return [first]
    const again = { eventTimeMs: timeMs + pick(26) * HOUR_MS }
    const second = { ...first, ...again, receivedTimeMs: first.receivedTimeMs + 60_000 }
    return random() < 0.5 ? [first, second] : [second, first]
  }).flat()
}

/** The days of the events as daily_exact must hold them. */
export function countedByHand(events: readonly StoredEvent[], timeZone: string, version: number) {
  const kept = new Map<string, StoredEvent>()
  for (const each of events) {
    const known = kept.get(each.eventId)
    if (known === undefined || each.receivedTimeMs < known.receivedTimeMs)
      kept.set(each.eventId, each)
  }
  const dateFormat = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' })
  const counts = (names: readonly string[]) =>
    [...kept.values()].filter((each) => names.includes(each.event))
  const usersBy = (rows: readonly StoredEvent[], keyOf: (row: StoredEvent) => string) =>
    new Map(
      [...Map.groupBy(rows, keyOf)].map(([key, own]) => [
        key,
        new Set(own.map((row) => row.userId)).size,
      ]),
    )
  const dateOf = ({ eventTimeMs }: StoredEvent) => dateFormat.format(eventTimeMs)
  const dau = usersBy(counts(['session.start', 'user.login']), dateOf)
  const newUsers = usersBy(counts(['user.register', 'user.first_active']), dateOf)
  const online = counts(['session.start', 'session.heartbeat'])
  const minutes = usersBy(online, ({ eventTimeMs }) => String(Math.floor(eventTimeMs / MINUTE_MS)))
  const fullest = new Map<string, { online_peak: number; minute: number }>()
  for (const [text, users] of [...minutes].toSorted((a, b) => Number(a[0]) - Number(b[0]))) {
    const minute = Number(text)
    const date = dateFormat.format(minute * MINUTE_MS)
    if (users > (fullest.get(date)?.online_peak ?? 0))
      fullest.set(date, { online_peak: users, minute })
  }
  const dates = [...new Set([...dau.keys(), ...newUsers.keys(), ...fullest.keys()])].toSorted()
  return dates.map((d): ExactDay => {
    const { online_peak, minute } = fullest.get(d) ?? { online_peak: 0, minute: 0 }
    return {
      d,
      dau: dau.get(d) ?? 0,
      new_users: newUsers.get(d) ?? 0,
      online_peak,
      minute,
      version,
    }
  })
}
