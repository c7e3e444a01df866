/** POST /api/events/rejected/replay: one call replays what passes by now. */
import type { Context } from 'hono'

import { ApiError } from '../api-error.ts'
import type { AppEnv } from '../app-env.ts'
import { sendAudit } from '../audit.ts'
import { configOf } from '../config.ts'
import { toCursor } from '../cursor.ts'
import type { AuditEntry } from '../event/audit.ts'
import { shapeOf } from '../event/masking.ts'
import { readJsonBody } from '../parameters.ts'
import { createEventQueue } from '../queue/create-event-queue.ts'
import { currentSettings } from '../settings/current-settings.ts'
import { refuseClosed } from '../settings/refuse-closed.ts'
import { presentProfile } from './present-game.ts'
import type { Replay, ReplayOutcome } from './replay.ts'
import { replay } from './replay.ts'
import type { ReplayAnswer } from './schemas.ts'
import { replayBodySchema } from './schemas.ts'

/**
 * The answer to a request that may replay and whose body is bounded. Throws invalid_json, invalid_field;
 * ingest_disabled, maintenance: the game takes nothing, from here neither; queue_unavailable, after which everything
 * that was not sent can be replayed.
 */
export async function answerReplay(c: Context<AppEnv>): Promise<ReplayAnswer> {
  const text = await c.req.text()
  const body = readJsonBody(replayBodySchema, text)
  const { scope, traceId, nowMs } = c.var
  const { clickhouse, hashKey, hashId } = configOf(c.env)
  const settings = await currentSettings(c.env, scope, nowMs)
  if (!body.dry_run) refuseClosed(settings, nowMs)
  const game = await presentProfile(c.env.CONTROL_DB, scope)
  const outcome = await replay({
    connection: clickhouse,
    context: {
      gameId: scope.gameId,
      env: scope.env,
      timeZone: game.timeZone,
      game,
      settings,
      hashKey,
      traceId,
      nowMs,
    },
    counting: { timeZone: game.timeZone, shards: settings.sketch_shards, hashId },
    filter: {
      code: body.code ?? null,
      event: body.event ?? null,
      startMs: body.start ?? null,
      endMs: body.end ?? null,
    },
    after: body.cursor ?? null,
    limit: body.limit,
    send: body.dry_run ? null : sender(c.env),
  })
  if (!body.dry_run) await intoQueue(sendAudit(c.env, [auditEntry(c, outcome, text)]))
  return toAnswer(outcome, body.dry_run, traceId)
}

function sender(env: Env): Replay['send'] {
  const queue = createEventQueue(configOf(env).queueType, env.EVENTS_QUEUE)
  if (!queue.stores) {
    throw new ApiError(
      'queue_unavailable',
      'ANALYTICS_MQ_TYPE is noop: nothing can be stored; dry_run tells what would pass.',
    )
  }
  return (messages) => intoQueue(queue.send(messages))
}

async function intoQueue(sent: Promise<unknown>): Promise<void> {
  try {
    await sent
  } catch (cause) {
    throw new ApiError(
      'queue_unavailable',
      'The queue did not take everything. What it did not take can be replayed; call again after Retry-After.',
      { cause },
    )
  }
}

function auditEntry(c: Context<AppEnv>, outcome: ReplayOutcome, text: string): AuditEntry {
  const { scope, principal, traceId, nowMs } = c.var
  return {
    timeMs: nowMs,
    gameId: scope.gameId,
    env: scope.env,
    actorKind: principal.kind,
    actorId: principal.id,
    action: 'events.replay',
    target: '',
    status: 200,
    traceId,
    accepted: outcome.replayed,
    rejected: outcome.examined - outcome.replayed,
    bytes: new TextEncoder().encode(text).byteLength,
    snapshot: shapeOf(text.trim() === '' ? {} : JSON.parse(text)),
  }
}

function toAnswer(outcome: ReplayOutcome, isDryRun: boolean, traceId: string): ReplayAnswer {
  const { examined, replayed, filtered, unreadable, remaining, last } = outcome
  return {
    examined,
    replayed,
    filtered,
    still_refused: [...outcome.refusedByCode].map(([code, count]) => ({ code, count })),
    unreadable,
    remaining,
    next_cursor: last === null ? null : toCursor([last.code, last.rejectionId]),
    dry_run: isDryRun,
    trace_id: traceId,
  }
}
