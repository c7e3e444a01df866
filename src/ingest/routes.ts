/** POST /api/events/track: authenticate, read, judge, enqueue, answer. */
import { Hono } from 'hono'
import type { Context } from 'hono'

import { MAX_EVENTS_PER_POST } from '../../configs/limits.ts'
import type { AppEnv } from '../app-env.ts'
import { configOf } from '../config.ts'
import { requireKey } from '../credentials.ts'
import { isJsonObject } from '../event/attributes.ts'
import { sha256Hex } from '../event/bytes.ts'
import { log } from '../log.ts'
import { ApiError } from '../problem.ts'
import { createEventQueue } from '../queue/create-event-queue.ts'
import type { EventQueue } from '../queue/event-queue.ts'
import type { AcceptedBatch, IngestContext } from './accept-batch.ts'
import { acceptBatch, unreadableBodyRow } from './accept-batch.ts'
import { packMessages } from './pack.ts'
import { decodeText, parseJson, readBody } from './read-body.ts'

type IngestRequest = Context<AppEnv>

/** Routes under /api/events. */
export function ingestRoutes(): Hono<AppEnv> {
  return new Hono<AppEnv>().post('/track', requireKey('write'), track)
}

async function track(c: IngestRequest): Promise<Response> {
  const { queueType } = configOf(c.env)
  const queue = createEventQueue(queueType, c.env.EVENTS_QUEUE)
  const body = await readBody(c.req.raw)
  const context = await ingestContext(c, body)
  const rawEvents = await readEvents(decodeText(body), context, queue)
  const batch = acceptBatch(rawEvents, context)
  await enqueue(queue, batch, context)
  logBatch(batch, body.byteLength, context, queue)
  return c.json(
    {
      accepted: batch.accepted,
      rejected: batch.rejected,
      results: batch.verdicts,
      trace_id: context.traceId,
      ...(queue.stores
        ? {}
        : { stored: false, warning: 'ANALYTICS_MQ_TYPE is noop: events are checked, not stored.' }),
    },
    202,
  )
}

async function ingestContext(c: IngestRequest, body: Uint8Array): Promise<IngestContext> {
  const { gameId, env, timeZone } = c.get('scope')
  return {
    gameId,
    env,
    timeZone,
    traceId: c.get('traceId'),
    receivedTimeMs: c.get('nowMs'),
    bodyDigest: await sha256Hex(body),
    hashKey: configOf(c.env).hashKey,
  }
}

/** The events of a body. A body that is not JSON is kept with its reason before it is refused. */
async function readEvents(
  text: string,
  context: IngestContext,
  queue: EventQueue,
): Promise<readonly unknown[]> {
  const json = await parseOrKeep(text, context, queue)
  if (isJsonObject(json)) return [json]
  if (!Array.isArray(json)) {
    throw new ApiError('invalid_body', 'Send an event object or an array of event objects.')
  }
  if (json.length > MAX_EVENTS_PER_POST) {
    throw new ApiError(
      'batch_too_large',
      `A POST may hold ${MAX_EVENTS_PER_POST} events, this one has ${json.length}; send it in parts.`,
    )
  }
  return json
}

async function parseOrKeep(
  text: string,
  context: IngestContext,
  queue: EventQueue,
): Promise<unknown> {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof ApiError && error.code === 'invalid_json') {
      const row = unreadableBodyRow(text, error.message, context)
      await enqueue(queue, { eventRows: [], rejectedRows: [row], tokens: [] }, context)
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
