/** The answer of GET /realtime/series: curves per minute, from the tables and, where they are fresher, the sketches. */
import type { MinuteFigures } from '../../../durable/figures.ts'
import type { MinuteOnlineRow } from '../../clickhouse/queries/minute-online.ts'
import { minuteOnline } from '../../clickhouse/queries/minute-online.ts'
import type { MinuteRevenueRow } from '../../clickhouse/queries/realtime-revenue.ts'
import { minuteRevenue } from '../../clickhouse/queries/realtime-revenue.ts'
import { formatInstant } from '../../event/calendar.ts'
import { minuteOf } from '../../event/game-day.ts'
import { SERIES_DEFINITIONS } from '../definitions.ts'
import type { MissingPart } from '../partial.ts'
import type { Asker } from '../question.ts'
import type { LiveSketches } from './live-sketches.ts'
import { askedFor, databaseReason, missing, partOf, sketchesReason, valueOf } from './missing.ts'
import type { SeriesQuery } from './parameters.ts'
import type { SeriesAnswer } from './schemas.ts'

const MINUTE_MS = 60_000

/** The last minutes that the sketches are asked for: the tables follow them within seconds, unless the queue is long. */
const FRESH_MINUTES = 60

const ONLINE_SERIES = ['online', 'active_5m_sum', 'active_15m_sum'] as const
type OnlineSeries = (typeof ONLINE_SERIES)[number]

/** One minute: for every curve its value and its error. */
type OnlineMinute = Readonly<
  Record<OnlineSeries, { readonly value: number; readonly error: number }>
>

/**
 * The curves of the minutes that are over. What one of the two sources does not answer is left out and named in
 * `partial`; without the database `revenue_cents` is null. Throws DatabaseError when the database was the only source.
 */
export async function answerSeries(
  query: SeriesQuery,
  asker: Asker,
  sketches: Pick<LiveSketches, 'minutes'>,
): Promise<SeriesAnswer> {
  const { first, last, range, currency } = query
  const { timeZone, nowMs } = asker
  const names = askedFor(asker)
  const freshFrom = Math.max(first, minuteOf(nowMs) - FRESH_MINUTES)
  const [stored, revenue, fresh] = await Promise.all([
    partOf(
      'minutes',
      first > last ? none() : minuteOnline(asker.connection, { ...asker, first, last }),
      names,
    ),
    partOf('revenue', first > last ? none() : revenueOf(asker, query), names),
    partOf(
      'live minutes',
      freshFrom > last ? none() : sketches.minutes({ from: freshFrom, to: last }),
      names,
    ),
  ])
  if ('error' in stored && (freshFrom > last || 'error' in fresh)) throw stored.error
  const minutes = overlay(valueOf(stored) ?? [], valueOf(fresh) ?? [])
  const timed = minutes.map(([minute, figures]): [string, OnlineMinute] => [
    formatMinute(minute, timeZone),
    figures,
  ])
  return {
    ...curvesOf(timed, ({ value }) => value),
    revenue_cents: valueOf(revenue)?.map((row) => toRevenuePoint(row, timeZone)) ?? null,
    errors: curvesOf(timed, ({ error }) => error),
    currency,
    start: formatInstant(range.startMs, timeZone),
    end: formatInstant(range.endMs, timeZone),
    time_zone: timeZone,
    as_of: formatInstant(nowMs, timeZone),
    partial: [
      ...('error' in stored && freshFrom > first
        ? missing(ONLINE_SERIES, missingBefore(freshFrom, databaseReason(stored.error)))
        : []),
      ...('error' in fresh ? missing(ONLINE_SERIES, notFresh(sketchesReason(fresh.error))) : []),
      ...('error' in revenue ? missing(['revenue_cents'], databaseReason(revenue.error)) : []),
      ...roundedMinutes(valueOf(revenue) ?? []),
    ],
    definitions: SERIES_DEFINITIONS,
  }
}

function notFresh(reason: string): string {
  return `${reason}: the last minutes are as they were published, or not there yet`
}

function missingBefore(minute: number, reason: string): string {
  const time = new Date(minute * MINUTE_MS).toISOString()
  return `${reason}: minutes before ${time} are missing`
}

/** Without a minute nothing is asked. */
function none(): Promise<never[]> {
  return Promise.resolve([])
}

function revenueOf(
  asker: Asker,
  { first, last, currency }: SeriesQuery,
): Promise<MinuteRevenueRow[]> {
  const range = { startMs: first * MINUTE_MS, endMs: (last + 1) * MINUTE_MS, currency }
  return minuteRevenue(asker.connection, asker, range)
}

/** The minutes of both, ascending; where both tell one the sketches, whose figure is never older. */
function overlay(
  stored: readonly MinuteOnlineRow[],
  fresh: readonly MinuteFigures[],
): [number, OnlineMinute][] {
  const minutes = new Map<number, OnlineMinute>()
  for (const row of stored) {
    minutes.set(row.minute, {
      online: { value: row.online, error: row.online_error },
      active_5m_sum: { value: row.active_5m, error: row.active_5m_error },
      active_15m_sum: { value: row.active_15m, error: row.active_15m_error },
    })
  }
  for (const { minute, online, active5m, active15m } of fresh) {
    minutes.set(minute, { online, active_5m_sum: active5m, active_15m_sum: active15m })
  }
  return [...minutes].toSorted(([a], [b]) => a - b)
}

function curvesOf(
  minutes: readonly [string, OnlineMinute][],
  pick: (figure: OnlineMinute[OnlineSeries]) => number,
) {
  const curve = (name: OnlineSeries) =>
    minutes.map(([time, figures]): [string, number] => [time, pick(figures[name])])
  return {
    online: curve('online'),
    active_5m_sum: curve('active_5m_sum'),
    active_15m_sum: curve('active_15m_sum'),
  }
}

function toRevenuePoint(
  { minute, revenue_cents: cents }: MinuteRevenueRow,
  timeZone: string,
): [string, number] {
  return [formatMinute(minute, timeZone), Number(cents)]
}

/** The start of a minute, with the offset of the zone. */
function formatMinute(minute: number, timeZone: string): string {
  return formatInstant(minute * MINUTE_MS, timeZone)
}

function roundedMinutes(rows: readonly MinuteRevenueRow[]): MissingPart[] {
  const isRounded = rows.some((row) => row.revenue_cents > BigInt(Number.MAX_SAFE_INTEGER))
  const reason = 'a value beyond 2^53 - 1 is rounded to the nearest double'
  return isRounded ? missing(['revenue_cents'], reason) : []
}
