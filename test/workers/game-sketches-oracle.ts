/** What GameSketches must say, from sets of user numbers: shares no code with what it checks. */
import type { ExpectStatic } from 'vitest'

import { MAX_BREAKDOWN_VALUES } from '../../configs/limits.ts'
import type { Figure } from '../../durable/figures.ts'
import type { BreakdownValues, SketchMetric } from '../../src/event/envelope.ts'
import type { FakeQueue, sketchesOf } from './game-sketches-support.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const COLUMNS = ['platform', 'channel', 'country', 'app_version'] as const

type Sketches = ReturnType<typeof sketchesOf>

export class SketchOracle {
  readonly #timeZone: string
  readonly #users = new Map<string, Set<number>>()
  /** By metric, day and column: the users of each value */
  readonly #values = new Map<string, Map<string, Set<number>>>()
  readonly #minutes = new Set<number>()

  constructor(timeZone: string) {
    this.#timeZone = timeZone
  }

  add(metric: SketchMetric, bucket: number, users: readonly number[], by?: BreakdownValues): void {
    const known = this.#of(metric, bucket)
    for (const user of users) known.add(user)
    this.#users.set(`${metric} ${bucket}`, known)
    if (metric === 'online') this.#minutes.add(bucket)
    for (const [index, name] of (by ?? []).entries()) {
      const key = `${metric} ${bucket} ${COLUMNS[index]}`
      const values = this.#values.get(key) ?? new Map<string, Set<number>>()
      const ofValue = values.get(name) ?? new Set<number>()
      for (const user of users) ofValue.add(user)
      this.#values.set(key, values.set(name, ofValue))
    }
  }

