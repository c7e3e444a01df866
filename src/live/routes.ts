/**
 * GET /api/events/live: the latest events of a game and what became of them, as server-sent events. A key may not
 * stand in a URL and EventSource sends no headers, so a client reads the body of fetch(), or `curl -N`.
 */
import type { Context } from 'hono'
import { Hono } from 'hono'

import { LIVE_WATCH_MS, MAX_LIVE_VIEWERS } from '../../configs/limits.ts'
import type { LiveFeed } from '../../durable/live-feed.ts'
import { liveFeedName } from '../../durable/names.ts'
import { requirePermission } from '../access/require-permission.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import { within } from '../deadline.ts'
import { forgetSettings } from '../settings/current-settings.ts'
import { watchLiveFeed } from '../settings/stored-settings.ts'
import { liveSearchSchema } from './schemas.ts'

/** How long an answer waits for the feed, in milliseconds. */
const FEED_DEADLINE_MS = 5_000

const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // Compression would hold entries back.
  'Cache-Control': 'no-store, no-transform',
} as const

/** Routes of the live feed, to be mounted at /api/events. */
export function liveRoutes(): Hono<AppEnv> {
  return new Hono<AppEnv>()
    .get('/live', requirePermission('analytics:read'), openFeed)
    .all('/live', (c) => {
      c.header('Allow', 'GET')
      throw new ApiError('method_not_allowed', 'Read the live feed with GET.')
    })
}

async function openFeed(c: Context<AppEnv>): Promise<Response> {
  const filter = readFilter(new URL(c.req.url).searchParams)
  // Nobody would read, or close, the stream of a HEAD request.
  if (c.req.raw.method === 'HEAD') return c.body(null, 200, STREAM_HEADERS)
  const scope = c.get('scope')
  // The feed itself repeats this for as long as somebody reads it.
  await watchLiveFeed(c.env, scope, Date.now() + LIVE_WATCH_MS)
  forgetSettings(scope)
  filter.set('game_id', scope.gameId)
  filter.set('env', scope.env)
  const opened = await reachFeed(c.env.LIVE_FEED.getByName(liveFeedName(scope)), filter)
  if (opened.status === 503) {
    const detail = `${MAX_LIVE_VIEWERS} viewers read this feed already; close one.`
    throw new ApiError('overloaded', detail)
  }
  if (!opened.ok || opened.body === null) throw new Error(`the live feed answered ${opened.status}`)
  return c.body(opened.body, 200, STREAM_HEADERS)
}

/** What the feed answers. Throws control_unavailable. */
async function reachFeed(
  feed: DurableObjectStub<LiveFeed>,
  filter: URLSearchParams,
): Promise<Response> {
  const answer = feed.fetch(`https://live-feed/?${filter.toString()}`)
  try {
    return await within(FEED_DEADLINE_MS, answer)
  } catch (cause) {
    // Nobody will read the stream of a late answer.
    answer.then((late) => late.body?.cancel()).catch(() => {})
    const detail = 'The live feed could not be reached; ask again.'
    throw new ApiError('control_unavailable', detail, { cause })
  }
}

/** The query as the feed understands it; every fault is told. Throws invalid_parameter. */
function readFilter(search: URLSearchParams): URLSearchParams {
  const repeated = [...new Set(search.keys())].filter((name) => search.getAll(name).length > 1)
  const parsed = liveSearchSchema.safeParse(Object.fromEntries(search))
  const faults = [
    ...repeated.map((name) => `${name}: expected once`),
    ...(parsed.error?.issues.map((issue) =>
      issue.code === 'unrecognized_keys'
        ? `${issue.keys.join(', ')}: is no parameter of this address`
        : `${issue.path.join('.')}: ${issue.message}`,
    ) ?? []),
  ]
  if (!parsed.success || faults.length > 0) {
    throw new ApiError('invalid_parameter', faults.join('; '))
  }
  return search
}
