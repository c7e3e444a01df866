/** Searches and answers brought to the shapes that the oracle takes and computes. */
import type { OverviewFigures } from '../../../src/query/overview-figures.ts'
import type { OracleQuestion } from './oracle.ts'
import { localDate, plusDays, startOfDate } from './oracle.ts'

/** The figures that the oracle has: no intervals, and days by their date. */
export function withoutIntervals(answer: OverviewFigures) {
  const { dau, new_users, peak_online, revenue_cents } = answer.series
  const byDate = (points: readonly (readonly [string, number])[]) =>
    points.map(([start, value]) => [start.slice(0, 10), value])
  const { series: _, retention, ...figures } = pickFigures(answer)
  return {
    ...figures,
    retention: stripIntervals(retention),
    series: {
      dau: byDate(dau),
      new_users: byDate(new_users),
      peak_online: byDate(peak_online),
      revenue_cents: revenue_cents && byDate(revenue_cents),
    },
  }
}

/** An answer without what only the whole answer has. */
function pickFigures(answer: OverviewFigures): OverviewFigures {
  const context = [
    'currency',
    'start',
    'end',
    'time_zone',
    'as_of',
    'groups',
    'live',
    'partial',
    'definitions',
  ]
  return { ...answer, ...Object.fromEntries(context.map((name) => [name, undefined])) }
}

/** An object without its confidence intervals. */
export function stripIntervals(value: object) {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !name.endsWith('_interval')))
}

/** The range of a search, read without the code under test: dates or instants, 7 days with today by default. */
export function questionOf(
  search: string,
  { timeZone, nowMs }: { timeZone: string; nowMs: number },
): OracleQuestion {
  const given = new URLSearchParams(search)
  const today = localDate(nowMs, timeZone)
  const toMs = (text: string) =>
    text.length === 10 ? startOfDate(text, timeZone) : Date.parse(text)
  return {
    timeZone,
    nowMs,
    startMs: toMs(given.get('start') ?? plusDays(today, -6)),
    endMs: toMs(given.get('end') ?? plusDays(today, 1)),
    currency: given.get('currency') ?? 'USD',
  }
}
