/** GET /api/analytics/*: analytics:read, checked parameters, one answer. Failures are problems, never zeros. */
import type { Context } from 'hono'
import { Hono } from 'hono'

import { requirePermission } from '../access/require-permission.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import { configOf } from '../config.ts'
import { gameSketches } from '../game-sketches.ts'
import type { ReadLiveFigures } from './live-figures.ts'
import { answerOverview } from './overview.ts'
import type { Present } from './parameters.ts'
import { ParameterError, parseOverviewQuery, parseRetentionQuery } from './parameters.ts'
import type { Asker } from './question.ts'
import { answerBreakdown } from './realtime/breakdown.ts'
import { answerLiveDays } from './realtime/days.ts'
import { answerLiveRetention } from './realtime/live-retention.ts'
import type { LiveSketches } from './realtime/live-sketches.ts'
import {
  parseBreakdownQuery,
  parseRealtimeQuery,
  parseReconciliationQuery,
  parseSeriesQuery,
  parseSketchDays,
} from './realtime/parameters.ts'
import { answerRealtime } from './realtime/realtime.ts'
import { answerReconciliation } from './realtime/reconciliation.ts'
import { answerSeries } from './realtime/series.ts'
import { liveSketches } from './realtime/sketches.ts'
import { openStream, STREAM_HEADERS } from './realtime/stream.ts'
import { answerRetention } from './retention.ts'

const CLOCK = { now: () => Date.now(), wait: (ms: number) => scheduler.wait(ms) }

/** The query API, to be mounted at /api/analytics. */
export function queryRoutes(): Hono<AppEnv> {
  return new Hono<AppEnv>()
    .use(requirePermission('analytics:read'))
    .get('/overview', async (c) => {
      const asker = askerOf(c)
      const query = parsed(() => parseOverviewQuery(searchOf(c), asker))
      return c.json(await answerOverview(query, asker, sketchFigures(c)))
    })
    .get('/retention', async (c) => {
      const asker = askerOf(c)
      const query = parsed(() => parseRetentionQuery(searchOf(c), asker))
      return c.json(await answerRetention(query, asker))
    })
    .get('/realtime', async (c) => {
      const asker = askerOf(c)
      const { currency } = parsed(() => parseRealtimeQuery(searchOf(c)))
      return c.json(await answerRealtime(currency, asker, sketchesOf(c), CLOCK))
    })
    .get('/realtime/series', async (c) => {
      const asker = askerOf(c)
      const query = parsed(() => parseSeriesQuery(searchOf(c), asker))
      return c.json(await answerSeries(query, asker, sketchesOf(c)))
    })
    .get('/realtime/breakdown', async (c) => {
      const present = presentOf(c)
      const query = parsed(() => parseBreakdownQuery(searchOf(c), present))
      return c.json(await answerBreakdown(query, present, sketchesOf(c)))
    })
    .get('/realtime/retention', async (c) => {
      const present = presentOf(c)
      const days = parsed(() => parseSketchDays(searchOf(c), present))
      return c.json(await answerLiveRetention(days, present, sketchesOf(c)))
    })
    .get('/realtime/days', async (c) => {
      const present = presentOf(c)
      const days = parsed(() => parseSketchDays(searchOf(c), present))
      return c.json(await answerLiveDays(days, present, sketchesOf(c)))
    })
    .get('/realtime/stream', (c) => {
      const { currency } = parsed(() => parseRealtimeQuery(searchOf(c)))
      // Nobody would read, or close, the stream of a HEAD request.
      if (c.req.raw.method === 'HEAD') return c.body(null, 200, STREAM_HEADERS)
      return c.body(openStream(currency, askerOf(c), sketchesOf(c)), 200, STREAM_HEADERS)
    })
    .get('/reconciliation', async (c) => {
      const asker = askerOf(c)
      const days = parsed(() => parseReconciliationQuery(searchOf(c), asker))
      return c.json(await answerReconciliation(days, asker))
    })
}

function askerOf(c: Context<AppEnv>): Asker {
  return {
    ...c.get('scope'),
    nowMs: c.get('nowMs'),
    connection: configOf(c.env).clickhouse,
    traceId: c.get('traceId'),
  }
}

function presentOf(c: Context<AppEnv>): Present {
  return { timeZone: c.get('scope').timeZone, nowMs: c.get('nowMs') }
}

function sketchesOf(c: Context<AppEnv>): LiveSketches {
  return liveSketches(c.env, c.get('scope'))
}

function searchOf(c: Context<AppEnv>): URLSearchParams {
  return new URL(c.req.url).searchParams
}

function sketchFigures(c: Context<AppEnv>): ReadLiveFigures {
  return (at) => gameSketches(c.env, c.get('scope')).figures(at)
}

/** Checked parameters; or their faults as the problem that the caller is told. */
function parsed<Query>(parse: () => Query): Query {
  try {
    return parse()
  } catch (cause) {
    if (!(cause instanceof ParameterError)) throw cause
    throw new ApiError('invalid_parameter', cause.message, { cause })
  }
}
