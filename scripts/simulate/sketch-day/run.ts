/**
 * Lives a day with a game and counts what its objects do.
 *
 * Calls are made at the rate of the day in windows that are spread evenly over it; counts are scaled by the share of
 * the day that the windows are. Between windows the objects are told of every user's first session at once, so that
 * their sketches are as full as the day has made them: what they know already would change nothing.
 */
import type { TokenGroup } from '../../../src/event/envelope.ts'
import { hashKeyId, parseHashKey } from '../../../src/sketch/token.ts'
import { createRandom } from '../random.ts'
import { measureAccuracy } from './accuracy.ts'
import { batchMs, callsOf, groupsOf, messagesPerSecond, rowsPerSketch } from './consumer.ts'
import type { Told } from './day.ts'
import { Day, DAY, DAY_MINUTES, DAY_START_MS, MINUTE_MS, onlineShare } from './day.ts'
import type { Game, TimedDelivery } from './frames.ts'
import { Players } from './players.ts'
import type { DayResult, Scenario } from './result.ts'
import type { ObjectMeter, ObjectsRuntime } from './runtime.ts'
import { SKETCH_KEY } from './runtime.ts'

const SEED = 2026

/** How far the clock is set ahead of the end of the day to see that an object falls silent. */
const SILENCE_MS = 2 * 3_600_000

/** What one call carries between windows: no more than a round of the consumer. */
const USERS_PER_CALL = 10_000
const GROUPS_PER_CALL = 2_000

interface Sums {
  meters: Record<string, number>
  primary: Record<string, number>
  messages: number
  tokens: number
  naiveRows: number
}

/** Runs a scenario in objects of its own. */
export function runDay(scenario: Scenario, runtime: ObjectsRuntime): Promise<DayResult> {
  return new Run(scenario, runtime).run()
}

class Run {
  readonly #scenario: Scenario
  readonly #runtime: ObjectsRuntime
  readonly #game: Game
  readonly #day: Day
  readonly #players: Players
  readonly #random = createRandom(SEED, 'consumer')
  readonly #sums: Sums = { meters: {}, primary: {}, messages: 0, tokens: 0, naiveRows: 0 }
  readonly #minutes = new Map<number, Set<number>>()
  /** Starts that no object was told of */
  #waiting: Told[] = []
  readonly #told: Uint8Array
  #peakCalls: TimedDelivery[] = []
  #peakCpuSeconds = 0

