/** GET /api/analytics/*: a read key, checked parameters, one answer. Failures are problems, never zeros. */
import type { Context } from 'hono'
import { Hono } from 'hono'

import { gameSketchesName } from '../../durable/names.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import { DatabaseError } from '../clickhouse/reader.ts'
import { configOf } from '../config.ts'
import { requireKey } from '../credentials.ts'
import type { ReadLiveFigures } from './live-figures.ts'
import { answerOverview } from './overview.ts'
import { ParameterError, parseOverviewQuery, parseRetentionQuery } from './parameters.ts'
import type { Asker } from './question.ts'
import { answerRetention } from './retention.ts'

/** The query API, to be mounted at /api/analytics. */
export function queryRoutes(): Hono<AppEnv> {
  return new Hono<AppEnv>()
    .use(requireKey('read'))
    .get('/overview', async (c) => {
      const asker = askerOf(c)
      const answer = await answered(() =>
        answerOverview(parseOverviewQuery(searchOf(c), asker), asker, sketchFigures(c)),
      )
      return c.json(answer)
    })
    .get('/retention', async (c) => {
      const asker = askerOf(c)
      const answer = await answered(() =>
        answerRetention(parseRetentionQuery(searchOf(c), asker), asker),
      )
      return c.json(answer)
    })
}

function askerOf(c: Context<AppEnv>): Asker {
  return { ...c.get('scope'), nowMs: c.get('nowMs'), connection: configOf(c.env).clickhouse }
}

function searchOf(c: Context<AppEnv>): URLSearchParams {
  return new URL(c.req.url).searchParams
}

function sketchFigures(c: Context<AppEnv>): ReadLiveFigures {
  const name = gameSketchesName(c.get('scope'))
  return (at) => c.env.GAME_SKETCHES.getByName(name).figures(at)
}

/** An answer; or its failure as the problem that the caller is told, the reason kept as the cause. */
async function answered<Answer>(answer: () => Promise<Answer>): Promise<Answer> {
  try {
    return await answer()
  } catch (cause) {
    throw cause instanceof Error ? toApiError(cause) : cause
  }
}

function toApiError(cause: Error): Error {
  if (cause instanceof ParameterError) {
    return new ApiError('invalid_parameter', cause.message, { cause })
  }
  if (!(cause instanceof DatabaseError)) return cause
  return cause.transient
    ? new ApiError('database_unavailable', 'The database did not answer; ask again.', { cause })
    : new ApiError('database_error', 'The database refused the question.', { cause })
}
