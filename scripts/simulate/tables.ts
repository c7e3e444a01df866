/** The results as Markdown tables. */
import type { NightCount } from './nights.ts'
import type { Method } from './place.ts'
import { METHODS } from './place.ts'
import type { ScenarioResult, Score, Simulation } from './score.ts'

const METHOD_TITLES: Readonly<Record<Method, string>> = {
  received: 'receive time',
  client: 'client time',
  plain: 'plain `sent_at`',
  ours: 'ours, no uptime',
  ours_uptime: 'ours, uptime',
}

/** Three tables of the scenarios and one of the nights, with a heading each. */
export function renderTables(simulation: Simulation, nights: readonly NightCount[]): string {
  const results = [...simulation.scenarios, simulation.all]
  return [
    '### Share of the events on the right day, in percent',
    byMethod(results, ({ rightDayShare }) => percent(rightDayShare)),
    '### Error of the time: median / 95th percentile',
    byMethod(
      results,
      (score) => `${duration(score.medianErrorSeconds)} / ${duration(score.p95ErrorSeconds)}`,
    ),
    '### What the edge does with the events',
    edgeTable(results),
    '### Days of 23 and 25 hours',
    nightTable(nights),
  ].join('\n\n')
}

function byMethod(results: readonly ScenarioResult[], cellOf: (score: Score) => string): string {
  return table(
    ['clock', ...METHODS.map((method) => METHOD_TITLES[method])],
    results.map(({ title, scores }) => [title, ...METHODS.map((method) => cellOf(scores[method]))]),
  )
}

function edgeTable(results: readonly ScenarioResult[]): string {
  return table(
    ['clock', 'events', 'attempts', 'rows per event', 'rejected', 'corrected', 'on two days'],
    results.map((result) => [
      result.title,
      grouped(result.events),
      result.attemptsPerBatch.toFixed(2),
      result.rowsPerEvent.toFixed(3),
      pair(result, ({ rejectedShare }) => rejectedShare),
      pair(result, ({ correctedShare }) => correctedShare),
      percent(result.splitDayShare),
    ]),
  )
}

/** Without and with uptimes. */
function pair({ scores }: ScenarioResult, shareOf: (score: Score) => number): string {
  return `${percent(shareOf(scores.ours))} / ${percent(shareOf(scores.ours_uptime))}`
}

function nightTable(nights: readonly NightCount[]): string {
  return table(
    [
      'day',
      'hours',
      'clock of the device',
      'events',
      ...METHODS.map((method) => METHOD_TITLES[method]),
    ],
    nights.map(({ timeZone, day, hours, clock, events, counted }) => [
      `${timeZone} ${day}`,
      String(hours),
      clock === 'right' ? 'right' : 'moved by the night',
      grouped(events),
      ...METHODS.map((method) => grouped(counted[method])),
    ]),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_title, column) => (column === 0 ? '---' : '---:'))
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Never rounded up: a hundred percent means every one. */
function percent(share: number): string {
  return (Math.floor(share * 10_000 + 1e-9) / 100).toFixed(2)
}

const UNITS = [
  [365.25 * 86_400, 'years'],
  [86_400, 'days'],
  [3_600, 'h'],
  [60, 'min'],
] as const

/** In the largest unit of which there are one and a half; a dash where no event was taken. */
function duration(seconds: number): string {
  if (Number.isNaN(seconds)) return '-'
  const unit = UNITS.find(([size]) => seconds >= 1.5 * size)
  return unit === undefined
    ? `${seconds.toFixed(1)} s`
    : `${(seconds / unit[0]).toFixed(1)} ${unit[1]}`
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
