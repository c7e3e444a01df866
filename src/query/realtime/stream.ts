/** GET /realtime/stream: the figures of this moment as server-sent events, for as long as somebody reads them. */
import type { RealtimeFigures } from '../../../durable/figures.ts'
import { gameSketchesName } from '../../../durable/names.ts'
import type { RealtimeRevenueRow } from '../../clickhouse/queries/realtime-revenue.ts'
import { within } from '../../deadline.ts'
import type { Asker } from '../question.ts'
import type { StreamSource } from './figure-events.ts'
import { figureEvents } from './figure-events.ts'
import type { LiveSketches } from './live-sketches.ts'
import { presentOf, presentRevenue } from './realtime.ts'
import { SharedRounds } from './shared-rounds.ts'
import { SKETCHES_DEADLINE_MS } from './sketches.ts'

const ROUND_MS = 5_000
const REVENUE_ROUND_MS = 15_000

/** The database must not hold up what the sketches have told, in milliseconds. */
const REVENUE_DEADLINE_MS = 3_000

const figureRounds = new SharedRounds<RealtimeFigures>({
  label: 'figures of a stream',
  periodMs: ROUND_MS,
  overdueMs: SKETCHES_DEADLINE_MS + 500,
})

const revenueRounds = new SharedRounds<readonly RealtimeRevenueRow[]>({
  label: 'revenue of a stream',
  periodMs: REVENUE_ROUND_MS,
  overdueMs: REVENUE_DEADLINE_MS + 500,
})

/** The headers of a stream of events. */
export const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // Compression would hold events back.
  'Cache-Control': 'no-store, no-transform',
} as const

/**
 * A stream for one viewer. Events are made when the reader has room for them, so one who takes nothing costs nothing;
 * everything ends when the reader goes. `asker.nowMs` is not used: a stream has no single present.
 */
export function openStream(
  currency: string,
  asker: Asker,
  sketches: Pick<LiveSketches, 'realtime'>,
): ReadableStream<Uint8Array> {
  const gone = new AbortController()
  const clock = {
    now: () => Date.now(),
    wait: (ms: number) => scheduler.wait(ms, { signal: gone.signal }),
  }
  const name = gameSketchesName(asker)
  const source: StreamSource = {
    currency,
    timeZone: asker.timeZone,
    readFigures: () =>
      figureRounds.read(name, clock, () =>
        sketches.realtime(presentOf({ ...asker, nowMs: clock.now() })),
      ),
    readRevenue: () =>
      revenueRounds.read(name, clock, () =>
        within(REVENUE_DEADLINE_MS, presentRevenue({ ...asker, nowMs: clock.now() })),
      ),
    untilNextRoundMs: (nowMs) => figureRounds.untilNextMs(nowMs),
  }
  const events = figureEvents(source, clock)
  const utf8 = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await events.next()
        if (done === true) controller.close()
        else controller.enqueue(utf8.encode(value))
      },
      cancel: () => gone.abort(),
    },
    { highWaterMark: 1 },
  )
}
