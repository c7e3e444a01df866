/**
 * One queue batch in, one verdict per message out. Rows go to ClickHouse in one insert per table, user
 * tokens to one object per (game, env); where payments were stored, a refresh of their days' revenue goes back to the
 * queue. A message is acknowledged only when all of that is on disk. Everything is idempotent, so any message may come
 * again, in any company.
 *
 * The handler never throws: a throw would bring back every message of the batch, acknowledged or not.
 */
import { MAX_ROUND_BYTES } from '../../configs/limits.ts'
import { configOf } from '../config.ts'
import type { Envelope, RowTable } from '../event/envelope.ts'
import { ROW_TABLES } from '../event/envelope.ts'
import { describeError, log } from '../log.ts'
import { addTokens } from './add-tokens.ts'
import { forwardMessage } from './dead-letter-message.ts'
import { InsertBatch } from './insert-batch.ts'
import { IsolationBudget } from './isolation-budget.ts'
import type { Outcome } from './outcome.ts'
import { SETTLED, worseOf } from './outcome.ts'
import { readEnvelope } from './read-message.ts'
import { refreshRevenue } from './refresh-revenue.ts'
import { retryDelaySeconds } from './retry.ts'

/** Objects around the tokens of one group. */
const TOKEN_GROUP_BYTES = 400

interface ReadMessage {
  readonly message: Message
  readonly id: string
  readonly envelope: Envelope
}

/** Handles a batch of croupier-events. Resolves always; every message is acked or retried. */
export async function consumeEvents(batch: MessageBatch, env: Env): Promise<void> {
  const startMs = Date.now()
  const reasons = new Set<string>()
  const budget = new IsolationBudget()
  let deferred = 0
  for await (const round of roundsOf(batch, env)) {
    for (const [message, outcome] of await storeRound(round, env, budget)) {
      if (outcome.kind === 'deferred') {
        deferred += 1
        reasons.add(outcome.reason)
      }
      settle(message, outcome)
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

/**
 * The messages of a batch in rounds that fit into memory; nearly always one. Messages that nobody can read
 * are sent on and settled on the way.
 */
async function* roundsOf(batch: MessageBatch, env: Env): AsyncGenerator<ReadMessage[]> {
  let round: ReadMessage[] = []
  let bytes = 0
  for (const message of batch.messages) {
    const envelope = await readOrForward(message, env)
    if (envelope === null) continue
    round.push({ message, id: message.id, envelope })
    bytes += heldBytes(envelope)
    if (bytes < MAX_ROUND_BYTES) continue
    yield round
    round = []
    bytes = 0
  }
  if (round.length > 0) yield round
}

/** What an envelope holds in memory, about: rows, and token groups with their values, which can be a thousand. */
function heldBytes({ sections, tokens }: Envelope): number {
  let bytes = 0
  for (const { ndjson } of sections) bytes += ndjson.byteLength
  for (const group of tokens) {
    bytes += TOKEN_GROUP_BYTES + group.tokens.byteLength
    for (const value of group.by ?? []) bytes += 2 * value.length
  }
  return bytes
}

async function readOrForward(message: Message, env: Env): Promise<Envelope | null> {
  try {
    return readEnvelope(message.body)
  } catch (error) {
    log('error', 'message unreadable', { id: message.id, error })
    settle(message, await forwardMessage(env.DEAD_LETTER_QUEUE, message.body))
    return null
  }
}

/** Stores a round; every message of it has an outcome. */
async function storeRound(
  round: readonly ReadMessage[],
  env: Env,
  budget: IsolationBudget,
): Promise<readonly (readonly [Message, Outcome])[]> {
  const outcomes = new Map<string, Outcome>()
  const worsen = (id: string, outcome: Outcome) =>
    outcomes.set(id, worseOf(outcomes.get(id) ?? SETTLED, outcome))
  try {
    const inserts = new InsertBatch(configOf(env).clickhouse, env.DEAD_LETTER_QUEUE, budget)
    await Promise.all([
      addTokens(round, env, worsen),
      ...ROW_TABLES.map((table) => inserts.insert(table, partsOf(round, table), worsen)),
    ])
    // What is deferred comes again with its payments.
    const stored = round.filter(({ id }) => outcomes.get(id)?.kind !== 'deferred')
    await refreshRevenue(stored, env, worsen)
  } catch (error) {
    log('error', 'round failed', { messages: round.length, error })
    for (const { id } of round) worsen(id, { kind: 'deferred', reason: describeError(error) })
  }
  return Promise.all(
    round.map(async ({ message, id }) => [
      message,
      await finalOutcome(outcomes.get(id), message, env),
    ]),
  )
}

/** A message that is given up is done with once the dead-letter queue has it. */
async function finalOutcome(
  outcome: Outcome = SETTLED,
  message: Message,
  env: Env,
): Promise<Outcome> {
  if (outcome.kind !== 'given_up') return outcome
  log('error', 'message given up', { id: message.id, reason: outcome.reason })
  return forwardMessage(env.DEAD_LETTER_QUEUE, message.body)
}

function partsOf(round: readonly ReadMessage[], table: RowTable) {
  return round.flatMap(({ id, envelope }) =>
    envelope.sections
      .filter((section) => section.table === table)
      .map(({ rows, ndjson }) => ({ id, envelope, rows, ndjson })),
  )
}

function settle(message: Message, outcome: Outcome): void {
  if (outcome.kind === 'settled') message.ack()
  else message.retry({ delaySeconds: retryDelaySeconds(message.attempts, Math.random()) })
}
