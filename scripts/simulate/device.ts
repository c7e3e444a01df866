/** A device: a clock that may be wrong and may be set, and a counter that runs from start to start. */

/** From `fromMs` (true time) on the clock shows `offsetMs` more than the true time. */
export interface ClockSetting {
  readonly fromMs: number
  readonly offsetMs: number
}

/** All times are true times in milliseconds since the epoch. */
export interface Device {
  /** In the order of time; the first one holds for everything before it too */
  readonly settings: readonly ClockSetting[]
  /** Millionths by which the clock and the counter run too fast */
  readonly driftPpm: number
  /** When the device was started, in the order of time */
  readonly starts: readonly number[]
  /** From when on the device sleeps with a counter that stands still; null for a counter that goes on */
  readonly sleepsFromMs: number | null
}

const MILLION = 1_000_000

/** What the clock of the device shows, in milliseconds since the epoch. */
export function clockAt({ settings, driftPpm, starts }: Device, trueMs: number): number {
  let current = settings[0]
  for (const setting of settings) if (setting.fromMs <= trueMs) current = setting
  if (current === undefined) return trueMs
  // A clock drifts from when it was set, or as long as it can be followed back.
  const runMs = trueMs - Math.max(current.fromMs, starts[0] ?? trueMs)
  return Math.floor(trueMs + current.offsetMs + (runMs * driftPpm) / MILLION)
}

/** What the counter of the device shows, in milliseconds since the latest start. */
export function uptimeAt(device: Device, trueMs: number): number {
  const { sleepsFromMs, driftPpm } = device
  const started = startBefore(device, trueMs)
  const awakeMs =
    sleepsFromMs === null || sleepsFromMs < started
      ? trueMs - started
      : Math.min(trueMs, sleepsFromMs) - started
  return Math.max(0, Math.floor(awakeMs * (1 + driftPpm / MILLION)))
}

/** The latest start before a moment: two moments with the same one share a counter. */
export function startBefore({ starts }: Device, trueMs: number): number {
  let latest = starts[0] ?? trueMs
  for (const start of starts) if (start <= trueMs) latest = start
  return latest
}
