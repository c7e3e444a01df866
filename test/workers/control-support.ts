/** Calls of the administrative routes at a given time, for tests inside workerd. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { z } from 'zod'

import { requirePermission } from '../../src/access/require-permission.ts'
import { authenticateSigned } from '../../src/access/signature.ts'
import { ApiError } from '../../src/api-error.ts'
import type { AppEnv } from '../../src/app-env.ts'
import { adminRoutes } from '../../src/control/routes.ts'
import { problemFrom } from '../../src/problem.ts'

export const NOW_MS = Date.now()

let traces = 0

/** The administrative routes, and two routes that keys open; the time is given. */
export function appAt(nowMs: number) {
  return new Hono<AppEnv>()
    .use(async (c, next) => {
      traces += 1
      c.set('traceId', traces.toString(16).padStart(16, '0'))
      c.set('nowMs', nowMs)
      c.header('X-Trace-Id', c.get('traceId'))
      await next()
    })
    .route('/api/admin', adminRoutes())
    .post('/send', requirePermission('events:write'), (c) => c.json(c.get('game')))
    .post('/signed', async (c) => {
      await authenticateSigned(c, new Uint8Array(await c.req.arrayBuffer()), nowMs)
      return c.json(c.get('game'))
    })
    .notFound((c) => problemFrom(new ApiError('not_found', 'Nothing is here.'), c))
    .onError(problemFrom)
}

const answerSchema = z.looseObject({ code: z.string().optional(), detail: z.string().optional() })

export interface Call {
  readonly as?: string
  readonly nowMs?: number
  readonly bindings?: Partial<Env>
}

/** One call, such as `call('GET /games')`, with the admin key unless another is told. */
export async function call(line: string, body?: unknown, { as, nowMs, bindings }: Call = {}) {
  const [method = '', path = ''] = line.split(' ')
  const context = createExecutionContext()
  const response = await appAt(nowMs ?? NOW_MS).request(
    path.startsWith('/api') || path === '/send' ? path : `/api/admin${path}`,
    {
      method,
      headers: { Authorization: `Bearer ${as ?? env.ADMIN_KEY}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    },
    { ...env, ...bindings },
    context,
  )
  // What is sent after the answer is part of the call here.
  await waitOnExecutionContext(context)
  const text = await response.text()
  const trace = response.headers.get('X-Trace-Id') ?? ''
  const answer = answerSchema.parse(JSON.parse(text))
  return { status: response.status, code: answer.code, answer, text, trace, response }
}

export const keySchema = z.object({ key_id: z.string(), key: z.string() })

/** A key of this kind in the environment prod. */
export async function makeKey(gameId: string, kind: string) {
  const { answer } = await call(`POST /games/${gameId}/keys`, { env: 'prod', kind })
  return keySchema.parse(answer)
}

/** A queue that takes nothing. */
export function refusingQueue(): Queue {
  return {
    metrics: () => env.EVENTS_QUEUE.metrics(),
    send: () => Promise.reject(new Error('Too Many Requests')),
    sendBatch: () => Promise.reject(new Error('Too Many Requests')),
  }
}
