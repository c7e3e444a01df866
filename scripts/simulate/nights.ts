/** Days of 23 and 25 hours: one event a minute around each night of 2026, counted by day. */
import { gameDay } from '../../src/event/game-day.ts'
import type { Night } from './clock-faults.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './clock-faults.ts'
import type { SimulatedBatch } from './delivery.ts'
import type { ClockSetting, Device } from './device.ts'
import { clockAt, uptimeAt } from './device.ts'
import type { Method } from './place.ts'
import { METHODS, placeBatch } from './place.ts'
import { NIGHTS } from './scenarios.ts'

/** The day in which a night lies, as one kind of clock sees it. */
export interface NightCount {
  readonly timeZone: string
  /** YYYY-MM-DD */
  readonly day: string
  readonly hours: number
  /** Whether the night moves the clock of the device, or the clock shows UTC throughout */
  readonly clock: 'right' | 'moved'
  /** Events that happened on the day */
  readonly events: number
  /** Events that each method puts on the day, whenever they happened */
  readonly counted: Readonly<Record<Method, number>>
}

/** Batches of eight hours: the one that is sent after the night holds events from before it. */
const BATCH_MINUTES = 480
const BATCHES = 9
const SPAN_BEFORE_MS = 36 * HOUR_MS

/** Both kinds of clock for every night. */
export function countNights(): readonly NightCount[] {
  return NIGHTS.flatMap((night) => [countNight(night, 'right'), countNight(night, 'moved')])
}

function countNight(night: Night, clock: NightCount['clock']): NightCount {
  const { timeZone, atMs, shiftMs } = night
  const firstMs = atMs - SPAN_BEFORE_MS
  const first: ClockSetting = { fromMs: firstMs, offsetMs: 0 }
  const device: Device = {
    settings: clock === 'right' ? [first] : [first, { fromMs: atMs, offsetMs: shiftMs }],
    driftPpm: 0,
    starts: [firstMs - DAY_MS],
    sleepsFromMs: null,
  }
  const day = gameDay(atMs, timeZone)
  const isOnDay = (timeMs: number): boolean => gameDay(timeMs, timeZone) === day
  const counted = { received: 0, client: 0, plain: 0, ours: 0, ours_uptime: 0 }
  let events = 0
  for (let index = 0; index < BATCHES; index += 1) {
    const batch = batchAt(device, firstMs + index * BATCH_MINUTES * MINUTE_MS, timeZone, index)
    const { placements } = placeBatch(batch)
    events += batch.events.filter(({ trueMs }) => isOnDay(trueMs)).length
    for (const method of METHODS) {
      counted[method] += placements[method].filter(
        (placement) => placement !== null && isOnDay(placement.eventTimeMs),
      ).length
    }
  }
  return {
    timeZone,
    day: new Date(day * DAY_MS).toISOString().slice(0, 10),
    hours: 24 - shiftMs / HOUR_MS,
    clock,
    events,
    counted,
  }
}

function batchAt(device: Device, firstMs: number, timeZone: string, index: number): SimulatedBatch {
  const sentMs = firstMs + BATCH_MINUTES * MINUTE_MS
  return {
    timeZone,
    userId: `night-${index}`,
    hasIds: true,
    times: 'text',
    events: Array.from({ length: BATCH_MINUTES }, (_, minute) => {
      const trueMs = firstMs + minute * MINUTE_MS
      return { trueMs, clientMs: clockAt(device, trueMs), uptimeMs: uptimeAt(device, trueMs) }
    }),
    attempts: [
      {
        receivedMs: sentMs + SECOND_MS,
        sentMs: clockAt(device, sentMs),
        sentUptimeMs: uptimeAt(device, sentMs),
      },
    ],
  }
}