  constructor(scenario: Scenario, runtime: ObjectsRuntime) {
    this.#scenario = scenario
    this.#runtime = runtime
    const key = parseHashKey(SKETCH_KEY)
    const { peak, shards } = scenario
    this.#game = {
      gameId: `game-${peak}-${shards}`,
      env: 'prod',
      counting: { timeZone: 'UTC', shards, hashId: hashKeyId(key) },
    }
    this.#day = new Day(peak, SEED)
    this.#players = new Players(this.#day.users, SEED, key)
    this.#told = new Uint8Array(this.#day.users)
  }

  async run(): Promise<DayResult> {
    const { windows, windowMinutes } = this.#scenario
    await this.#tellYesterday()
    const distance = DAY_MINUTES / windows
    for (let window = 0; window < windows; window++) {
      // With six windows (or two) the emptiest minute, at 6:00, and the fullest, at 18:00, are the middles of windows.
      const first = Math.round(window * distance + distance / 2 - windowMinutes / 2) - 1
      this.#skipTo(first)
      await this.#tellSkipped(DAY_START_MS + (first - 1) * MINUTE_MS)
      await this.#live(first)
    }
    this.#skipTo(DAY_MINUTES)
    const endMs = DAY_START_MS + DAY_MINUTES * MINUTE_MS
    await this.#tellSkipped(endMs)
    return this.#finish(endMs)
  }

  #nextMinute = 0

  #skipTo(minute: number): void {
    for (; this.#nextMinute < minute; this.#nextMinute++) {
      this.#waiting.push(...this.#day.minute(this.#nextMinute, false))
    }
  }

  /** A warm-up minute, then the minutes that count. */
  async #live(first: number): Promise<void> {
    const { peak, windowMinutes } = this.#scenario
    const fromMs = DAY_START_MS + (first + 1) * MINUTE_MS
    const toMs = fromMs + windowMinutes * MINUTE_MS
    const told: Told[] = []
    for (let minute = first; minute <= first + windowMinutes; minute++) {
      told.push(...this.#day.minute(minute, true))
    }
    this.#nextMinute = first + windowMinutes + 1
    const gatherMs = batchMs(peak, first + 1 + windowMinutes / 2)
    const context = { game: this.#game, players: this.#players, random: this.#random }
    const calls = callsOf(told, gatherMs, context)
    for (const { user, isStart } of told) if (isStart) this.#told[user] = 1
    this.#noteOnline(told, first + 1, windowMinutes)

    const counted = calls.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
    await this.#runtime.deliver(calls.filter(({ atMs }) => atMs < fromMs))
    await this.#runtime.advance(fromMs)
    const before = await this.#meters()
    const cpuBefore = this.#runtime.cpuSeconds()
    await this.#runtime.deliver(counted)
    await this.#runtime.advance(toMs)
    const cpu = this.#runtime.cpuSeconds() - cpuBefore
    this.#addMeters(before, await this.#meters())
    await this.#runtime.deliver(calls.filter(({ atMs }) => atMs >= toMs))

    if (counted.length > this.#peakCalls.length) {
      this.#peakCalls = counted
      this.#peakCpuSeconds = cpu
    }
    const seconds = (windowMinutes * MINUTE_MS) / 1_000
    for (const { groups } of counted) {
      this.#sums.tokens += tokensOf(groups)
      this.#sums.naiveRows += rowsPerSketch(groups)
    }
    const online = peak * onlineShare(first + 1 + windowMinutes / 2)
    this.#sums.messages += messagesPerSecond(online) * seconds
  }

  #noteOnline(told: readonly Told[], first: number, minutes: number): void {
    const from = DAY * DAY_MINUTES + first
    for (const { minute, user } of told) {
      if (minute < from || minute >= from + minutes) continue
      const users = this.#minutes.get(minute)
      if (users === undefined) this.#minutes.set(minute, new Set([user]))
      else users.add(user)
    }
  }

  /** Yesterday's new users, and all of them with today's players as its active users. */
  async #tellYesterday(): Promise<void> {
    const atMs = DAY_START_MS - 600_000
    const newUsers = this.#day.yesterdaysNewUsers()
    const tokens = (users: readonly number[]) =>
      Uint32Array.from(users, (user) => this.#players.token(user))
    const old = Array.from({ length: this.#day.pool - this.#day.newUsers }, (_, index) => index)
    const active = [...old.map((index) => this.#day.newUsers + index), ...newUsers]
    const calls = (metric: 'dau' | 'new_users', users: readonly number[]) =>
      slices(users, USERS_PER_CALL).map((some) =>
        this.#call(atMs, 0, [{ metric, bucket: DAY - 1, tokens: tokens(some) }]),
      )
    await this.#runtime.deliver([...calls('new_users', newUsers), ...calls('dau', active)])
  }

  /** Every user's first session since the last window, to all objects that take deliveries. */
  async #tellSkipped(atMs: number): Promise<void> {
    const fresh = this.#waiting.filter(({ user }) => {
      const isFresh = this.#told[user] === 0
      this.#told[user] = 1
      return isFresh
    })
    this.#waiting = []
    const { shards } = this.#scenario
    const takers = shards === 1 ? [0] : Array.from({ length: shards }, (_, index) => index + 1)
    await this.#runtime.advance(atMs)
    for (const groups of slices(dayGroups(fresh, this.#players), GROUPS_PER_CALL)) {
      await this.#runtime.deliver(takers.map((shard) => this.#call(atMs, shard, groups)))
    }
  }

  #call(atMs: number, shard: number, groups: readonly TokenGroup[]): TimedDelivery {
    return { atMs, shard, game: this.#game, groups }
  }

  async #meters(): Promise<ObjectMeter[]> {
    const prefix = `${this.#game.gameId}/`
    return (await this.#runtime.meters()).filter(({ name }) => name.startsWith(prefix))
  }

  #addMeters(before: readonly ObjectMeter[], after: readonly ObjectMeter[]): void {
    for (const { name, meter } of after) {
      const old = before.find((object) => object.name === name)?.meter
      for (const [kind, count] of Object.entries(meter)) {
        const more = count - (old?.[kind] ?? 0)
        add(this.#sums.meters, kind, more)
        if (name === this.#primary) add(this.#sums.primary, kind, more)
      }
    }
  }

  get #primary(): string {
    return `${this.#game.gameId}/${this.#game.env}`
  }

  async #finish(endMs: number): Promise<DayResult> {
    const { windows, windowMinutes } = this.#scenario
    const objects = await this.#meters()
    const alarmsAtEnd = sumOf(objects, 'alarms')
    await this.#runtime.advance(endMs + SILENCE_MS)
    const silent = await this.#meters()
    const isSilent = silent.every(({ alarmMs }) => alarmMs === null)
    const stored: Record<string, number> = {}
    for (const object of silent) {
      for (const [kind, bytes] of Object.entries(object.stored)) add(stored, kind, bytes)
    }
    const accuracy = await measureAccuracy({
      runtime: this.#runtime,
      primary: this.#primary,
      day: this.#day,
      players: this.#players,
      minutes: this.#minutes,
    })
    const share = (windows * windowMinutes) / DAY_MINUTES
    const scaled = (counts: Readonly<Record<string, number>>) =>
      Object.fromEntries(Object.entries(counts).map(([kind, count]) => [kind, count / share]))
    return {
      scenario: this.#scenario,
      countedShare: share,
      perDay: scaled(this.#sums.meters),
      primaryPerDay: scaled(this.#sums.primary),
      messagesPerDay: this.#sums.messages / share,
      tokensPerDay: this.#sums.tokens / share,
      naiveRowsPerDay: this.#sums.naiveRows / share,
      ...(await this.#peakFigures()),
      stored,
      alarmsUntilSilent: isSilent ? sumOf(silent, 'alarms') - alarmsAtEnd : null,
      accuracy,
    }
  }

  /** The same calls of the fullest window once more, to an object that does nothing. */
  async #peakFigures() {
    const calls = this.#peakCalls
    const before = this.#runtime.cpuSeconds()
    await this.#runtime.deliverToNobody(calls)
    const floor = this.#runtime.cpuSeconds() - before
    const seconds = (this.#scenario.windowMinutes * MINUTE_MS) / 1_000
    return {
      peakCallsPerSecond: calls.length / seconds,
      peakTokensPerSecond: calls.reduce((sum, { groups }) => sum + tokensOf(groups), 0) / seconds,
      cpuMsPerCall: (this.#peakCpuSeconds * 1_000) / calls.length,
      floorCpuMsPerCall: (floor * 1_000) / calls.length,
    }
  }
}

function slices<Value>(values: readonly Value[], size: number): Value[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    values.slice(index * size, (index + 1) * size),
  )
}

/** Groups of the day alone: of minutes that were skipped nobody asks. */
function dayGroups(told: readonly Told[], players: Players): TokenGroup[] {
  const merged = new Map<string, { group: TokenGroup; tokens: number[] }>()
  for (const one of told) {
    for (const group of groupsOf(one, players)) {
      if (group.metric === 'online') continue
      const key = `${group.metric} ${group.by?.join('\n')}`
      const known = merged.get(key)
      if (known === undefined) merged.set(key, { group, tokens: [...group.tokens] })
      else known.tokens.push(...group.tokens)
    }
  }
  return Array.from(merged.values(), ({ group, tokens }) => ({
    ...group,
    tokens: Uint32Array.from(tokens),
  }))
}

function tokensOf(groups: readonly TokenGroup[]): number {
  return groups.reduce((sum, { tokens }) => sum + tokens.length, 0)
}

function sumOf(objects: readonly ObjectMeter[], kind: string): number {
  return objects.reduce((sum, { meter }) => sum + (meter[kind] ?? 0), 0)
}

function add(sums: Record<string, number>, kind: string, more: number): void {
  sums[kind] = (sums[kind] ?? 0) + more
}
