import { describe, it } from 'vitest'

import { createRandom } from '../../../scripts/simulate/random.ts'
import {
  batchMs,
  callsOf,
  groupsOf,
  rowsPerSketch,
} from '../../../scripts/simulate/sketch-day/consumer.ts'
import type { Usage } from '../../../scripts/simulate/sketch-day/cost.ts'
import {
  billOf,
  naiveUsageOf,
  rowsWrittenPerDay,
  usageOf,
} from '../../../scripts/simulate/sketch-day/cost.ts'
import type { Told } from '../../../scripts/simulate/sketch-day/day.ts'
import {
  Day,
  DAY,
  DAY_MINUTES,
  MEAN_SESSION_MINUTES,
  NIGHT_SHARE,
  onlineShare,
} from '../../../scripts/simulate/sketch-day/day.ts'
import { decodeFrames, encodeFrames } from '../../../scripts/simulate/sketch-day/frames.ts'
import { renderPage } from '../../../scripts/simulate/sketch-day/page.ts'
import { Players } from '../../../scripts/simulate/sketch-day/players.ts'
import type { DayResult } from '../../../scripts/simulate/sketch-day/result.ts'
import { scaleTo } from '../../../scripts/simulate/sketch-day/scale.ts'
import { hashKeyId, parseHashKey } from '../../../src/sketch/token.ts'

const SEED = 7
const PEAK = 2_000
const key = parseHashKey('0001020304050607')
const game = {
  gameId: 'game',
  env: 'prod',
  counting: { timeZone: 'UTC', shards: 4, hashId: hashKeyId(key) },
}
const players = new Players(new Day(PEAK, SEED).users, SEED, key)

const NOTHING: Usage = {
  requests: 0,
  duration: 0,
  rowsWritten: 0,
  rowsRead: 0,
  storage: 0,
  queue: 0,
}

/** A whole day, with heartbeats. */
function liveThrough(day: Day): Told[][] {
  return Array.from({ length: DAY_MINUTES }, (_, minute) => day.minute(minute, true))
}

describe('a simulated day', () => {
  const day = new Day(PEAK, SEED)
  const minutes = liveThrough(day)

  it('has the players online that the curve says', ({ expect }) => {
    const mean = (hour: number) => {
      const around = minutes.slice(hour * 60 - 15, hour * 60 + 15)
      return around.reduce((sum, told) => sum + told.length, 0) / around.length
    }
    // A session that starts and one that beats are told of once a minute each.
    expect(mean(18) / PEAK).toBeCloseTo(1, 1)
    expect(mean(6) / PEAK).toBeCloseTo(NIGHT_SHARE, 1)
  })

  it('starts as many sessions as keep them online', ({ expect }) => {
    const starts = minutes.flat().filter(({ isStart }) => isStart).length
    const shares = Array.from({ length: DAY_MINUTES }, (_, minute) => onlineShare(minute))
    const expected = shares.reduce((sum, share) => sum + (PEAK * share) / MEAN_SESSION_MINUTES, 0)
    expect(Math.abs(starts / expected - 1)).toBeLessThan(4 / Math.sqrt(expected))
  })

  it('registers a new user once, and nobody else', ({ expect }) => {
    const registered = minutes.flat().filter(({ isRegistration }) => isRegistration)
    const users = new Set(registered.map(({ user }) => user))
    expect(registered.length).toBeGreaterThan(0)
    expect(users.size).toBe(registered.length)
    expect(Math.max(...users)).toBeLessThan(day.newUsers)
  })

  it('counts as active whoever started a session', ({ expect }) => {
    const started = new Set(
      minutes
        .flat()
        .filter(({ isStart }) => isStart)
        .map(({ user }) => user),
    )
    expect(day.active.reduce((sum, isActive) => sum + isActive, 0)).toBe(started.size)
  })

  it('tells of a user at most one heartbeat a minute', ({ expect }) => {
    for (const told of minutes.slice(600, 620)) {
      const beats = told.filter(({ isStart }) => !isStart).map(({ user }) => user)
      expect(new Set(beats).size).toBe(beats.length)
    }
  })

  it('is the same for the same seed, and another for another', ({ expect }) => {
    const again = new Day(PEAK, SEED)
    const other = new Day(PEAK, SEED + 1)
    expect(again.minute(0, true)).toEqual(minutes[0])
    expect(other.minute(0, true)).not.toEqual(minutes[0])
  })

  it('sees yesterday’s new users again only where they play today', ({ expect }) => {
    const cohort = day.yesterdaysNewUsers()
    const returned = cohort.filter((user) => day.active[user] === 1)
    expect(new Set(cohort).size).toBe(cohort.length)
    expect(returned.length).toBeGreaterThan(0)
    expect(returned.length).toBeLessThanOrEqual(day.returning)
  })
})

