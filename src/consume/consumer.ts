import type { Config } from '../config.ts'
import { configOf } from '../config.ts'
/**
 * One queue batch in, one verdict per message out. Rows go to ClickHouse in one insert per table, user
 * tokens to one object per (game, env); a message is acknowledged only when both are on disk. Everything
 * is idempotent, so any message may come again, in any company.
 *
 * The handler never throws: a throw would bring back every message of the batch, acknowledged or not.
 */
import type { Envelope, RowTable } from '../event/envelope.ts'
import { ROW_TABLES } from '../event/envelope.ts'
import { describeError, log } from '../log.ts'
import { addTokens } from './add-tokens.ts'
import { forwardMessage } from './dead-letter-message.ts'
import { InsertBatch } from './insert-batch.ts'
import type { Outcome } from './outcome.ts'
import { SETTLED, worseOf } from './outcome.ts'
import { readEnvelope } from './read-message.ts'
import { retryDelaySeconds } from './retry.ts'

interface ReadMessage {
  readonly id: string
  readonly envelope: Envelope
}

/** Handles a batch of croupier-events. Resolves always; every message is acked or retried. */
export async function consumeEvents(batch: MessageBatch, env: Env): Promise<void> {
  const startMs = Date.now()
  const outcomes = new Map<string, Outcome>()
  try {
    const config = configOf(env)
    const messages = await readMessages(batch, env, outcomes)
    await store(messages, env, config, outcomes)
  } catch (error) {
    log('error', 'batch failed', { queue: batch.queue, error })
    for (const { id } of batch.messages) {
      outcomes.set(id, { kind: 'deferred', reason: describeError(error) })
    }
  }
  settle(batch, outcomes, startMs)
}

async function readMessages(
  batch: MessageBatch,
  env: Env,
  outcomes: Map<string, Outcome>,
): Promise<ReadMessage[]> {
  const messages: ReadMessage[] = []
  for (const { id, body } of batch.messages) {
    try {
      messages.push({ id, envelope: await readEnvelope(body) })
      outcomes.set(id, SETTLED)
    } catch (error) {
      log('error', 'message unreadable', { queue: batch.queue, id, error })
      outcomes.set(id, await forwardMessage(env.DEAD_LETTER_QUEUE, body))
    }
  }
  return messages
}

async function store(
  messages: readonly ReadMessage[],
  env: Env,
  config: Config,
  outcomes: Map<string, Outcome>,
): Promise<void> {
  const worsen = (id: string, outcome: Outcome) =>
    outcomes.set(id, worseOf(outcomes.get(id) ?? SETTLED, outcome))
  const inserts = new InsertBatch(config.clickhouse, env.DEAD_LETTER_QUEUE)
  await Promise.all([
    addTokens(messages, env, worsen),
    ...ROW_TABLES.map((table) => inserts.insert(table, partsOf(messages, table), worsen)),
  ])
}

function partsOf(messages: readonly ReadMessage[], table: RowTable) {
  return messages.flatMap(({ id, envelope }) =>
    envelope.sections
      .filter((section) => section.table === table)
      .map(({ rows, ndjson }) => ({ id, envelope, rows, ndjson })),
  )
}

function settle(
  batch: MessageBatch,
  outcomes: ReadonlyMap<string, Outcome>,
  startMs: number,
): void {
  const reasons = new Set<string>()
  let deferred = 0
  for (const message of batch.messages) {
    const outcome: Outcome = outcomes.get(message.id) ?? { kind: 'deferred', reason: 'no verdict' }
    switch (outcome.kind) {
      case 'settled':
        message.ack()
        break
      case 'deferred':
        deferred += 1
        reasons.add(outcome.reason)
        message.retry({ delaySeconds: retryDelaySeconds(message.attempts, Math.random()) })
        break
    }
  }
  log(deferred === 0 ? 'info' : 'warn', 'consumed', {
    queue: batch.queue,
    messages: batch.messages.length,
    deferred,
    ...(deferred === 0 ? {} : { reasons: [...reasons].slice(0, 5) }),
    duration_ms: Date.now() - startMs,
  })
}
