/** Bodies like those of game clients and servers, and sending them. */
import { createHash } from 'node:crypto'

import type { Game, GameKeys } from '../local/control-database.ts'
import { newKeys } from '../local/control-database.ts'

/** Requests under way at a time, unless told. */
const CONNECTIONS = 4

/** Events of one user that follow each other: what a client sends in one flush. */
const EVENTS_PER_USER = 20

/** Users of a game: far above the size to which counts are exact lists, so that sketches are full. */
const USERS = 50_000

const EVENTS = [
  'session.start',
  'progression.start',
  'progression.complete',
  'economy.earn',
] as const

export type BenchGame = Game & GameKeys

/** So many games, each with keys of its own. */
export function benchGames(count: number): BenchGame[] {
  return Array.from({ length: count }, (_, index) => ({
    gameId: `bench-${index}`,
    env: 'prod',
    name: `Bench ${index}`,
    timeZone: 'Europe/Berlin',
    ...newKeys(),
  }))
}

/** As random to look at as a real id, so that messages compress no better than real ones; the same for a number. */
function eventIdOf(number: number): string {
  const hex = createHash('md5').update(String(number)).digest('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return [...parts, hex.slice(20)].join('-')
}

/** An event with an id of its own and some properties, about 420 bytes; `number` names it and its user. */
function eventOf(number: number, user: number, nowMs: number): Record<string, unknown> {
  return {
    event: EVENTS[number % EVENTS.length],
    event_id: eventIdOf(number),
    event_time: new Date(nowMs - (number % 1_000)).toISOString(),
    user_id: `user-${user}`,
    session_id: `session-${user}`,
    device_id: `device-${user}`,
    platform: 'ios',
    country: 'DE',
    channel: 'app_store',
    app_version: '1.2.3',
    props: {
      level_id: `level-${number % 50}`,
      currency: 'gold',
      amount: 25,
      duration_ms: 41_250,
      stars: 3,
    },
  }
}

/** Makes bodies whose events all differ. */
export class BodySource {
  #sent = 0

  /** A body of `size` events, of one user for each 20. */
  next(size: number): string {
    const first = this.#sent
    this.#sent += size
    return bodyOf(size, first, (number) => Math.floor(number / EVENTS_PER_USER) % USERS)
  }

  /** A body in which every event is of another user. */
  nextOfStrangers(size: number): string {
    const first = this.#sent
    this.#sent += size
    return bodyOf(size, first, (number) => number % USERS)
  }

  /** A body whose events each carry so many bytes more. */
  nextPadded(size: number, paddingBytes: number): string {
    const first = this.#sent
    this.#sent += size
    const padding = { comment: 'x'.repeat(paddingBytes) }
    return bodyOf(size, first, (number) => number % USERS, padding)
  }
}

function bodyOf(
  size: number,
  first: number,
  userOf: (number: number) => number,
  further: Readonly<Record<string, string>> = {},
): string {
  const nowMs = Date.now()
  const events = Array.from({ length: size }, (_, index) => ({
    ...eventOf(first + index, userOf(first + index), nowMs),
    ...further,
  }))
  return JSON.stringify({ events, sent_at: nowMs })
}

export interface Sending {
  /** Origin of the Worker */
  readonly url: string
  /** They take turns */
  readonly games: readonly BenchGame[]
  readonly posts: number
  readonly headers?: Readonly<Record<string, string>>
  readonly nextBody: () => string | Uint8Array<ArrayBuffer>
  /** Requests under way at a time */
  readonly connections?: number
}

/** Sends so many POSTs, a few at a time. Throws for any answer but 202. */
export async function sendPosts(sending: Sending): Promise<void> {
  const { url, games, posts, headers, nextBody, connections = CONNECTIONS } = sending
  let started = 0
  const send = async (): Promise<void> => {
    while (started < posts) {
      const game = games[started % games.length]
      started += 1
      const response = await fetch(`${url}/api/events/track`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${game?.writeKey ?? ''}`,
          'Content-Type': 'application/json',
          ...headers,
        },
        body: nextBody(),
      })
      const text = await response.text()
      if (response.status !== 202) throw new Error(`${response.status}: ${text}`)
    }
  }
  await Promise.all(Array.from({ length: connections }, send))
}
