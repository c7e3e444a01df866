/** The situations that are compared: what the clock does, how long a batch waits, what the client stamps. */
import type { ClockFault, Night } from './clock-faults.ts'
import {
  byAnything,
  byPicker,
  DAY_MS,
  far,
  farUntilSet,
  HOUR_MS,
  localAsUtc,
  MINUTE_MS,
  mixed,
  moved,
  movedAtNight,
  offBy,
  offByUpTo,
  right,
  setByNetwork,
  unset,
  unsetUntilNetwork,
} from './clock-faults.ts'

export interface Scenario {
  readonly id: string
  readonly title: string
  readonly clock: ClockFault
  /** How long batches wait: seconds, or minutes to 20 days, or the one or the other */
  readonly waits: 'seconds' | 'days' | 'either'
  /** When sent_at and sent_uptime_ms are stamped */
  readonly stamps: 'each attempt' | 'when built' | 'never'
  /** Attempts of one batch that may arrive */
  readonly mostAttempts: number
  /** Share of the batches between whose last event and sending the device is started anew */
  readonly restarts: number
  /** Whether sent_uptime_ms is sent although the device was started anew since the events */
  readonly mixesUptimes: boolean
  /** Whether the counter stands still while the device sleeps */
  readonly counterSleeps: boolean
  /** Times as RFC 3339 or as numbers of milliseconds */
  readonly times: 'text' | 'numbers'
  /** Whether everything happens around a night in which the clocks are moved */
  readonly atNight: boolean
}

/** The nights of 2026 in Berlin (01:00 UTC) and New York (02:00 local time before the change). */
export const NIGHTS: readonly Night[] = [
  { timeZone: 'America/New_York', atMs: Date.parse('2026-03-08T07:00:00Z'), shiftMs: HOUR_MS },
  { timeZone: 'Europe/Berlin', atMs: Date.parse('2026-03-29T01:00:00Z'), shiftMs: HOUR_MS },
  { timeZone: 'Europe/Berlin', atMs: Date.parse('2026-10-25T01:00:00Z'), shiftMs: -HOUR_MS },
  { timeZone: 'America/New_York', atMs: Date.parse('2026-11-01T06:00:00Z'), shiftMs: -HOUR_MS },
]

export const TIME_ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'UTC'] as const

const USUAL: Omit<Scenario, 'id' | 'title' | 'clock'> = {
  waits: 'either',
  stamps: 'each attempt',
  mostAttempts: 2,
  restarts: 0.2,
  mixesUptimes: false,
  counterSleeps: false,
  times: 'text',
  atNight: false,
}

const scenario = (
  id: string,
  title: string,
  clock: ClockFault,
  deviations: Partial<Scenario> = {},
): Scenario => ({ ...USUAL, ...deviations, id, title, clock })

export const SCENARIOS: readonly Scenario[] = [
  scenario('right_online', 'right clock, sent within seconds', right, { waits: 'seconds' }),
  scenario('right_offline', 'right clock, offline for minutes to 20 days', right, {
    waits: 'days',
  }),
  scenario('off_minutes', 'off by up to 2 minutes', offByUpTo(2 * MINUTE_MS)),
  scenario('off_hour', 'off by an hour', offBy(HOUR_MS)),
  scenario('off_day', 'off by a day', offBy(DAY_MS)),
  scenario('local_as_utc', 'local time sent as UTC', localAsUtc),
  scenario('unset', '1970 all the time', unset),
  scenario('unset_numbers', '1970 all the time, times as numbers', unset, { times: 'numbers' }),
  scenario('unset_until_network', '1970 until the network sets it', unsetUntilNetwork),
  scenario('far', '2099 all the time', far),
  scenario('far_until_set', '2099 until it is set', farUntilSet),
  scenario('set_by_network', 'set by seconds to minutes before sending', setByNetwork),
  scenario('moved_hour', 'moved by an hour before sending', moved(byPicker(HOUR_MS))),
  scenario('moved_day', 'moved by a day before sending', moved(byPicker(DAY_MS))),
  scenario('moved_any', 'moved by minutes to 2 days before sending', moved(byAnything)),
  scenario('night_right', 'daylight-saving night, right clock', right, { atNight: true }),
  scenario('night_moved', 'daylight-saving night moves the clock', movedAtNight, { atNight: true }),
  scenario('retries', 'sent up to 4 times, stamped anew', mixed, { mostAttempts: 4 }),
  scenario('retries_unchanged', 'sent up to 4 times, stamped once', mixed, {
    mostAttempts: 4,
    waits: 'seconds',
    stamps: 'when built',
  }),
  scenario('stamped_offline', 'stamped when built, sent minutes to 20 days later', mixed, {
    waits: 'days',
    stamps: 'when built',
  }),
  scenario('restarted', 'restarted before sending', mixed, { restarts: 1 }),
  scenario('restarted_mixing', 'restarted, uptimes of two starts mixed', mixed, {
    restarts: 1,
    mixesUptimes: true,
  }),
  scenario('counter_sleeps', 'uptime that stands still in sleep', mixed, { counterSleeps: true }),
  scenario('no_sent_at', 'no sent_at', mixed, { stamps: 'never' }),
]
