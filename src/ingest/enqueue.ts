/**
 * What was judged, onto the queue: as a message of its own, or in company. Either way it resolves only after the queue
 * has everything on disk.
 */
import { z } from 'zod'

import { COALESCER_DEADLINE_MS, COALESCER_PAUSE_MS } from '../../configs/limits.ts'
import { ApiError } from '../api-error.ts'
import { configOf } from '../config.ts'
import { coalesce, isWorthCoalescing } from '../event-coalescer.ts'
import { log } from '../log.ts'
import { createEventQueue } from '../queue/create-event-queue.ts'
import type { EventQueue } from '../queue/event-queue.ts'
import { BacklogWatch } from './backlog.ts'
import type { IngestContext } from './ingest-context.ts'
import type { Cargo, MessageContext } from './pack.ts'
import { packMessages } from './pack.ts'
import type { IngestRequest } from './receive.ts'

/** Scopes remembered as paused, per isolate. */
const MAX_PAUSED_SCOPES = 1_000

/** Of a connection whose continent is not known. */
const NO_CONTINENT = 'XX'

const connectionSchema = z.object({ continent: z.string().regex(/^[A-Z]{2}$/) })

const backlog = new BacklogWatch()

/** Until when POSTs of a scope and continent are sent on their own, in milliseconds since the epoch */
const pausedUntilMs = new Map<string, number>()

/** The queue of this deployment. */
export function queueOf(c: IngestRequest): EventQueue {
  return createEventQueue(configOf(c.env).queueType, c.env.EVENTS_QUEUE)
}

/** Throws overloaded while the queue holds nearly as much as it can. */
export async function requireRoom(c: IngestRequest): Promise<void> {
  await backlog.requireRoom(queueOf(c), c.get('nowMs'))
}

/**
 * Puts a batch on the queue: in company when the game wants that (`coalesce_ms`) and the batch is small, otherwise as a
 * message of its own. Throws queue_unavailable when nothing may be acknowledged.
 *
 * Company never makes ingest less available: whatever goes wrong with it, the batch is sent as a message of its own.
 * It may have been sent before, then; that is harmless, because rows are identified and tokens are idempotent.
 */
export async function enqueue(
  c: IngestRequest,
  queue: EventQueue,
  cargo: Cargo,
  context: IngestContext,
): Promise<void> {
  const isCoalesced =
    context.settings.coalesce_ms > 0 && queue.stores && isWorthCoalescing({ cargo })
  if (isCoalesced && (await isTakenInCompany(c, cargo, context))) return
  await enqueueAlone(c, queue, cargo, context)
}

/** Puts a batch on the queue as a message of its own. Throws queue_unavailable when nothing may be acknowledged. */
export async function enqueueAlone(
  c: IngestRequest,
  queue: EventQueue,
  cargo: Cargo,
  context: IngestContext,
): Promise<void> {
  const messages = packMessages(cargo, messageContextOf(c, context))
  try {
    backlog.note(await queue.send(messages), context.receivedTimeMs)
  } catch (cause) {
    throw new ApiError(
      'queue_unavailable',
      'Nothing was acknowledged; send the same body again after Retry-After.',
      { cause },
    )
  }
}

/** Whether the batch is on the queue, in company. Never throws. */
async function isTakenInCompany(
  c: IngestRequest,
  cargo: Cargo,
  context: IngestContext,
): Promise<boolean> {
  const { gameId, env } = context
  const continent = connectionSchema.safeParse(c.req.raw.cf).data?.continent ?? NO_CONTINENT
  const name = JSON.stringify([gameId, env, continent])
  if (Date.now() < (pausedUntilMs.get(name) ?? 0)) return false
  const waitMs = context.settings.coalesce_ms
  const startMs = Date.now()
  try {
    const post = { cargo: plainCargo(cargo), context: messageContextOf(c, context), waitMs }
    backlog.note(await coalesce(c.env, post, continent), context.receivedTimeMs)
    return true
  } catch (error) {
    log('warn', 'sent alone', { trace_id: context.traceId, game_id: gameId, env, error })
    // Whoever comes next must not wait for it in vain, nor call an object that has too much to do.
    const isSlow = Date.now() - startMs > waitMs + COALESCER_DEADLINE_MS / 2
    if (isSlow || isOverloaded(error)) pause(name)
    return false
  }
}

/** What of a batch goes onto the queue, and nothing else: the object refuses what it does not know. */
function plainCargo({
  eventRows = [],
  paymentRows = [],
  rejectedRows = [],
  auditRows = [],
  tokens = [],
  revenueDays = [],
}: Cargo): Cargo {
  return { eventRows, paymentRows, rejectedRows, auditRows, tokens, revenueDays }
}

function messageContextOf(c: IngestRequest, context: IngestContext): MessageContext {
  const { gameId, env, traceId, receivedTimeMs, timeZone, settings } = context
  const counting = { timeZone, shards: settings.sketch_shards, hashId: configOf(c.env).hashId }
  return { gameId, env, traceId, receivedTimeMs, counting }
}

/** The runtime marks errors of objects that have more calls than they can handle. */
function isOverloaded(error: unknown): boolean {
  return error instanceof Error && 'overloaded' in error && error.overloaded === true
}

function pause(name: string): void {
  pausedUntilMs.delete(name)
  pausedUntilMs.set(name, Date.now() + COALESCER_PAUSE_MS)
  const [oldest] = pausedUntilMs.keys()
  if (pausedUntilMs.size > MAX_PAUSED_SCOPES && oldest !== undefined) pausedUntilMs.delete(oldest)
}
