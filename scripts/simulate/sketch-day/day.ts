/**
 * A day of a game, session by session: who starts when, how long they play, when their client sends what. Pure; the
 * same seed gives the same day.
 *
 * A client sends a batch every 20 seconds. What counts is in few of them: the start of the session (active today,
 * online), a registration (new user) and one heartbeat a minute (online).
 */
import type { Random } from '../random.ts'
import { createRandom } from '../random.ts'

export const MINUTE_MS = 60_000
export const DAY_MINUTES = 1_440

/** 2026-11-16T00:00:00Z */
export const DAY_START_MS = 20_773 * 86_400_000
export const DAY = DAY_START_MS / 86_400_000

/** How often a client sends. */
export const FLUSH_MS = 20_000

/** Events of a batch of a client, for figures per event; most of them count nobody. */
export const EVENTS_PER_BATCH = 5

export const MEAN_SESSION_MINUTES = 20

/** Players at the lowest point of the night, as a share of the peak, and the hour of that; the peak is twelve hours later. */
export const NIGHT_SHARE = 0.3
const NIGHT_HOUR = 6

/** Users of the day as a multiple of its peak, and the share of them that is new today. */
export const USERS_PER_PEAK = 12.2
const NEW_SHARE = 0.05

/** Share of yesterday's new users who are among those who may play today. */
const RETURNING_SHARE = 0.4

/** What a session tells, and when its batch leaves the client. */
export interface Told {
  readonly atMs: number
  readonly user: number
  /** Minute of the event, since the epoch */
  readonly minute: number
  readonly isStart: boolean
  readonly isRegistration: boolean
}

interface Session {
  readonly user: number
  readonly startMs: number
  readonly endMs: number
  /** From an event to the batch that carries it */
  readonly lagMs: number
}

/** Players online at a minute of the day, as a share of the peak. */
export function onlineShare(minuteOfDay: number): number {
  const angle = ((minuteOfDay / 60 - NIGHT_HOUR) / 24) * 2 * Math.PI
  const mean = (1 + NIGHT_SHARE) / 2
  return mean - (1 - mean) * Math.cos(angle)
}

/**
 * Sessions of a day. Users 0 to `newUsers` - 1 are new today; the next `returning` were new yesterday and may come
 * back; those from `pool` to `users` - 1 were new yesterday and do not.
 */
export class Day {
  readonly pool: number
  readonly newUsers: number
  readonly returning: number
  readonly users: number
  /** 1 for who started a session today */
  readonly active: Uint8Array
  readonly #peak: number
  readonly #random: Random
  readonly #busyUntilMs: Float64Array
  #sessions: Session[] = []

  /** `peak`: players online at the fullest moment */
  constructor(peak: number, seed: number) {
    this.#peak = peak
    this.#random = createRandom(seed, 'day')
    this.pool = Math.round(peak * USERS_PER_PEAK)
    this.newUsers = Math.round(this.pool * NEW_SHARE)
    this.returning = Math.round(this.newUsers * RETURNING_SHARE)
    this.users = this.pool + this.newUsers - this.returning
    this.active = new Uint8Array(this.users)
    this.#busyUntilMs = new Float64Array(this.pool)
    const online = Math.round(peak * onlineShare(0))
    for (let session = 0; session < online; session++) this.#start(DAY_START_MS)
  }

  /** Users who were new yesterday, whether they come back or not. */
  yesterdaysNewUsers(): number[] {
    const back = Array.from({ length: this.returning }, (_, index) => this.newUsers + index)
    const gone = Array.from({ length: this.users - this.pool }, (_, index) => this.pool + index)
    return [...back, ...gone]
  }

  /**
   * Lives through the next minute of the day, which must be asked for in order: what its sessions tell, with
   * heartbeats only if they are asked for.
   */
  minute(minuteOfDay: number, withHeartbeats: boolean): Told[] {
    const fromMs = DAY_START_MS + minuteOfDay * MINUTE_MS
    const told: Told[] = []
    this.#sessions = this.#sessions.filter(({ endMs }) => endMs > fromMs)
    if (withHeartbeats) {
      for (const session of this.#sessions) {
        const beat = heartbeatIn(session, fromMs)
        if (beat !== null) told.push(beat)
      }
    }
    const starts = (this.#peak * onlineShare(minuteOfDay)) / MEAN_SESSION_MINUTES
    for (let at = this.#wait(starts); at < 1; at += this.#wait(starts)) {
      const { user, startMs, lagMs } = this.#start(fromMs + at * MINUTE_MS)
      const isRegistration = user < this.newUsers && this.active[user] === 0
      this.active[user] = 1
      const minute = Math.floor(startMs / MINUTE_MS)
      told.push({ atMs: startMs + lagMs, user, minute, isStart: true, isRegistration })
    }
    return told
  }

  /** To the next of events of which `perMinute` are expected, in minutes. */
  #wait(perMinute: number): number {
    return -Math.log(1 - this.#random.next()) / perMinute
  }

  #start(startMs: number): Session {
    let user = this.#draw()
    for (let tries = 0; tries < 100 && this.#isBusy(user, startMs); tries++) user = this.#draw()
    const endMs = startMs + this.#wait(1 / MEAN_SESSION_MINUTES) * MINUTE_MS
    const session = { user, startMs, endMs, lagMs: this.#random.next() * FLUSH_MS }
    this.#busyUntilMs[user] = endMs
    this.#sessions.push(session)
    return session
  }

  #draw(): number {
    return Math.floor(this.#random.next() * this.pool)
  }

  #isBusy(user: number, atMs: number): boolean {
    return (this.#busyUntilMs[user] ?? 0) > atMs
  }
}

/** The heartbeat of a session in the minute from `fromMs`: every minute after its start, while it lasts. */
function heartbeatIn({ user, startMs, endMs, lagMs }: Session, fromMs: number): Told | null {
  const beats = Math.max(1, Math.ceil((fromMs - startMs) / MINUTE_MS))
  const eventMs = startMs + beats * MINUTE_MS
  if (eventMs >= Math.min(endMs, fromMs + MINUTE_MS)) return null
  const minute = Math.floor(eventMs / MINUTE_MS)
  return { atMs: eventMs + lagMs, user, minute, isStart: false, isRegistration: false }
}
