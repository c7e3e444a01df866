/** What a device does with a session: events, a queue, one or more attempts to send, as the edge sees them. */
import type { Timeline } from './clock-faults.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './clock-faults.ts'
import type { Device } from './device.ts'
import { clockAt, startBefore, uptimeAt } from './device.ts'
import type { Random } from './random.ts'
import type { Scenario } from './scenarios.ts'
import { NIGHTS, TIME_ZONES } from './scenarios.ts'

export interface SimulatedEvent {
  /** When it happened */
  readonly trueMs: number
  /** By the clock of the device */
  readonly clientMs: number
  /** By the counter of the device */
  readonly uptimeMs: number
}

/** An attempt that arrived. */
export interface Attempt {
  readonly receivedMs: number
  /** By the clock of the device; null when it does not say */
  readonly sentMs: number | null
  /** By the counter of the device; null when it does not say */
  readonly sentUptimeMs: number | null
}

export interface SimulatedBatch {
  readonly timeZone: string
  readonly userId: string
  /** Whether the events carry ids of their own */
  readonly hasIds: boolean
  readonly times: Scenario['times']
  readonly events: readonly SimulatedEvent[]
  /** In the order in which they arrived */
  readonly attempts: readonly Attempt[]
}

export const EVENTS_PER_BATCH = 20

const FIRST_SESSION_MS = Date.parse('2026-02-01T00:00:00Z')
const LAST_SESSION_MS = Date.parse('2026-12-01T00:00:00Z')

/** One session of one device: `index` names the user. */
export function simulateBatch(random: Random, scenario: Scenario, index: number): SimulatedBatch {
  const night = scenario.atNight ? random.pick(NIGHTS) : null
  const timeZone = night?.timeZone ?? random.pick(TIME_ZONES)
  const timeline = timelineOf(random, scenario, night)
  const { eventTimes } = timeline
  const device: Device = {
    settings: scenario.clock(random, timeline),
    driftPpm: random.normal(10),
    starts: timeline.starts,
    sleepsFromMs: scenario.counterSleeps ? timeline.lastEventMs + MINUTE_MS : null,
  }
  return {
    timeZone,
    userId: `user-${index}`,
    hasIds: random.chance(0.5),
    times: scenario.times,
    events: eventTimes.map((trueMs) => ({
      trueMs,
      clientMs: clockAt(device, trueMs),
      uptimeMs: uptimeAt(device, trueMs),
    })),
    attempts: attemptsOf(random, scenario, device, timeline),
  }
}

interface Session extends Timeline {
  readonly eventTimes: readonly number[]
}

function timelineOf(random: Random, scenario: Scenario, night: Timeline['night']): Session {
  const firstEventMs = Math.floor(
    night === null
      ? random.between(FIRST_SESSION_MS, LAST_SESSION_MS)
      : night.atMs + random.between(-1.5 * DAY_MS, 1.5 * DAY_MS),
  )
  const lengthMs = random.logBetween(MINUTE_MS, 2 * HOUR_MS)
  const eventTimes = Array.from({ length: EVENTS_PER_BATCH - 1 }, () =>
    Math.floor(firstEventMs + random.next() * lengthMs),
  )
  eventTimes.push(firstEventMs)
  eventTimes.sort((left, right) => left - right)
  const lastEventMs = eventTimes.at(-1) ?? firstEventMs
  const waitsDays = scenario.waits === 'days' || (scenario.waits === 'either' && random.chance(0.5))
  const waitMs = waitsDays
    ? random.logBetween(5 * MINUTE_MS, 20 * DAY_MS)
    : random.between(SECOND_MS, 30 * SECOND_MS)
  const firstSendMs = lastEventMs + Math.floor(waitMs)
  const startedMs = firstEventMs - Math.floor(random.logBetween(20 * SECOND_MS, 10 * DAY_MS))
  const startedAgainMs = Math.floor(random.between(lastEventMs + 1, firstSendMs))
  return {
    starts: random.chance(scenario.restarts) ? [startedMs, startedAgainMs] : [startedMs],
    firstEventMs,
    lastEventMs,
    firstSendMs,
    night,
    eventTimes,
  }
}

function attemptsOf(
  random: Random,
  scenario: Scenario,
  device: Device,
  { firstEventMs, lastEventMs, firstSendMs }: Timeline,
): readonly Attempt[] {
  const count = 1 + Math.floor(random.next() * scenario.mostAttempts)
  const attempts: Attempt[] = []
  let sendMs = firstSendMs
  for (let attempt = 0; attempt < count; attempt += 1) {
    if (attempt > 0) sendMs += Math.floor(random.logBetween(MINUTE_MS, 12 * HOUR_MS))
    const stampedMs = scenario.stamps === 'when built' ? lastEventMs + SECOND_MS : sendMs
    const says = scenario.stamps !== 'never'
    const sameStart = startBefore(device, firstEventMs) === startBefore(device, stampedMs)
    attempts.push({
      receivedMs: sendMs + networkMs(random),
      sentMs: says ? clockAt(device, stampedMs) : null,
      sentUptimeMs:
        says && (sameStart || scenario.mixesUptimes) ? uptimeAt(device, stampedMs) : null,
    })
  }
  return attempts
}

/** A third of a second as a rule; a request in a hundred takes more than ten seconds. */
function networkMs(random: Random): number {
  return Math.min(60 * SECOND_MS, Math.floor(300 * Math.exp(random.normal(1.5))))
}
