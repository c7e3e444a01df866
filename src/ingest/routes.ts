/** POST /api/events/track: authenticate, read, judge, enqueue, answer. */
import { Hono } from 'hono'
import type { Context } from 'hono'

import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import { configOf } from '../config.ts'
import { requireKey } from '../credentials.ts'
import { sha256Hex } from '../event/bytes.ts'
import { log } from '../log.ts'
import { createEventQueue } from '../queue/create-event-queue.ts'
import type { EventQueue } from '../queue/event-queue.ts'
import type { AcceptedBatch, IngestContext } from './accept-batch.ts'
import { acceptBatch, unreadableBodyRow } from './accept-batch.ts'
import { packMessages } from './pack.ts'
import { decodeText, readBody } from './read-body.ts'
import type { IncomingBatch } from './read-events.ts'
import { readEvents } from './read-events.ts'

const NOT_STORED = 'ANALYTICS_MQ_TYPE is noop: events are checked, not stored'

type IngestRequest = Context<AppEnv>

/** Routes under /api/events. */
export function ingestRoutes(): Hono<AppEnv> {
  return new Hono<AppEnv>().post('/track', requireKey('write'), track).all('/track', (c) => {
    c.header('Allow', 'POST')
    throw new ApiError('method_not_allowed', 'Send events with POST.')
  })
}

async function track(c: IngestRequest): Promise<Response> {
  const { queueType } = configOf(c.env)
  const queue = createEventQueue(queueType, c.env.EVENTS_QUEUE)
  const body = await readBody(c.req.raw)
  const request = await requestContext(c, body)
  const incoming = await readOrKeep(c, decodeText(body), request, queue)
  const { sentTimeMs, retryText } = incoming
  const bodyDigest = retryText === null ? request.bodyDigest : await sha256Hex(retryText)
  const context = { ...request, sentTimeMs, bodyDigest }
  const batch = acceptBatch(incoming.events, context)
  await enqueue(queue, batch, context)
  logBatch(batch, body.byteLength, context, queue)
  const warnings = queue.stores ? incoming.warnings : [...incoming.warnings, NOT_STORED]
  return c.json(
    {
      accepted: batch.accepted,
      rejected: batch.rejected,
      results: batch.verdicts,
      trace_id: context.traceId,
      ...(queue.stores ? {} : { stored: false }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
    202,
  )
}

async function requestContext(c: IngestRequest, body: Uint8Array): Promise<IngestContext> {
  const { gameId, env, timeZone } = c.get('scope')
  return {
    gameId,
    env,
    timeZone,
    traceId: c.get('traceId'),
    receivedTimeMs: c.get('nowMs'),
    sentTimeMs: null,
    bodyDigest: await sha256Hex(body),
    hashKey: configOf(c.env).hashKey,
  }
}

/** The events of a body. A body that is not JSON is kept with its reason before it is refused. */
async function readOrKeep(
  c: IngestRequest,
  text: string,
  context: IngestContext,
  queue: EventQueue,
): Promise<IncomingBatch> {
  try {
    return readEvents(text, c.req.header('Content-Type'))
  } catch (error) {
    if (error instanceof ApiError && error.code === 'invalid_json') {
      const row = unreadableBodyRow(text, error.message, context)
      await enqueue(
        queue,
        { eventRows: [], paymentRows: [], rejectedRows: [row], tokens: [] },
        context,
      )
    }
    throw error
  }
}

async function enqueue(
  queue: EventQueue,
  batch: Parameters<typeof packMessages>[0],
  context: IngestContext,
): Promise<void> {
  const messages = await packMessages(batch, context)
  try {
    await queue.send(messages)
  } catch (cause) {
    throw new ApiError(
      'queue_unavailable',
      'Nothing was acknowledged; send the same body again after Retry-After.',
      { cause },
    )
  }
}

function logBatch(
  batch: AcceptedBatch,
  bytes: number,
  { traceId, gameId, env }: IngestContext,
  queue: EventQueue,
): void {
  const { accepted, rejected } = batch
  log(queue.stores ? 'info' : 'warn', queue.stores ? 'ingested' : 'checked, not stored (noop)', {
    trace_id: traceId,
    game_id: gameId,
    env,
    accepted,
    rejected,
    bytes,
  })
}
