/** The results as Markdown tables. */
import { SERIES } from '../../../durable/series.ts'
import { table } from '../../reference/markdown.ts'
import type { Billed, Kept, Usage } from './cost.ts'
import {
  billedUnits,
  billOf,
  keptBytes,
  naiveUsageOf,
  PRICES,
  requestsPerDay,
  rowsWrittenPerDay,
  usageOf,
} from './cost.ts'
import { EVENTS_PER_BATCH } from './day.ts'
import type { DayResult } from './result.ts'
import { scaleTo } from './scale.ts'

const KEPT: Kept = {
  activeDays: SERIES.dau.storedBuckets,
  newUserDays: SERIES.new_users.storedBuckets,
  minutes: SERIES.online.storedBuckets,
}

/** A line of a table: what it is called, and what it says of a result. */
type Line = readonly [string, (result: DayResult) => string]

const DAY_LINES: readonly Line[] = [
  ['batches of clients', ({ messagesPerDay }) => count(messagesPerDay)],
  ['tokens in calls', ({ tokensPerDay }) => count(tokensPerDay)],
  ['calls, of the object that is read', ({ primaryPerDay }) => count(primaryPerDay['calls'])],
  ['calls, of all objects', ({ perDay }) => count(perDay['calls'])],
  ['alarms', ({ perDay }) => count(perDay['alarms'])],
  ['alarms set or deleted', ({ perDay }) => count(sum(perDay, 'setAlarms', 'deletedAlarms'))],
  ['requests', ({ perDay }) => count(requestsPerDay(perDay))],
  ['rows written, alarms among them', ({ perDay }) => count(rowsWrittenPerDay(perDay))],
  ['of them hot rows', ({ perDay }) => count(perDay['hotRows'])],
  ['bytes of hot rows written', ({ perDay }) => bytes(perDay['hotBytes'])],
  ['rows read', ({ perDay }) => count(perDay['rowsRead'])],
  ['messages published', ({ perDay }) => count(perDay['messages'])],
  ['bytes of them', ({ perDay }) => bytes(perDay['messageBytes'])],
  ['rows with one per sketch and call', ({ naiveRowsPerDay }) => count(naiveRowsPerDay)],
]

const LOAD_LINES: readonly Line[] = [
  ['calls a second, all objects', ({ peakCallsPerSecond }) => peakCallsPerSecond.toFixed(1)],
  ['tokens a second', ({ peakTokensPerSecond }) => count(peakTokensPerSecond)],
  ['CPU of a call, ms', (result) => ownCpuMs(result).toFixed(2)],
  ['CPU per 1,000 events, ms', (result) => cpuMsPerThousandEvents(result).toFixed(3)],
  ['CPU of all objects, share of a core', (result) => percent(busyShare(result))],
  [
    'CPU of a call to an object that does nothing, ms',
    (result) => result.floorCpuMsPerCall.toFixed(2),
  ],
]

const STORED_LINES: readonly Line[] = [
  ['database after the day', ({ stored }) => bytes(stored['database'])],
  ['sketches of two days, and of all new users', ({ stored }) => bytes(stored['dayBytes'])],
  ['samples of two days', ({ stored }) => bytes(stored['sampleBytes'])],
  ['breakdowns of one day', ({ stored }) => bytes(stored['breakdownBytes'])],
  [
    'sketch of a minute',
    ({ stored }) => bytes((stored['minuteBytes'] ?? 0) / Math.max(stored['minutes'] ?? 0, 1)),
  ],
  ['all that is kept, about', (result) => bytes(keptBytes(result, KEPT))],
  [
    'alarms after the last call',
    ({ alarmsUntilSilent }) =>
      alarmsUntilSilent === null ? 'does not fall silent' : String(alarmsUntilSilent),
  ],
]

/** What the objects did in a day. */
export function dayTable(results: readonly DayResult[]): string {
  return linesTable('a day', DAY_LINES, results)
}

/** What they did in the fullest window. */
export function loadTable(results: readonly DayResult[]): string {
  return linesTable('at the peak', LOAD_LINES, results)
}

/** What they store. */
export function storedTable(results: readonly DayResult[]): string {
  return linesTable('stored', STORED_LINES, results)
}

/** Units and dollars a month. */
export function costTable(results: readonly DayResult[]): string {
  const usages = results.map((result) => usageOf(result, KEPT))
  const [first] = usages
  if (first === undefined) throw new RangeError('there is no result')
  const lines = billedUnits(first).map(([kind]) => costLine(kind, usages))
  const naive = results.map((result) => naiveUsageOf(result, KEPT))
  return table(heads('a month', results), [
    ...lines,
    ['**list price**', ...usages.map((usage) => `**${listPrice(usage)}**`)],
    ['**beyond what the plan includes**', ...usages.map((usage) => `**${beyond(usage)}**`)],
    ['one row per sketch and call: list price', ...naive.map(listPrice)],
    ['the same beyond what the plan includes', ...naive.map(beyond)],
  ])
}

