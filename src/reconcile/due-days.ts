/** Which closed days are to be counted (again). Pure. */
import type { GameDay, ZoneOffsets } from '../event/calendar.ts'
import { gameDays, offsetsAround } from '../event/calendar.ts'
import { gameDay } from '../event/game-day.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/**
 * Days after its end at which a day is counted. Events are accepted up to 30 days late (MAX_EVENT_AGE_MS): most come
 * within hours, so the first count is nearly right and the last one final.
 */
const COUNT_AGES_DAYS = [0, 1, 3, 7, 30] as const
const LAST_AGE_DAYS = 30

/** What was sent at the end of a day has left the queue by then. */
const SETTLE_MS = HOUR_MS

/** Days that an outage may last without leaving a day without its last count. */
const OUTAGE_DAYS = 7

/** Beyond this nothing is due any more, in days. */
export const LOOK_BACK_DAYS = LAST_AGE_DAYS + OUTAGE_DAYS

/** A row that is about to be deleted may be gone before the statement has read it. */
const DELETION_MARGIN_MS = HOUR_MS

/** The moment, in milliseconds since the epoch, since which the day must have been counted; null while it is none. */
export function lastMomentMs({ endMs }: GameDay, nowMs: number): number | null {
  const moments = COUNT_AGES_DAYS.map((days) => endMs + days * DAY_MS + SETTLE_MS)
  return moments.findLast((momentMs) => momentMs <= nowMs) ?? null
}

/** The closed days of the last LOOK_BACK_DAYS whose rows are all kept still, ascending, and the zone's offsets. */
export interface ClosedDays {
  readonly days: readonly GameDay[]
  readonly offsets: ZoneOffsets
}

/**
 * The days that can be counted at `nowMs`. `ttlDays`: for how long rows are kept after their event time; null for ever.
 * A day that has begun to be deleted is none: it would be counted as too few. Throws RangeError for a name that is no
 * IANA zone.
 */
export function closedDays(nowMs: number, timeZone: string, ttlDays: number | null): ClosedDays {
  const today = gameDay(nowMs, timeZone)
  const firstDay = today - LOOK_BACK_DAYS - 1
  const offsets = offsetsAround(firstDay, today, timeZone)
  const keptSinceMs = ttlDays === null ? -Infinity : nowMs - ttlDays * DAY_MS + DELETION_MARGIN_MS
  const days = gameDays(firstDay, today, offsets).filter(
    (day) => day.startMs >= keptSinceMs && lastMomentMs(day, nowMs) !== null,
  )
  return { days, offsets }
}

/** Those of the days whose figure is missing or outdated; `versions`: when it was taken, by day. */
export function dueDays(
  { days }: ClosedDays,
  versions: ReadonlyMap<number, number>,
  nowMs: number,
): GameDay[] {
  return days.filter((day) => !versions.has(day.day) || isOutdated(day, versions, nowMs))
}

/** Whether the day has a figure that is older than the newest moment at which it should have been taken. */
export function isOutdated(
  day: GameDay,
  versions: ReadonlyMap<number, number>,
  nowMs: number,
): boolean {
  const version = versions.get(day.day)
  const momentMs = lastMomentMs(day, nowMs)
  return version !== undefined && momentMs !== null && version < momentMs
}

/**
 * The version of a count after which the day is due still, because its revenue could not be summed: newer than every
 * figure of an earlier moment, older than the newest moment. Null for a day that cannot be counted yet.
 */
export function provisionalVersion(day: GameDay, nowMs: number): number | null {
  const momentMs = lastMomentMs(day, nowMs)
  return momentMs === null ? null : momentMs - 1
}

/**
 * The days that `events` names, in groups that one statement can count. `events`: how many rows there are, by day; a
 * day without an entry is left out. A group has at most `maxEvents` rows, unless a day alone has more.
 */
export function groupDays<Day extends GameDay>(
  days: readonly Day[],
  events: ReadonlyMap<number, number>,
  maxEvents: number,
): Day[][] {
  const groups: Day[][] = []
  let room = 0
  for (const day of days) {
    const count = events.get(day.day)
    if (count === undefined) continue
    const group = groups.at(-1)
    if (group !== undefined && count <= room) group.push(day)
    else {
      groups.push([day])
      room = maxEvents
    }
    room -= count
  }
  return groups
}
