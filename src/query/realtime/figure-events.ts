/** The events of GET /realtime/stream, one after the other, as text. The clock and the sources are given. */
import { LIVE_STREAM_MS } from '../../../configs/limits.ts'
import type { RealtimeFigures } from '../../../durable/figures.ts'
import type { RealtimeRevenueRow } from '../../clickhouse/queries/realtime-revenue.ts'
import { formatInstant } from '../../event/calendar.ts'
import type { MissingPart } from '../partial.ts'
import { databaseReason, missing, sketchesReason, valueOf } from './missing.ts'
import { toMoneyFigures } from './money.ts'
import { toFigure } from './realtime.ts'
import type { RevenueReading } from './revenue-rounds.ts'
import type { StreamFigures, StreamPartial } from './schemas.ts'
import type { Clock, Reading } from './shared-rounds.ts'
import { countedUntil, standstill } from './standstill.ts'

/** Proxies and clients take a silent connection for a dead one: every third round, 15 s. */
const ROUNDS_PER_HEARTBEAT = 3
const HEARTBEAT = ': heartbeat\n\n'

const SKETCH_FIELDS = ['online', 'active_now', 'dau_today', 'new_today'] as const

/** Where the figures of a round come from; none of the methods fails because of its source, or waits long for the money. */
export interface StreamSource {
  readonly currency: string
  readonly timeZone: string
  readFigures(): Promise<Reading<RealtimeFigures>>
  /** The latest that is at hand; null before the first */
  readRevenue(): Promise<RevenueReading | null>
  /** How long after an instant (milliseconds since the epoch) the next round begins, in milliseconds */
  untilNextRoundMs(nowMs: number): number
}

/** What the viewer was told last, to see what changes. */
interface Told {
  figures: string
  partial: string
}

/**
 * `figures` at once and whenever they have changed, `partial` whenever what is missing has, a comment every 15 s, and
 * `reopen` after LIVE_STREAM_MS, which is the last one and says how many seconds the stream lasted. Throws what the clock's `wait` does.
 */
export async function* figureEvents(source: StreamSource, clock: Clock): AsyncGenerator<string> {
  const endMs = clock.now() + LIVE_STREAM_MS
  const told: Told = { figures: '', partial: '[]' }
  for (let round = 1; ; round += 1) {
    yield* roundEvents(source, told)
    await clock.wait(source.untilNextRoundMs(clock.now()))
    if (round % ROUNDS_PER_HEARTBEAT === 0) yield HEARTBEAT
    if (clock.now() >= endMs) break
  }
  yield encodeEvent('reopen', { after_seconds: LIVE_STREAM_MS / 1_000 })
}

async function* roundEvents(source: StreamSource, told: Told): AsyncGenerator<string> {
  const [figures, revenue] = await Promise.all([source.readFigures(), source.readRevenue()])
  const { timeZone, currency } = source
  const present = valueOf(figures.part)
  const rows = revenue && valueOf(revenue.part)
  const asOf = formatInstant(figures.readMs, timeZone)
  const partial = [
    ...('error' in figures.part
      ? missing(SKETCH_FIELDS, sketchesReason(figures.part.error))
      : standstill(figures.part.value, { timeZone, nowMs: figures.readMs })),
    ...missingRevenue(revenue),
  ]
  if (changes(told, 'partial', partial)) {
    yield encodeEvent('partial', { partial, as_of: asOf } satisfies StreamPartial)
    // Who saw figures go missing is told them again, changed or not.
    told.figures = ''
  }
  if (present === null) return
  const values = toValues(present, rows, currency)
  if (changes(told, 'figures', values)) {
    const times = {
      counted_until: countedUntil(present, timeZone),
      revenue_as_of: revenue && rows && formatInstant(revenue.readMs, timeZone),
      as_of: asOf,
    }
    yield encodeEvent('figures', { ...values, ...times } satisfies StreamFigures)
  }
}

/** Whether the value is another than the one that was told; it is told from here on. */
function changes(told: Told, kind: keyof Told, value: unknown): boolean {
  const text = JSON.stringify(value)
  const isOther = text !== told[kind]
  told[kind] = text
  return isOther
}

function toValues(
  { day, minute, activeNow }: RealtimeFigures,
  rows: readonly RealtimeRevenueRow[] | null,
  currency: string,
): Omit<StreamFigures, 'counted_until' | 'revenue_as_of' | 'as_of'> {
  return {
    online: toFigure(minute.online),
    active_now: toFigure(activeNow),
    dau_today: toFigure(day.dau),
    new_today: toFigure(day.newUsers),
    rev_today: rows && toRevenue(rows, currency),
    currency,
  }
}

/** A sum is exact as long as a number of JSON can hold it. */
function toRevenue(rows: readonly RealtimeRevenueRow[], currency: string) {
  const value = toMoneyFigures(rows, currency).rev_today
  const exact = Number.isSafeInteger(value)
  return { value, error: exact ? 0 : Math.ceil(value * Number.EPSILON), exact }
}

function missingRevenue(revenue: RevenueReading | null): MissingPart[] {
  if (revenue === null) return missing(['rev_today'], 'the database has not answered yet')
  const { part } = revenue
  return 'error' in part ? missing(['rev_today'], databaseReason(part.error)) : []
}

/** A server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html); JSON has no line breaks. */
function encodeEvent(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
