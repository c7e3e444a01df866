/**
 * The unique counts of one game and environment, live: DAU, new users, WAU and MAU per game day, online per minute,
 * by whom they are broken down, and how cohorts come back.
 *
 * Adding is idempotent and its order is free, so at-least-once delivery changes no figure. A call that resolved is on
 * disk, so an eviction loses nothing. An alarm sends changed figures to the tables, as messages of the events queue.
 *
 * A game that one object cannot serve has shards: objects of this class that take deliveries in the place of the one
 * that is read (shard 0), and hand on to it what they have not seen before.
 */
import { DurableObject } from 'cloudflare:workers'

import { PUBLISH_INTERVAL_MS, SHARD_HANDOVER_MS } from '../configs/limits.ts'
import { configOf } from '../src/config.ts'
import { within } from '../src/deadline.ts'
import type { TokenGroup } from '../src/event/envelope.ts'
import { log } from '../src/log.ts'
import { createEventQueue } from '../src/queue/create-event-queue.ts'
import mergeModule from '../src/sketch/merge-registers.wasm'
import { readSimdMerge } from '../src/sketch/simd-merge.ts'
import { hashKeyId, parseHashKey } from '../src/sketch/token.ts'
import {
  readBreakdownQuestion,
  readDays,
  readDelivery,
  readMinutes,
  readMoment,
} from './call-arguments.ts'
import type { BreakdownQuestion, BucketRange } from './call-arguments.ts'
import type {
  Breakdown,
  Cohort,
  DayFigures,
  LiveFigures,
  MinuteFigures,
  Moment,
  RealtimeFigures,
  TokenDelivery,
} from './figures.ts'
import { gameSketchesName } from './names.ts'
import { SketchTable } from './sketch-table.ts'
import { AlarmClock } from './sketches/alarm-clock.ts'
import { SketchEngine } from './sketches/engine.ts'
import type { FigureReader } from './sketches/figure-reader.ts'
import type { Scope } from './sketches/scope.ts'
import { isSameScope, readScope, scopeAfter, scopeOfName, toStoredScope } from './sketches/scope.ts'
import { ShardFilter } from './sketches/shard-filter.ts'

/** How long an alarm waits for the queue or for the object that it hands tokens to, in milliseconds. */
const DEADLINE_MS = 10_000

/** Calls by which one alarm hands tokens over; what is left waits for the next. */
const MAX_HANDOVERS = 16

// One instance for all objects of the isolate: its memory is used only within a call.
const simd = readSimdMerge(new WebAssembly.Instance(mergeModule).exports)

