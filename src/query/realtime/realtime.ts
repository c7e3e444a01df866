/** The answer of GET /realtime: the sketches' figures of this moment, and the money of this moment from ClickHouse. */
import type { Figure, Moment, Peak, RealtimeFigures } from '../../../durable/figures.ts'
import { REVENUE_DEADLINE_MS } from '../../clickhouse/queries/realtime-revenue.ts'
import { within } from '../../deadline.ts'
import { formatInstant } from '../../event/calendar.ts'
import { gameDay, minuteOf } from '../../event/game-day.ts'
import { REALTIME_DEFINITIONS } from '../definitions.ts'
import type { Asker } from '../question.ts'
import type { LiveSketches } from './live-sketches.ts'
import { askedFor, databaseReason, missing, partOf, sketchesReason, valueOf } from './missing.ts'
import type { MoneyFigures } from './money.ts'
import { MONEY_FIELDS, roundedSums, toMoneyFigures } from './money.ts'
import { readRevenue } from './revenue-rounds.ts'
import type { RealtimeAnswer } from './schemas.ts'
import type { Clock } from './shared-rounds.ts'
import { countedUntil, standstill } from './standstill.ts'

const MINUTE_MS = 60_000

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
 * Throws figures_unavailable when neither does.
 */
export async function answerRealtime(
  currency: string,
  asker: Asker,
  sketches: Pick<LiveSketches, 'realtime'>,
  clock: Clock,
): Promise<RealtimeAnswer> {
  const { timeZone, nowMs } = asker
  const present = presentOf(asker)
  const [figuresPart, money] = await Promise.all([
    partOf('figures', sketches.realtime(present), askedFor(asker)),
    moneyOf(currency, asker, clock),
  ])
  if ('error' in figuresPart && 'error' in money) throw figuresPart.error
  const told = valueOf(figuresPart)
  const figures = told && toFigures(told)
  return {
    ...(figures === null ? NO_FIGURES : valuesOf(figures)),
    ...('error' in money ? NO_MONEY : money.figures),
    revenue_as_of: 'error' in money ? null : formatInstant(money.readMs, timeZone),
    currency,
    figures,
    peak_times: told && {
      today: peakTime(told.day.onlinePeak, timeZone),
      all_time: peakTime(told.onlinePeakAllTime, timeZone),
    },
    minute: formatInstant(present.minute * MINUTE_MS, timeZone),
    counted_until: told && countedUntil(told, timeZone),
    time_zone: timeZone,
    as_of: formatInstant(nowMs, timeZone),
    partial: [
      ...('error' in figuresPart
        ? missing(['figures'], sketchesReason(figuresPart.error))
        : standstill(figuresPart.value, { timeZone, nowMs })),
      ...('error' in money
        ? missing(MONEY_FIELDS, databaseReason(money.error))
        : roundedSums(money.figures)),
    ],
    definitions: REALTIME_DEFINITIONS,
  }
}

/** Today, and the last full minute: the current one has only just begun. */
export function presentOf({ timeZone, nowMs }: Pick<Asker, 'timeZone' | 'nowMs'>): Moment {
  return { day: gameDay(nowMs, timeZone), minute: minuteOf(nowMs) - 1 }
}

/** The money in one currency, and when it was read; or what kept it away, which was logged. */
async function moneyOf(
  currency: string,
  asker: Asker,
  clock: Clock,
): Promise<{ figures: MoneyFigures; readMs: number } | { error: unknown }> {
  // The reading of another request is waited for, too, and after it comes one's own.
  const asked = within(REVENUE_DEADLINE_MS + 500, readRevenue(asker, clock))
  const reading = await partOf('money', asked, askedFor(asker))
  if ('error' in reading) return reading
  const { part, readMs } = reading.value
  return 'error' in part ? part : { figures: toMoneyFigures(part.value, currency), readMs }
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
