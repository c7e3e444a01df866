/** The answer of GET /realtime: the sketches' figures of this moment, and the money of this moment from ClickHouse. */
import type { Figure, Moment, Peak, RealtimeFigures } from '../../../durable/figures.ts'
import type { RealtimeRevenueRow } from '../../clickhouse/queries/realtime-revenue.ts'
import { realtimeRevenue } from '../../clickhouse/queries/realtime-revenue.ts'
import { within } from '../../deadline.ts'
import { formatInstant, zoneDayStartMs } from '../../event/calendar.ts'
import { gameDay, minuteOf } from '../../event/game-day.ts'
import { REALTIME_DEFINITIONS } from '../definitions.ts'
import type { Asker } from '../question.ts'
import type { LiveSketches } from './live-sketches.ts'
import { DATABASE_SILENT, missing, partOf, SKETCHES_SILENT, valueOf } from './missing.ts'
import { MONEY_FIELDS, roundedSums, toMoneyFigures } from './money.ts'
import type { RealtimeAnswer } from './schemas.ts'

const MINUTE_MS = 60_000
const RECENT_MS = 5 * MINUTE_MS

/** How long an answer about this very moment waits for the database, in milliseconds. */
const MONEY_DEADLINE_MS = 8_000

const NO_FIGURES = {
  online: null,
  active_1m: null,
  active_5m: null,
  active_15m: null,
  active_now: null,
  dau_today: null,
  new_today: null,
  wau: null,
  mau: null,
  registered_total: null,
  online_peak_today: null,
  online_peak_all_time: null,
} as const

const NO_MONEY = {
  rev_5m: null,
  rev_today: null,
  rev_5m_yuan: null,
  rev_today_yuan: null,
  pay_succ_rate: null,
  revenue_by_currency: null,
} as const

/**
 * Everything that is known of this moment. What one of the two sources does not answer is null and named in `partial`.
 * Throws control_unavailable when neither does.
 */
export async function answerRealtime(
  currency: string,
  asker: Asker,
  sketches: Pick<LiveSketches, 'realtime'>,
): Promise<RealtimeAnswer> {
  const { timeZone, nowMs } = asker
  const present = presentOf(asker)
  const [figuresPart, moneyPart] = await Promise.all([
    partOf('figures', sketches.realtime(present)),
    partOf('money', within(MONEY_DEADLINE_MS, presentRevenue(asker))),
  ])
  if ('error' in figuresPart && 'error' in moneyPart) throw figuresPart.error
  const told = valueOf(figuresPart)
  const rows = valueOf(moneyPart)
  const figures = told && toFigures(told)
  const money = rows && toMoneyFigures(rows, currency)
  return {
    ...(figures === null ? NO_FIGURES : valuesOf(figures)),
    ...(money ?? NO_MONEY),
    currency,
    figures,
    peak_times: told && {
      today: peakTime(told.day.onlinePeak, timeZone),
      all_time: peakTime(told.onlinePeakAllTime, timeZone),
    },
    minute: formatInstant(present.minute * MINUTE_MS, timeZone),
    time_zone: timeZone,
    as_of: formatInstant(nowMs, timeZone),
    partial: [
      ...(figures === null ? missing(['figures'], SKETCHES_SILENT) : []),
      ...(money === null ? missing(MONEY_FIELDS, DATABASE_SILENT) : roundedSums(money)),
    ],
    definitions: REALTIME_DEFINITIONS,
  }
}

/** Today, and the last full minute: the current one has only just begun. */
export function presentOf({ timeZone, nowMs }: Pick<Asker, 'timeZone' | 'nowMs'>): Moment {
  return { day: gameDay(nowMs, timeZone), minute: minuteOf(nowMs) - 1 }
}

/** The money of today and of the last minutes. Throws DatabaseError. */
export function presentRevenue(asker: Asker): Promise<RealtimeRevenueRow[]> {
  const { connection, timeZone, nowMs } = asker
  const dayStartMs = zoneDayStartMs(gameDay(nowMs, timeZone), timeZone)
  const present = { dayStartMs, recentStartMs: nowMs - RECENT_MS, nowMs }
  return realtimeRevenue(connection, asker, present)
}

/** A figure as answers tell it. */
export function toFigure({ value, error, exact }: Figure): Figure {
  return { value, error, exact }
}

/** The minute of a peak; null when there was none. */
export function peakTime({ minute }: Peak, timeZone: string): string | null {
  return minute === null ? null : formatInstant(minute * MINUTE_MS, timeZone)
}

type Figures = NonNullable<RealtimeAnswer['figures']>

function toFigures(present: RealtimeFigures): Figures {
  const { day, minute, registeredTotal, onlinePeakAllTime, activeNow } = present
  return {
    online: toFigure(minute.online),
    active_1m: toFigure(minute.online),
    active_5m: toFigure(minute.active5m),
    active_15m: toFigure(minute.active15m),
    active_now: toFigure(activeNow),
    dau_today: toFigure(day.dau),
    new_today: toFigure(day.newUsers),
    wau: toFigure(day.wau),
    mau: toFigure(day.mau),
    registered_total: toFigure(registeredTotal),
    online_peak_today: toFigure(day.onlinePeak),
    online_peak_all_time: toFigure(onlinePeakAllTime),
  }
}

function valuesOf(figures: Figures) {
  return {
    online: figures.online.value,
    active_1m: figures.active_1m.value,
    active_5m: figures.active_5m.value,
    active_15m: figures.active_15m.value,
    active_now: figures.active_now.value,
    dau_today: figures.dau_today.value,
    new_today: figures.new_today.value,
    wau: figures.wau.value,
    mau: figures.mau.value,
    registered_total: figures.registered_total.value,
    online_peak_today: figures.online_peak_today.value,
    online_peak_all_time: figures.online_peak_all_time.value,
  }
}
