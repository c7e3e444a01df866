/** What goes wrong with the clocks of devices: from the drift of a good one to a year 1970 or 2099. */
import type { ClockSetting } from './device.ts'
import type { Random } from './random.ts'

export const SECOND_MS = 1_000
export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** True times of what a device does with one batch, in milliseconds since the epoch. */
export interface Timeline {
  /** When the device was started: before the first event, and perhaps again before sending */
  readonly starts: readonly [number, ...number[]]
  readonly firstEventMs: number
  readonly lastEventMs: number
  readonly firstSendMs: number
  /** The night around which it happens, where the scenario is about nights */
  readonly night: Night | null
}

/** A night in which the clocks of a zone are moved. */
export interface Night {
  readonly timeZone: string
  readonly atMs: number
  /** By how much the hands are moved, positive forward */
  readonly shiftMs: number
}

/** The settings of a clock over one batch. */
export type ClockFault = (random: Random, timeline: Timeline) => readonly ClockSetting[]

/** Hours by which local times differ from UTC. */
const ZONE_OFFSET_HOURS = [-10, -8, -7, -6, -5, -4, -3, -2, 1, 2, 3, 3.5, 5.5, 5.75, 8, 9, 9.5, 12]

const FIRST_OF_2099_MS = Date.UTC(2099, 0)

const always = (offsetMs: number): readonly ClockSetting[] => [
  { fromMs: Number.NEGATIVE_INFINITY, offsetMs },
]

const changed = (atMs: number, beforeMs: number, afterMs: number): readonly ClockSetting[] => [
  ...always(beforeMs),
  { fromMs: atMs, offsetMs: afterMs },
]

/** A clock that the network sets now and then. */
export const ordinaryOffsetMs = (random: Random): number => random.normal(1.5 * SECOND_MS)

/** As good as clocks of phones are. */
export const right: ClockFault = (random) => always(ordinaryOffsetMs(random))

/** Off by the same for the whole time, to either side. */
export const offBy =
  (offsetMs: number): ClockFault =>
  (random) =>
    always(random.pick([-1, 1]) * offsetMs + ordinaryOffsetMs(random))

/** Off by anything up to `mostMs`, to either side. */
export const offByUpTo =
  (mostMs: number): ClockFault =>
  (random) =>
    always(random.between(-mostMs, mostMs))

/** Local time that is taken for UTC. */
export const localAsUtc: ClockFault = (random) =>
  always(random.pick(ZONE_OFFSET_HOURS) * HOUR_MS + ordinaryOffsetMs(random))

/** Counts from the first moment of 1970 whenever the device is started, and is never set. */
export const unset: ClockFault = (_random, { starts }) =>
  starts.map((fromMs) => ({ fromMs, offsetMs: -fromMs }))

/** Counts from 1970 until the network sets it: after the last event or among the events, before sending. */
export const unsetUntilNetwork: ClockFault = (random, timeline) =>
  changed(momentBeforeSending(random, timeline), -timeline.starts[0], ordinaryOffsetMs(random))

/** Somewhere in 2099, and never set. */
export const far: ClockFault = (random, { starts }) => always(farOffsetMs(random, starts[0]))

export const farUntilSet: ClockFault = (random, timeline) =>
  changed(
    momentBeforeSending(random, timeline),
    farOffsetMs(random, timeline.starts[0]),
    ordinaryOffsetMs(random),
  )

/** Off by seconds to minutes until the network sets it, after the first event and before sending. */
export const setByNetwork: ClockFault = (random, timeline) =>
  changed(
    momentBeforeSending(random, timeline),
    random.pick([-1, 1]) * random.logBetween(SECOND_MS, 10 * MINUTE_MS),
    ordinaryOffsetMs(random),
  )

/** Whole hours or days as a picker moves them, which also starts the minute anew. */
export const byPicker =
  (stepMs: number): ((random: Random) => number) =>
  (random) =>
    random.pick([-1, 1]) * stepMs - random.between(0, MINUTE_MS)

/** Anything between minutes and two days. */
export const byAnything = (random: Random): number =>
  random.pick([-1, 1]) * random.logBetween(MINUTE_MS, 2 * DAY_MS)

/** The player moves a right clock, or mends a moved one, after the first event and before sending. */
export const moved =
  (offsetOf: (random: Random) => number): ClockFault =>
  (random, timeline) => {
    const offsetMs = offsetOf(random)
    const [beforeMs, afterMs] = random.chance(0.5) ? [0, offsetMs] : [offsetMs, 0]
    return changed(momentBeforeSending(random, timeline), beforeMs, afterMs)
  }

/**
 * A clock that knows only local time: when the hands are moved, what it calls UTC moves with them. Right before the
 * night or right after it.
 */
export const movedAtNight: ClockFault = (random, { night }) => {
  if (night === null) throw new RangeError('this clock needs a night')
  const beforeMs = random.chance(0.5) ? 0 : -night.shiftMs
  return changed(night.atMs, beforeMs, beforeMs + night.shiftMs)
}

/** Half of the clocks are right, the others are off by minutes, an hour or a day for the whole time. */
export const mixed: ClockFault = (random, timeline) =>
  random.pick([right, right, offByUpTo(10 * MINUTE_MS), offBy(HOUR_MS), offBy(DAY_MS), right])(
    random,
    timeline,
  )

function momentBeforeSending(random: Random, { firstEventMs, firstSendMs }: Timeline): number {
  return random.between(firstEventMs, firstSendMs)
}

function farOffsetMs(random: Random, startedMs: number): number {
  return FIRST_OF_2099_MS + random.between(0, 300 * DAY_MS) - startedMs
}