export class GameSketches extends DurableObject<Env> {
  readonly #table: SketchTable
  readonly #hashId: number
  readonly #engine: SketchEngine
  readonly #filter: ShardFilter
  readonly #alarm: AlarmClock
  #scope: Scope | null = null
  /** Whether what is in memory may be trusted */
  #isLoaded = false

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#hashId = hashKeyId(parseHashKey(env.SKETCH_KEY))
    this.#table = new SketchTable(ctx.storage)
    this.#engine = new SketchEngine(ctx.storage, this.#table, this.#hashId, simd)
    this.#filter = new ShardFilter(ctx.storage.sql, this.#hashId)
    this.#alarm = new AlarmClock(ctx.storage, (error) => {
      log('error', 'the alarm of the sketches could not be set', { ...this.#names(), error })
    })
    void ctx.blockConcurrencyWhile(async () => {
      this.#table.migrate(this.#hashId)
      await this.#alarm.load()
    })
  }

  /**
   * Adds user tokens to their buckets. Buckets that are no longer kept are left out: the rows in ClickHouse are what
   * counts them. Bare groups are what builds before this one send; they count for the game that the object is named
   * after. Throws TypeError or RangeError, and adds nothing, when a delivery is malformed, lies in the future, was made
   * under another key or belongs to another object; throws when a stored sketch was made under another SKETCH_KEY.
   */
  addTokens(delivery: TokenDelivery | readonly TokenGroup[]): void {
    const nowMs = Date.now()
    const read = readDelivery(delivery, nowMs)
    this.#load(nowMs)
    const scope = this.#scopeAfter(read)
    this.#change(() => {
      // No await from here to the last write: the output gate then holds the answer until all of it is on disk.
      if (scope !== null && !isSameScope(this.#scope, scope)) this.#takeOver(scope)
      this.#part().add(read.groups, nowMs)
    })
    this.#wake(nowMs)
  }

  /** The counts of a game day (days since 1970-01-01) and of a minute (minutes since the epoch). */
  figures(at: Moment): LiveFigures {
    const moment = readMoment(at)
    return this.#read((reader) => reader.figures(moment))
  }

  /** All figures of a game day and a minute. Throws RangeError for one that is no longer kept. */
  realtime(at: Moment): RealtimeFigures {
    const moment = readMoment(at)
    return this.#read((reader, nowMs) => reader.realtime(moment, nowMs))
  }

  /** The minutes of a range, 1,500 at most, that are kept and have any users; ascending. */
  minutes(range: BucketRange): MinuteFigures[] {
    const asked = readMinutes(range)
    return this.#read((reader, nowMs) => reader.minutes(asked, nowMs))
  }

  /** The game days of a range, 62 at most, that are kept and have any users; ascending. */
  days(range: BucketRange): DayFigures[] {
    const asked = readDays(range)
    return this.#read((reader, nowMs) => reader.days(asked, nowMs))
  }

  /** The users of a game day by the values of a column, most users first. */
  breakdown(question: BreakdownQuestion): Breakdown {
    const asked = readBreakdownQuestion(question)
    return this.#read((reader) => reader.breakdown(asked))
  }

  /** The cohorts of the game days of a range, 62 at most, that are kept; ascending, empty ones too. */
  cohorts(range: BucketRange): Cohort[] {
    const asked = readDays(range)
    return this.#read((reader, nowMs) => reader.cohorts(asked, nowMs))
  }

  /**
   * Sends changed figures, saves sketches, hands tokens over. The next alarm is set before anything can fail; it is
   * deleted again only when nothing is left to do.
   */
  override async alarm(): Promise<void> {
    this.#setNextAlarm(Date.now())
    try {
      this.#load(Date.now())
      if (this.#part() === this.#filter) await this.#handOver()
      else await this.#publishAndFold()
      if (this.#part().dueMs(Date.now()) === null) this.#alarm.delete()
    } catch (error) {
      log('error', 'an alarm of the sketches failed; the next one tries again', {
        object: this.ctx.id.name,
        error,
      })
    }
  }

  async #publishAndFold(): Promise<void> {
    const edition = this.#change((nowMs) => this.#engine.takeEdition(nowMs))
    if (edition !== null) {
      const hasArrived = await this.#send(edition.messages)
      this.#change(() => this.#engine.settle(edition, hasArrived))
    }
    this.#change((nowMs) => this.#engine.foldIfDue(nowMs))
  }

  async #send(messages: readonly Uint8Array[]): Promise<boolean> {
    try {
      const queue = createEventQueue(configOf(this.env).queueType, this.env.EVENTS_QUEUE)
      if (messages.length > 0) await within(DEADLINE_MS, queue.send(messages))
      return true
    } catch (error) {
      log('warn', 'figures did not reach the queue; they are sent again', {
        ...this.#names(),
        error,
      })
      return false
    }
  }

  async #handOver(): Promise<void> {
    for (let call = 0; call < MAX_HANDOVERS; call++) {
      const batch = this.#change(() => this.#filter.oldestBatch())
      if (batch === null || this.#scope === null) return
      try {
        await this.#addToPrimary(this.#scope, batch.groups)
      } catch (error) {
        log('warn', 'tokens could not be handed over; they are sent again', {
          ...this.#names(),
          error,
        })
        return
      }
      this.#change(() => this.#filter.arrived(batch))
    }
  }

  async #addToPrimary(
    { gameId, env, timeZone, shards }: Scope,
    groups: readonly TokenGroup[],
  ): Promise<void> {
    const { locationHint } = configOf(this.env)
    const primary = this.env.GAME_SKETCHES.getByName(
      gameSketchesName({ gameId, env }),
      locationHint === null ? {} : { locationHint },
    )
    const counting = { timeZone, shards, hashId: this.#hashId }
    const added = primary.addTokens({ gameId, env, shard: 0, counting, groups })
    await within(DEADLINE_MS, added)
  }

  /**
   * The scope after a delivery; null when bare groups come to an object whose name tells no game: then figures wait to
   * be published until a game is told. Throws RangeError for a delivery that is not for this object.
   */
  #scopeAfter(delivery: TokenDelivery | { groups: readonly TokenGroup[] }): Scope | null {
    if (!('gameId' in delivery)) {
      const named = scopeOfName(this.ctx.id.name)
      if (this.#scope !== null || named === null) return this.#scope
      return scopeAfter(null, { ...named, shard: 0, counting: null })
    }
    const hashId = delivery.counting?.hashId ?? this.#hashId
    if (hashId !== this.#hashId) {
      throw new RangeError(
        `the tokens were made under another key: hash id ${hashId}, not ${this.#hashId}`,
      )
    }
    return scopeAfter(this.#scope, delivery)
  }

  #takeOver(scope: Scope): void {
    this.#table.writeState('scope', toStoredScope(scope))
    this.#scope = scope
    this.#engine.setScope(scope)
  }

  #part(): SketchEngine | ShardFilter {
    return (this.#scope?.shard ?? 0) > 0 ? this.#filter : this.#engine
  }

  #read<Figures>(read: (reader: FigureReader, nowMs: number) => Figures): Figures {
    const nowMs = Date.now()
    this.#load(nowMs)
    if (this.#part() === this.#filter) {
      throw new TypeError(`shard ${this.#scope?.shard} takes tokens and has no figures`)
    }
    const figures = read(this.#engine.reader, nowMs)
    this.#engine.trim()
    return figures
  }

  /** Reads what is on disk, unless memory holds it. */
  #load(nowMs: number): void {
    if (this.#isLoaded) return
    this.#orForget(() => {
      this.#scope = readScope(this.#table.readState('scope'))
      if (this.#part() === this.#filter) this.#filter.load()
      else this.#engine.load(this.#scope, nowMs)
    })
    this.#isLoaded = true
    // Work that was left when the object went is done even if its alarm was lost.
    this.#wake(nowMs)
  }

  /** Changes memory and disk. */
  #change<Result>(change: (nowMs: number) => Result): Result {
    const nowMs = Date.now()
    this.#load(nowMs)
    return this.#orForget(() => change(nowMs))
  }

  /** After a throw memory and disk may differ, so the memory is dropped. */
  #orForget<Result>(run: () => Result): Result {
    try {
      return run()
    } catch (error) {
      this.#isLoaded = false
      this.#engine.reset()
      this.#filter.reset()
      throw error
    }
  }

  #wake(nowMs: number): void {
    const dueMs = this.#part().dueMs(nowMs)
    if (dueMs !== null) this.#alarm.setBy(dueMs, nowMs)
  }

  /** An interval ahead, or further when all that is left to do is to fold later. */
  #setNextAlarm(nowMs: number): void {
    const isShard = (this.#scope?.shard ?? 0) > 0
    const nextMs = nowMs + (isShard ? SHARD_HANDOVER_MS : PUBLISH_INTERVAL_MS)
    const dueMs = this.#isLoaded ? this.#part().dueMs(nowMs) : null
    this.#alarm.set(Math.max(nextMs, dueMs ?? nextMs))
  }

  #names(): Record<string, unknown> {
    const { gameId, env, shard } = this.#scope ?? {}
    return { game_id: gameId, env, shard }
  }
}
