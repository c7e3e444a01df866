/** The answer of GET /realtime/days: the figures of the last days, from the sketches. */
import type { DayFigures } from '../../../durable/figures.ts'
import { formatDay, formatInstant } from '../../event/calendar.ts'
import { LIVE_DAYS_DEFINITIONS } from '../definitions.ts'
import type { Present } from '../parameters.ts'
import type { LiveSketches } from './live-sketches.ts'
import type { DayRange } from './parameters.ts'
import { peakTime, toFigure } from './realtime.ts'
import type { LiveDaysAnswer } from './schemas.ts'

/** Every day that has any. Throws figures_unavailable. */
export async function answerLiveDays(
  { firstDay, lastDay }: DayRange,
  { timeZone, nowMs }: Present,
  sketches: Pick<LiveSketches, 'days'>,
): Promise<LiveDaysAnswer> {
  const days = await sketches.days({ from: firstDay, to: lastDay })
  return {
    days: days.map((day) => toDay(day, timeZone)),
    time_zone: timeZone,
    as_of: formatInstant(nowMs, timeZone),
    partial: [],
    definitions: LIVE_DAYS_DEFINITIONS,
  }
}

function toDay(figures: DayFigures, timeZone: string) {
  const { onlinePeak } = figures
  return {
    day: formatDay(figures.day),
    dau: toFigure(figures.dau),
    new_users: toFigure(figures.newUsers),
    wau: toFigure(figures.wau),
    mau: toFigure(figures.mau),
    online_peak: { ...toFigure(onlinePeak), time: peakTime(onlinePeak, timeZone) },
  }
}