describe('the calls of the consumer', () => {
  const day = new Day(PEAK, SEED)
  const told = liveThrough(day).slice(900, 905).flat()
  const gatherMs = batchMs(PEAK, 900)
  const calls = callsOf(told, gatherMs, { game, players, random: createRandom(SEED, 'consumer') })

  it('carry every token, and none that was not told', ({ expect }) => {
    const keysOf = (groups: ReturnType<typeof groupsOf>) =>
      groups.flatMap(({ metric, bucket, by, tokens }) =>
        Array.from(tokens, (token) => `${metric} ${bucket} ${by?.join()} ${token}`),
      )
    const sent = new Set(calls.flatMap(({ groups }) => keysOf([...groups])))
    expect(sent).toEqual(new Set(told.flatMap((one) => keysOf(groupsOf(one, players)))))
  })

  it('come after what they carry, in order, to shards of the game', ({ expect }) => {
    const times = calls.map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(new Set(calls.map(({ shard }) => shard))).toEqual(new Set([1, 2, 3, 4]))
    const first = Math.min(...told.map(({ atMs }) => atMs))
    expect(times[0]).toBeGreaterThan(first)
  })

  it('gather two seconds in a small game, and a hundred messages in a large one', ({ expect }) => {
    expect(batchMs(100, 1_080)).toBe(2_000)
    expect(batchMs(100_000, 1_080)).toBeCloseTo(20, 6)
  })

  it('survive the way as bytes', ({ expect }) => {
    const some = calls.slice(0, 20)
    expect(decodeFrames(encodeFrames(some))).toEqual(some)
  })
})

describe('the naive rows of a call', () => {
  it('are one per sketch, sample and breakdown that its tokens belong to', ({ expect }) => {
    const tokens = Uint32Array.of(64)
    const by = ['ios', 'organic', 'DE', '1.0'] as const
    const online = { metric: 'online', bucket: 5, tokens } as const
    const dau = { metric: 'dau', bucket: DAY, tokens, by } as const
    expect(rowsPerSketch([])).toBe(0)
    expect(rowsPerSketch([online, { ...online, bucket: 6 }])).toBe(2)
    expect(rowsPerSketch([dau, { ...dau, by: ['pc', 'organic', 'DE', '1.0'] }])).toBe(6)
    expect(rowsPerSketch([online, dau, { ...dau, metric: 'new_users' }])).toBe(14)
  })
})

describe('the bill', () => {
  it('is nothing for nothing', ({ expect }) => {
    expect(billOf(NOTHING)).toEqual({ dollars: 0, beyondIncluded: 0 })
  })

  it('charges by the published prices, and beyond the allowance only what exceeds it', ({
    expect,
  }) => {
    const bill = billOf({ ...NOTHING, requests: 3e6, rowsWritten: 50e6 })
    expect(bill.dollars).toBeCloseTo(50.45, 6)
    expect(bill.beyondIncluded).toBeCloseTo(0.3, 6)
  })

  it('counts an alarm that is set or deleted as a row', ({ expect }) => {
    expect(rowsWrittenPerDay({ rowsWritten: 10, setAlarms: 2, deletedAlarms: 1 })).toBe(13)
    expect(() => rowsWrittenPerDay({ rowsWritten: 10 })).toThrow(RangeError)
  })
})

describe('a result', () => {
  const kept = { activeDays: 91, newUserDays: 62, minutes: 7_214 }
  const perDay = {
    calls: 1_000,
    alarms: 100,
    setAlarms: 100,
    deletedAlarms: 0,
    rowsWritten: 900,
    rowsRead: 2_000,
    hotRows: 800,
    hotBytes: 80_000,
    messages: 100,
    messageBytes: 50_000,
  }
  const result: DayResult = {
    scenario: { peak: 1_000, shards: 2, windows: 6, windowMinutes: 2 },
    countedShare: 1 / 120,
    perDay,
    primaryPerDay: { ...perDay, calls: 400 },
    messagesPerDay: 60_000,
    tokensPerDay: 20_000,
    naiveRowsPerDay: 6_000,
    peakCallsPerSecond: 10,
    peakTokensPerSecond: 300,
    cpuMsPerCall: 3,
    floorCpuMsPerCall: 1,
    stored: {
      database: 1_000_000,
      minutes: 10,
      minuteBytes: 30_000,
      dayBytes: 20_000,
      sampleBytes: 60_000,
      breakdownBytes: 100_000,
      hotBytes: 0,
    },
    alarmsUntilSilent: 3,
    accuracy: { single: [], many: [] },
  }

  it('is a month of thirty such days, with the primary and its shards in use all day', ({
    expect,
  }) => {
    const usage = usageOf(result, kept)
    expect(usage.requests).toBe(33_000)
    expect(usage.rowsWritten).toBe(30_000)
    expect(usage.queue).toBe(9_000)
    expect(usage.duration).toBeCloseTo(3 * 86_400 * 0.128 * 30, 3)
    expect(usage.storage).toBeCloseTo((140_000 * 91 + 3_000 * 7_214) / 1e9, 9)
    expect(naiveUsageOf(result, kept).rowsWritten).toBe(180_000)
  })

  it('scales calls, rows and shards with the users', ({ expect }) => {
    const scaled = scaleTo(12_078_000, result, 2)
    expect(scaled.peak).toBeCloseTo(990_000, 3)
    expect(scaled.queues).toBe(10)
    expect(scaled.callsPerSecond).toBeCloseTo(9_900, 6)
    expect(scaled.shards).toBe(40)
    expect(scaled.usage.rowsWritten).toBeCloseTo(29_700_000, 0)
  })

  it('says on the page whether an object falls silent', async ({ expect }) => {
    expect(await renderPage([result])).toMatch(/alarms after the last call *\| 3 /)
    const restless = { ...result, alarmsUntilSilent: null }
    expect(await renderPage([restless])).toContain('does not fall silent')
  })
})