  /** Compares every figure of the last 62 days and of all minutes. */
  async check(
    sketches: Sketches,
    { day, minute }: { day: number; minute: number },
    expect: ExpectStatic,
  ): Promise<void> {
    const days = Array.from({ length: 62 }, (_, ago) => day + 1 - ago).toReversed()
    const told = await sketches.days({ from: day - 60, to: day + 1 })
    expect(told).toEqual(
      days
        .filter((at) => this.#has('dau', at) || this.#has('new_users', at) || this.#peak(at).minute)
        .map((at) => this.#day(at)),
    )
    await this.#checkMinutes(sketches, minute, expect)
    const realtime = await sketches.realtime({ day, minute })
    expect(realtime).toEqual({
      day: this.#day(day),
      minute: this.#minute(minute),
      activeNow: this.#figure(this.#union('online', minute, minute + 1)),
      registeredTotal: this.#figure(this.#union('new_users', day - 61, day + 2)),
      onlinePeakAllTime: this.#fullest([...this.#minutes]),
      lastTokensMs: realtime.lastTokensMs,
    })
    expect(await sketches.figures({ day: day - 1, minute: minute - 1 })).toEqual({
      dau: this.#figure(this.#of('dau', day - 1)),
      newUsers: this.#figure(this.#of('new_users', day - 1)),
      online: this.#figure(this.#of('online', minute - 1)),
    })
    expect(await sketches.cohorts({ from: day - 60, to: day + 1 })).toEqual(
      days.map((at) => ({
        day: at,
        size: this.#figure(this.#of('new_users', at)),
        d1: this.#returned(at, 1),
        d7: this.#returned(at, 7),
        d30: this.#returned(at, 30),
      })),
    )
    await this.#checkBreakdowns(sketches, expect)
  }

  /** Compares the rows that were sent last of every day and minute. */
  checkPublished(
    queue: FakeQueue,
    { day, minute }: { day: number; minute: number },
    expect: ExpectStatic,
  ): void {
    const users = queue.newest('daily_users', 'd')
    const peaks = queue.newest('daily_online_peak', 'd')
    for (let at = day - 60; at <= day + 1; at++) {
      const d = new Date(at * DAY_MS).toISOString().slice(0, 10)
      const row = users.get(d)
      const ownUsers = this.#has('dau', at) || this.#has('new_users', at)
      expect(row !== undefined, `a row for ${d}`).toBe(ownUsers)
      if (row !== undefined) {
        const { dau, newUsers, wau, mau } = this.#day(at)
        expect(row).toMatchObject({
          dau: dau.value,
          dau_error: dau.error,
          new_users: newUsers.value,
          wau: wau.value,
          mau: mau.value,
          mau_error: mau.error,
        })
      }
      const peak = this.#peak(at)
      expect(peaks.get(d)?.['peak'], `the peak of ${d}`).toBe(peak.minute ? peak.value : undefined)
      if (peak.minute !== null) expect(peaks.get(d)?.['m']).toBe(dateTimeOf(peak.minute))
    }
    const minutes = queue.newest('minute_online', 'm')
    expect(minutes.size).toBe(this.#minutes.size)
    for (const at of this.#minutes) {
      const { online, active5m, active15m } = this.#minute(at)
      expect(minutes.get(dateTimeOf(at)), `minute ${minute - at} ago`).toMatchObject({
        online: online.value,
        active_5m: active5m.value,
        active_15m: active15m.value,
        active_15m_error: active15m.error,
      })
    }
  }

  async #checkMinutes(sketches: Sketches, minute: number, expect: ExpectStatic): Promise<void> {
    for (let from = minute - 4_499; from < minute + 60; from += 1_500) {
      const to = from + 1_499
      const told = await sketches.minutes({ from, to })
      expect(told).toEqual(
        [...this.#minutes]
          .filter((at) => at >= from && at <= to)
          .toSorted((a, b) => a - b)
          .map((at) => this.#minute(at)),
      )
    }
  }

  /** Which values have a figure of their own is for the page to choose; all else follows from it. */
  async #checkBreakdowns(sketches: Sketches, expect: ExpectStatic): Promise<void> {
    for (const [key, values] of this.#values) {
      const [metric, bucket] = key.split(' ')
      const column = COLUMNS.find((name) => key.endsWith(` ${name}`)) ?? 'platform'
      const told = await sketches.breakdown({
        metric: metric === 'dau' ? 'dau' : 'new_users',
        day: Number(bucket),
        column,
      })
      expect(told.values).toHaveLength(Math.min(values.size, MAX_BREAKDOWN_VALUES[column]))
      const others = new Map(values)
      for (const { name, users } of told.values) {
        expect(users, `${key} ${name}`).toEqual(this.#figure(values.get(name) ?? new Set()))
        others.delete(name)
      }
      const other = new Set<number>()
      for (const users of others.values()) for (const user of users) other.add(user)
      expect(told.other, `${key} other`).toEqual(others.size === 0 ? null : this.#figure(other))
    }
  }

  #day(day: number) {
    return {
      day,
      dau: this.#figure(this.#of('dau', day)),
      newUsers: this.#figure(this.#of('new_users', day)),
      wau: this.#figure(this.#union('dau', day - 6, day)),
      mau: this.#figure(this.#union('dau', day - 29, day)),
      onlinePeak: this.#peak(day),
    }
  }

  #minute(minute: number) {
    return {
      minute,
      online: this.#figure(this.#of('online', minute)),
      active5m: this.#figure(this.#union('online', minute - 4, minute)),
      active15m: this.#figure(this.#union('online', minute - 14, minute)),
    }
  }

  #peak(day: number) {
    const name = new Date(day * DAY_MS).toISOString().slice(0, 10)
    const format = new Intl.DateTimeFormat('sv-SE', { timeZone: this.#timeZone })
    return this.#fullest(
      [...this.#minutes].filter((minute) => format.format(minute * MINUTE_MS) === name),
    )
  }

  #fullest(minutes: readonly number[]) {
    const [first] = minutes.toSorted(
      (a, b) => this.#of('online', b).size - this.#of('online', a).size || a - b,
    )
    if (first === undefined) return { value: 0, exact: true, error: 0, minute: null }
    return { ...this.#figure(this.#of('online', first)), minute: first }
  }

  #returned(day: number, age: number) {
    const cohort = this.#of('new_users', day)
    const active = this.#of('dau', day + age)
    const value = [...cohort].filter((user) => active.has(user)).length
    const isEmpty = cohort.size === 0
    return {
      value,
      exact: true,
      error: 0,
      rate: isEmpty ? null : value / cohort.size,
      rateError: isEmpty ? null : 0,
    }
  }

  #union(metric: SketchMetric, from: number, to: number): Set<number> {
    const union = new Set<number>()
    for (let bucket = from; bucket <= to; bucket++) {
      for (const user of this.#of(metric, bucket)) union.add(user)
    }
    return union
  }

  #of(metric: SketchMetric, bucket: number): Set<number> {
    return this.#users.get(`${metric} ${bucket}`) ?? new Set()
  }

  #has(metric: SketchMetric, bucket: number): boolean {
    return this.#of(metric, bucket).size > 0
  }

  #figure(users: ReadonlySet<number>): Figure {
    return { value: users.size, exact: true, error: 0 }
  }
}

function dateTimeOf(minute: number): string {
  return new Date(minute * MINUTE_MS).toISOString().slice(0, 19).replace('T', ' ')
}
