/** GET /realtime/stream: the figures of this moment as server-sent events, for as long as somebody reads them. */
import { LIVE_STREAM_MS, MAX_LIVE_VIEWERS } from '../../../configs/limits.ts'
import type { RealtimeFigures } from '../../../durable/figures.ts'
import { gameSketchesName } from '../../../durable/names.ts'
import { ApiError } from '../../api-error.ts'
import type { Asker } from '../question.ts'
import type { StreamSource } from './figure-events.ts'
import { figureEvents } from './figure-events.ts'
import type { LiveSketches } from './live-sketches.ts'
import { askedFor } from './missing.ts'
import { presentOf } from './realtime.ts'
import { impatient, readRevenue } from './revenue-rounds.ts'
import { SharedRounds } from './shared-rounds.ts'
import { SKETCHES_DEADLINE_MS } from './sketches-answer.ts'
import { Viewers } from './viewers.ts'

const ROUND_MS = 5_000

/** A viewer who takes nothing does not end its stream; so long after its time it is counted no more. */
const MAX_VIEW_MS = LIVE_STREAM_MS + 60_000

const figureRounds = new SharedRounds<RealtimeFigures>({
  label: 'figures of a stream',
  periodMs: ROUND_MS,
  overdueMs: SKETCHES_DEADLINE_MS + 500,
})

const viewers = new Viewers(MAX_LIVE_VIEWERS, MAX_VIEW_MS)

/** The headers of a stream of events. */
export const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // Compression would hold events back.
  'Cache-Control': 'no-store, no-transform',
} as const

/**
 * A stream for one viewer. Events are made when the reader has room for them, so one who takes nothing costs nothing;
 * everything ends when the reader goes. `asker.nowMs` is not used: a stream has no single present. Throws overloaded when
 * MAX_LIVE_VIEWERS of this isolate watch the game already.
 */
export function openStream(
  currency: string,
  asker: Asker,
  sketches: Pick<LiveSketches, 'realtime'>,
): ReadableStream<Uint8Array> {
  const name = gameSketchesName(asker)
  const leave = viewers.enter(name, Date.now())
  if (leave === null) {
    const detail = `${MAX_LIVE_VIEWERS} viewers read this stream already; close one.`
    throw new ApiError('overloaded', detail)
  }
  const gone = new AbortController()
  const clock = {
    now: () => Date.now(),
    wait: (ms: number) => scheduler.wait(ms, { signal: gone.signal }),
  }
  const names = askedFor(asker)
  const source: StreamSource = {
    currency,
    timeZone: asker.timeZone,
    readFigures: () =>
      figureRounds.read(
        name,
        clock,
        (nowMs) => sketches.realtime(presentOf({ ...asker, nowMs })),
        names,
      ),
    readRevenue: impatient(() => readRevenue(asker, clock), clock),
    untilNextRoundMs: (nowMs) => figureRounds.untilNextMs(nowMs),
  }
  const events = figureEvents(source, clock)
  const utf8 = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await events.next()
          if (done !== true) return controller.enqueue(utf8.encode(value))
          controller.close()
          leave()
        } catch (error) {
          leave()
          throw error
        }
      },
      cancel: () => {
        gone.abort()
        leave()
      },
    },
    { highWaterMark: 1 },
  )
}
