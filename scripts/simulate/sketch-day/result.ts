/** What a simulated day is made of, and what was counted in it. */
import type { Accuracy } from './accuracy.ts'

/** What is simulated. */
export interface Scenario {
  /** Players online at the fullest moment */
  readonly peak: number
  readonly shards: number
  /** Windows a day, and the minutes of each that are counted; one more warms up */
  readonly windows: number
  readonly windowMinutes: number
}

/** What was counted, scaled to a day where it says so. */
export interface DayResult {
  readonly scenario: Scenario
  /** Share of the day that was counted */
  readonly countedShare: number
  /** Per day: what the objects did, by the names of the meters */
  readonly perDay: Readonly<Record<string, number>>
  /** Per day: of the object that is read alone */
  readonly primaryPerDay: Readonly<Record<string, number>>
  /** Per day: batches of clients, tokens in the calls, rows with a row per sketch and call */
  readonly messagesPerDay: number
  readonly tokensPerDay: number
  readonly naiveRowsPerDay: number
  /** In the fullest window: calls a second by consumers, and CPU of the process with and without the objects */
  readonly peakCallsPerSecond: number
  readonly peakTokensPerSecond: number
  readonly cpuMsPerCall: number
  readonly floorCpuMsPerCall: number
  /** Bytes at the end of the day */
  readonly stored: Readonly<Record<string, number>>
  /** Alarms after the last call until no alarm was set any more; null when one was still set after two hours */
  readonly alarmsUntilSilent: number | null
  readonly accuracy: Accuracy
}
