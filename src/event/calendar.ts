/**
 * Calendar days of a time zone as spans of instants, and instants as text of the zone. Pure. A day lasts from
 * the first instant of its date to the first instant of the next: 23 or 25 hours when clocks change, none
 * when the zone skips the date.
 */
import { zoneOffsetMs } from './game-day.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
/** Offsets change on quarter hours, so a change is found to the quarter. */
const QUARTER_MS = 900_000
/** Local dates run at most this far ahead of or behind UTC. */
const MAX_OFFSET_MS = 16 * 3_600_000

/**
 * The offset from UTC as a step function: `offsetMs[i]` (positive east) holds from `sinceMs[i]` until
 * `sinceMs[i + 1]`. Ascending; never empty; nothing is known before `sinceMs[0]`.
 */
export interface ZoneOffsets {
  readonly sinceMs: readonly number[]
  readonly offsetMs: readonly number[]
}

/** A date: its number (days since 1970-01-01) and the instants that it spans, [startMs, endMs). */
export interface GameDay {
  readonly day: number
  readonly startMs: number
  readonly endMs: number
}

/**
 * The offsets of a zone that hold between two instants, both in milliseconds since the epoch. Looks once a
 * day: no zone changes its clocks twice within one. Throws RangeError for a name that is no IANA zone.
 */
export function zoneOffsets(fromMs: number, toMs: number, timeZone: string): ZoneOffsets {
  const start = Math.floor(fromMs / QUARTER_MS) * QUARTER_MS
  const sinceMs = [start]
  const offsetMs = [zoneOffsetMs(start, timeZone)]
  for (let at = start; at < toMs; at += DAY_MS) {
    const next = at + DAY_MS
    if (zoneOffsetMs(next, timeZone) === zoneOffsetMs(at, timeZone)) continue
    const change = offsetChange(at, next, timeZone)
    sinceMs.push(change)
    offsetMs.push(zoneOffsetMs(change, timeZone))
  }
  return { sinceMs, offsetMs }
}

/** The first quarter hour after `beforeMs` with another offset; `afterMs` has another. */
function offsetChange(beforeMs: number, afterMs: number, timeZone: string): number {
  const offset = zoneOffsetMs(beforeMs, timeZone)
  let low = beforeMs / QUARTER_MS
  let high = afterMs / QUARTER_MS
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (zoneOffsetMs(middle * QUARTER_MS, timeZone) === offset) low = middle
    else high = middle
  }
  return high * QUARTER_MS
}

/** First instant whose local date is `day` or later, in milliseconds since the epoch. */
export function dayStartMs(day: number, offsets: ZoneOffsets): number {
  for (const [index, sinceMs] of offsets.sinceMs.entries()) {
    const startMs = Math.max(sinceMs, day * DAY_MS - (offsets.offsetMs[index] ?? 0))
    if (startMs < (offsets.sinceMs[index + 1] ?? Infinity)) return startMs
  }
  throw new RangeError('a zone has at least one offset')
}

/** `dayStartMs` for a single date. Throws RangeError for a name that is no IANA zone. */
export function zoneDayStartMs(day: number, timeZone: string): number {
  return dayStartMs(day, offsetsAround(day, day, timeZone))
}

/** The offsets that hold anywhere in the dates from `firstDay` to `lastDay`, and at the end of the last. */
export function offsetsAround(firstDay: number, lastDay: number, timeZone: string): ZoneOffsets {
  const fromMs = firstDay * DAY_MS - MAX_OFFSET_MS
  return zoneOffsets(fromMs, (lastDay + 1) * DAY_MS + MAX_OFFSET_MS, timeZone)
}

/** The dates from `firstDay` to `lastDay` that exist in the zone. */
export function gameDays(firstDay: number, lastDay: number, offsets: ZoneOffsets): GameDay[] {
  const days: GameDay[] = []
  for (let day = firstDay; day <= lastDay; day += 1) {
    const startMs = dayStartMs(day, offsets)
    const endMs = dayStartMs(day + 1, offsets)
    if (startMs < endMs) days.push({ day, startMs, endMs })
  }
  return days
}

/** `YYYY-MM-DD` of a day number. */
export function formatDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** Day number of a `YYYY-MM-DD` that is a date of the calendar; null otherwise. */
export function parseDay(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null
  const timeMs = Date.parse(`${text}T00:00:00Z`)
  if (Number.isNaN(timeMs)) return null
  const day = timeMs / DAY_MS
  return formatDay(day) === text ? day : null
}

/** RFC 3339 with the offset that the zone has at the instant; `Z` for none; milliseconds only if any. */
export function formatInstant(timeMs: number, timeZone: string): string {
  const offsetMs = zoneOffsetMs(timeMs, timeZone)
  const local = new Date(timeMs + offsetMs).toISOString().replace('.000Z', 'Z').slice(0, -1)
  return `${local}${formatOffset(offsetMs)}`
}

function formatOffset(offsetMs: number): string {
  if (offsetMs === 0) return 'Z'
  const minutes = Math.abs(offsetMs) / MINUTE_MS
  return `${offsetMs < 0 ? '-' : '+'}${twoDigits(minutes / 60)}:${twoDigits(minutes % 60)}`
}

function twoDigits(value: number): string {
  return String(Math.trunc(value)).padStart(2, '0')
}
