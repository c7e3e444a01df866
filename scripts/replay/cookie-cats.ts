/**
 * The players of the Cookie Cats experiment (data/README.md) and the events that their rows stand for.
 * Pure apart from the reader: the same rows and the same plan give the same bytes, whenever and however
 * often they are asked for. That is what makes a second replay change nothing.
 */
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

const gunzipAsync = promisify(gunzip)

export const VARIANTS = ['gate_30', 'gate_40'] as const
type Variant = (typeof VARIANTS)[number]

/** One row of the file. */
export interface Player {
  readonly id: number
  readonly variant: Variant
  /** Rounds played in the first 14 days after the installation */
  readonly rounds: number
  readonly retainedDay1: boolean
  readonly retainedDay7: boolean
}

/** What turns players into events. */
export interface ReplayPlan {
  /** Start of the first install day in UTC, in milliseconds since the epoch */
  readonly firstInstallDayMs: number
  /** Whether every round becomes an event */
  readonly rounds: boolean
}

export const DAY_MS = 86_400_000

/** Consecutive days that the installations are spread over. */
export const INSTALL_DAYS = 14

/** Days on which the data says whether a player came back; day 0 is the installation. */
const LAST_ACTIVE_DAY = 7

/** Days from the first installation to the last possible session, both included. */
export const REPLAY_DAYS = INSTALL_DAYS + LAST_ACTIVE_DAY

const HEADER = 'userid,version,sum_game_rounds,retention_1,retention_7'

/** Sessions start within the first 20 hours of a day, so that 4 hours are left for their rounds. */
const LATEST_START_MS = 20 * 3_600_000
const SESSION_DELAY_MS = 1_000
const LONGEST_ROUND_MS = 180_000

const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'))
const THREE_DIGITS = Array.from({ length: 1_000 }, (_, value) => String(value).padStart(3, '0'))

/** Players of the gzipped CSV file, the first `limit` of them. Throws on a row that is not as expected. */
export async function readPlayers(
  file: string | URL,
  limit = Number.POSITIVE_INFINITY,
): Promise<Player[]> {
  const text = (await gunzipAsync(await readFile(file))).toString('utf8')
  const [header, ...rows] = text.trimEnd().split('\n')
  if (header !== HEADER) throw new Error(`expected the header ${HEADER}, got ${header}`)
  return rows.slice(0, limit).map(parsePlayer)
}

/** One line of the file as a player. Throws when it is not one. */
export function parsePlayer(line: string): Player {
  const fields = /^(\d+),(gate_30|gate_40),(\d+),(True|False),(True|False)$/.exec(line)
  const [, id, version, rounds, day1, day7] = fields ?? []
  const variant = VARIANTS.find((name) => name === version)
  if (variant === undefined) throw new Error(`not a row of ${HEADER}: ${line}`)
  return {
    id: Number(id),
    variant,
    rounds: Number(rounds),
    retainedDay1: day1 === 'True',
    retainedDay7: day7 === 'True',
  }
}

/** Which of the INSTALL_DAYS the player installed on: a fixed rule, the file has no dates. */
export function installDayOf(player: Player): number {
  return player.id % INSTALL_DAYS
}

/** How many events the players stand for. */
export function countEvents(players: readonly Player[], plan: ReplayPlan): number {
  let count = 0
  for (const player of players) {
    count += 2 + Number(player.retainedDay1) + Number(player.retainedDay7)
    if (plan.rounds) count += player.rounds
  }
  return count
}

/**
 * The events of all players as JSON objects, day by day and, within a day, by the time at which a session
 * starts: the order in which a live game would have sent them. One event is held at a time.
 */
export function* eventsOf(players: readonly Player[], plan: ReplayPlan): Generator<string> {
  const byStart = players.toSorted((a, b) => startOf(a) - startOf(b) || a.id - b.id)
  for (let day = 0; day < REPLAY_DAYS; day += 1) {
    const date = new Date(plan.firstInstallDayMs + day * DAY_MS).toISOString().slice(0, 10)
    for (const player of byStart) {
      const age = day - installDayOf(player)
      if (isActiveOn(player, age)) yield* sessionEvents(player, age, date, plan)
    }
  }
}

/** Whether the file says that the player had a session so many days after the installation. */
export function isActiveOn(player: Player, age: number): boolean {
  return (
    age === 0 ||
    (age === 1 && player.retainedDay1) ||
    (age === LAST_ACTIVE_DAY && player.retainedDay7)
  )
}

// Ids, variants and platforms hold no character that JSON escapes, so templates are JSON.
function* sessionEvents(
  player: Player,
  age: number,
  date: string,
  plan: ReplayPlan,
): Generator<string> {
  const startMs = startOf(player)
  const sessionMs = startMs + SESSION_DELAY_MS
  const user = `cc-${player.id}`
  const common = `"user_id":"${user}","platform":"${platformOf(player)}"`
  const props = `"props":{"variant":"${player.variant}"}`
  const session = `"session_id":"${user}-day-${age}"`
  if (age === 0) {
    yield `{"event":"user.register","event_id":"${user}-register-0","event_time":"${timeText(date, startMs)}",${common},${props}}`
  }
  yield `{"event":"session.start","event_id":"${user}-session-${age}","event_time":"${timeText(date, sessionMs)}",${common},${session},${props}}`
  if (!plan.rounds) return
  const { first, count } = roundsOn(player, age)
  const stepMs = Math.min(
    LONGEST_ROUND_MS,
    Math.floor((DAY_MS - 1 - sessionMs) / Math.max(count, 1)),
  )
  for (let index = 0; index < count; index += 1) {
    const round = first + index
    const time = timeText(date, sessionMs + (index + 1) * stepMs)
    yield `{"event":"progression.complete","event_id":"${user}-round-${round}","event_time":"${time}",${common},${session},"props":{"level_id":"${round}"}}`
  }
}

/** The player's rounds in equal parts over the active days, earlier days taking what is left over. */
function roundsOn(player: Player, age: number): { first: number; count: number } {
  const activeDays = [0, 1, LAST_ACTIVE_DAY].filter((day) => isActiveOn(player, day))
  const position = activeDays.indexOf(age)
  const share = Math.floor(player.rounds / activeDays.length)
  const extra = player.rounds % activeDays.length
  return {
    first: 1 + position * share + Math.min(position, extra),
    count: share + Number(position < extra),
  }
}

/** Milliseconds after midnight: the id through Knuth's multiplicative hash, so that days fill evenly. */
function startOf(player: Player): number {
  const hash = Math.imul(player.id, 2_654_435_761) >>> 0
  return Math.floor((hash / 2 ** 32) * LATEST_START_MS)
}

/** The file names no platform; four of ten on ios is made up. */
function platformOf(player: Player): 'ios' | 'android' {
  return player.id % 10 < 4 ? 'ios' : 'android'
}

/** RFC 3339 in UTC. Date.toISOString would be four fifths of the cost of building an event. */
function timeText(date: string, msOfDay: number): string {
  const hours = TWO_DIGITS[Math.floor(msOfDay / 3_600_000)]
  const minutes = TWO_DIGITS[Math.floor(msOfDay / 60_000) % 60]
  const seconds = TWO_DIGITS[Math.floor(msOfDay / 1_000) % 60]
  return `${date}T${hours}:${minutes}:${seconds}.${THREE_DIGITS[msOfDay % 1_000]}Z`
}
