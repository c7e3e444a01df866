/** Days and minutes in which a game counts: calendar days of the game's time zone, minutes of UTC. */

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** Offsets from UTC change on quarter hours everywhere, so one look-up serves the whole quarter. */
const QUARTER_MS = 900_000
const MAX_CACHED_QUARTERS = 4_096

const offsetsByZone = new Map<string, Map<number, number>>()
const formatters = new Map<string, Intl.DateTimeFormat>()

/** Days since 1970-01-01 of the calendar date that `timeMs` has in the zone. */
export function gameDay(timeMs: number, timeZone: string): number {
  return Math.floor((timeMs + zoneOffsetMs(timeMs, timeZone)) / DAY_MS)
}

/** Minutes since the epoch. */
export function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / MINUTE_MS)
}

/**
 * Offset of the zone from UTC at an instant, in milliseconds (positive east). Throws RangeError for a
 * name that is no IANA zone.
 */
export function zoneOffsetMs(timeMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0
  const quarter = Math.floor(timeMs / QUARTER_MS)
  let offsets = offsetsByZone.get(timeZone)
  if (offsets === undefined) {
    offsets = new Map()
    offsetsByZone.set(timeZone, offsets)
  }
  const cached = offsets.get(quarter)
  if (cached !== undefined) return cached
  const offsetMs = readOffsetMs(quarter * QUARTER_MS, timeZone)
  if (offsets.size >= MAX_CACHED_QUARTERS) offsets.clear()
  offsets.set(quarter, offsetMs)
  return offsetMs
}

function readOffsetMs(timeMs: number, timeZone: string): number {
  const parts = new Map<string, number>()
  for (const { type, value } of formatterOf(timeZone).formatToParts(timeMs)) {
    parts.set(type, Number(value))
  }
  const part = (type: string) => parts.get(type) ?? 0
  const localMs = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  )
  return localMs - timeMs
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  formatters.set(timeZone, formatter)
  return formatter
}
