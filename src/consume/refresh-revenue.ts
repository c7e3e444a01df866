/**
 * Revenue of the days that payments were stored for. A sum reads every payment of the game, so it is not made for each
 * round: a round that has stored payments puts a message of its days on the queue, which comes back after a while and
 * makes the sum for everything stored until then.
 */
import { MAX_EVENT_AGE_MS, PUBLISH_INTERVAL_MS } from '../../configs/limits.ts'
import { refreshDailyRevenue } from '../clickhouse/queries/refresh-daily-revenue.ts'
import { configOf } from '../config.ts'
import { encodeEnvelope } from '../event/envelope.ts'
import { describeError, log } from '../log.ts'
import type { Outcome } from './outcome.ts'
import type { RevenueGroup, RevenueMessage } from './revenue-messages.ts'
import { payingGroups, refreshGroups } from './revenue-messages.ts'

type Worsen = (messageId: string, outcome: Outcome) => void

/** From how many days on those are forgotten whose refresh may be back. */
const MAX_ANNOUNCED_DAYS = 1_000

const DAY_MS = 86_400_000

/** How far apart two reports of an order may lie that ingest takes on one day. */
const MAX_EVENT_AGE_DAYS = Math.ceil(MAX_EVENT_AGE_MS / DAY_MS)

/** Local dates run at most a day ahead of UTC, and payments a little ahead of the clock. */
const DAYS_AHEAD = 2

/** Days whose refresh is on the queue, with the time before which it cannot come back. */
const announced = new Map<string, number>()

/**
 * Sees to the revenue of a round; its rows are stored. What fails defers the messages that asked for it: their rows
 * replace themselves when they come again.
 */
export async function refreshRevenue(
  messages: readonly RevenueMessage[],
  env: Env,
  worsen: Worsen,
): Promise<void> {
  await Promise.all([
    ...payingGroups(messages).map((group) =>
      orDefer(group, worsen, () => announce(group, env, Date.now())),
    ),
    ...refreshGroups(messages).map((group) => orDefer(group, worsen, () => refresh(group, env))),
  ])
}

async function orDefer(
  { gameId, env, messageIds }: RevenueGroup,
  worsen: Worsen,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    log('warn', 'revenue not refreshed', { game_id: gameId, env, error })
    const reason = `revenue: ${describeError(error)}`
    for (const id of messageIds) worsen(id, { kind: 'deferred', reason })
  }
}

/**
 * The days, and all around them on which the same orders may have been told of: a report can take the place of an
 * older one on another day, of which nothing is left to see then. The sum reads every payment in any case.
 */
function refresh({ gameId, env: environment, counting, days }: RevenueGroup, env: Env) {
  const newest = Math.floor(Date.now() / DAY_MS) + DAYS_AHEAD
  const from = Math.min(...days) - MAX_EVENT_AGE_DAYS
  const to = Math.max(...days, Math.min(Math.max(...days) + MAX_EVENT_AGE_DAYS, newest))
  return refreshDailyRevenue(
    configOf(env).clickhouse,
    { gameId, env: environment, timeZone: counting.timeZone },
    { days: Array.from({ length: to - from + 1 }, (_, index) => from + index) },
  )
}

/** `nowMs`: after the rows were stored; a refresh that begins later has them. */
async function announce(group: RevenueGroup, env: Env, nowMs: number): Promise<void> {
  const { gameId, env: environment, counting, traceId } = group
  const keyOf = (day: number) => JSON.stringify([gameId, environment, counting.timeZone, day])
  const days = group.days.filter((day) => (announced.get(keyOf(day)) ?? 0) <= nowMs)
  if (days.length === 0) return
  const sentMs = Date.now()
  const message = encodeEnvelope({
    gameId,
    env: environment,
    traceId,
    receivedTimeMs: sentMs,
    sections: [],
    tokens: [],
    counting,
    revenueDays: days,
  })
  const delaySeconds = Math.ceil(PUBLISH_INTERVAL_MS / 1_000)
  await env.EVENTS_QUEUE.send(message, { contentType: 'bytes', delaySeconds })
  forgetPast(sentMs)
  for (const day of days) announced.set(keyOf(day), sentMs + PUBLISH_INTERVAL_MS)
}

function forgetPast(nowMs: number): void {
  if (announced.size < MAX_ANNOUNCED_DAYS) return
  for (const [key, untilMs] of announced) if (untilMs <= nowMs) announced.delete(key)
}
