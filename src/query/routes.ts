/** GET /api/analytics/*: analytics:read, checked parameters, one answer. Failures are problems, never zeros. */
import type { Context } from 'hono'
import { Hono } from 'hono'

import { gameSketchesName } from '../../durable/names.ts'
import { requirePermission } from '../access/require-permission.ts'
import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import { configOf } from '../config.ts'
import type { ReadLiveFigures } from './live-figures.ts'
import { answerOverview } from './overview.ts'
import { ParameterError, parseOverviewQuery, parseRetentionQuery } from './parameters.ts'
import type { Asker } from './question.ts'
import { answerRetention } from './retention.ts'

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

/** Checked parameters; or their faults as the problem that the caller is told. */
function parsed<Query>(parse: () => Query): Query {
  try {
    return parse()
  } catch (cause) {
    if (!(cause instanceof ParameterError)) throw cause
    throw new ApiError('invalid_parameter', cause.message, { cause })
  }
}