function costLine(kind: Billed, usages: readonly Usage[]): string[] {
  const { title, dollars: each } = PRICES[kind]
  return [title, ...usages.map((usage) => `${units(usage[kind])}, ${dollars(usage[kind] * each)}`)]
}

/** What a game of so many daily users would need, from the measured day of one with shards. */
export function scaleTable(dailyUsers: number, measured: DayResult): string {
  const scaled = scaleTo(dailyUsers, measured, ownCpuMs(measured))
  const { usage } = scaled
  return table(
    ['needed', `${count(dailyUsers)} daily users`],
    [
      ['players at the peak', count(scaled.peak)],
      ['queues', count(scaled.queues)],
      ['calls a second at the peak', count(scaled.callsPerSecond)],
      ['cores that they take', scaled.cores.toFixed(1)],
      [
        'shards, each at half a core and 500 calls a second at most',
        `${scaled.shards}${scaled.isWithinLimit ? '' : ', more than a game may have'}`,
      ],
      ['requests a month', units(usage.requests)],
      ['rows written a month', units(usage.rowsWritten)],
      ['GB-s a month', units(usage.duration)],
      ['list price a month', dollars(billOf(usage).dollars)],
    ],
  )
}

/** Single figures at the end of the day beside what happened. */
export function figureTable(results: readonly DayResult[]): string {
  const rows = results.flatMap((result) =>
    result.accuracy.single.map(({ name, figure, exact, error }) => [
      titleOf(result),
      name,
      count(figure),
      count(error),
      count(exact),
      signed((figure - exact) / exact),
    ]),
  )
  return table(['game', 'figure', 'told', 'error told (95 %)', 'happened', 'off'], rows)
}

/** Groups of figures beside what happened. */
export function groupTable(results: readonly DayResult[]): string {
  const rows = results.flatMap((result) =>
    result.accuracy.many.map(({ name, figures, rms, worst, held }) => [
      titleOf(result),
      name,
      count(figures),
      percent(rms),
      percent(worst),
      percent(held),
    ]),
  )
  return table(['game', 'figures', 'number', 'off, RMS', 'off, most', 'intervals that hold'], rows)
}

/** Milliseconds of CPU of a call, without what the runtime and the simulation take. */
export function ownCpuMs({ cpuMsPerCall, floorCpuMsPerCall }: DayResult): number {
  return Math.max(0, cpuMsPerCall - floorCpuMsPerCall)
}

/** Share of a core that all objects take at the peak. */
export function busyShare(result: DayResult): number {
  return (ownCpuMs(result) * result.peakCallsPerSecond) / 1_000
}

function cpuMsPerThousandEvents(result: DayResult): number {
  const { messagesPerDay, perDay, primaryPerDay, scenario } = result
  // A consumer makes one call of a queue batch; the handovers of shards are calls of the object that is read.
  const handovers = scenario.shards === 1 ? 0 : (primaryPerDay['calls'] ?? 0)
  const eventsPerCall = (messagesPerDay * EVENTS_PER_BATCH) / ((perDay['calls'] ?? 0) - handovers)
  return (ownCpuMs(result) / eventsPerCall) * 1_000
}

function linesTable(title: string, lines: readonly Line[], results: readonly DayResult[]): string {
  return table(
    heads(title, results),
    lines.map(([name, cellOf]) => [name, ...results.map(cellOf)]),
  )
}

function heads(title: string, results: readonly DayResult[]): string[] {
  return [title, ...results.map(titleOf)]
}

function titleOf({ scenario: { peak, shards } }: DayResult): string {
  return `${count(peak)} players${shards === 1 ? '' : `, ${shards} shards`}`
}

function listPrice(usage: Usage): string {
  return dollars(billOf(usage).dollars)
}

function beyond(usage: Usage): string {
  return dollars(billOf(usage).beyondIncluded)
}

function sum(counts: Readonly<Record<string, number>>, ...kinds: readonly string[]): number {
  return kinds.reduce((total, kind) => total + (counts[kind] ?? 0), 0)
}

function count(value: number | undefined): string {
  if (value === undefined) throw new RangeError('nothing was counted')
  return Math.round(value).toLocaleString('en-US')
}

/** Three digits are what a scaled count is worth. */
function units(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toPrecision(3)} B`
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`
  return value >= 1 ? count(value) : value.toPrecision(2)
}

function bytes(value: number | undefined): string {
  if (value === undefined) throw new RangeError('nothing was counted')
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} GB`
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} MB`
  return value >= 1e3 ? `${(value / 1e3).toFixed(1)} KB` : `${Math.round(value)} B`
}

function dollars(value: number): string {
  return value < 1_000 ? `$${value.toFixed(2)}` : `$${count(value)}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}

function signed(share: number): string {
  return `${share > 0 ? '+' : ''}${percent(share)}`
}
