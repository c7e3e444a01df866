/** The consumer of the dead-letter queue: every payload is kept in analytics.dead_letters. */
import { insertRows } from '../clickhouse/writer.ts'
import { configOf } from '../config.ts'
import { sha256Hex } from '../event/bytes.ts'
import { toDateTime64 } from '../event/rows.ts'
import { describeError, log } from '../log.ts'
import type { DeadLetter } from './dead-letter-message.ts'
import { deadLetterFromMessage, deadLetterSchema } from './dead-letter-message.ts'
import { deadLetterDelaySeconds } from './retry.ts'

/** Handles a batch of croupier-dead-letters. Resolves always; every message is acked or retried. */
export async function consumeDeadLetters(batch: MessageBatch, env: Env): Promise<void> {
  for (const message of batch.messages) {
    const reason = await keep(message, env)
    if (reason === null) {
      message.ack()
      continue
    }
    log('error', 'dead letter not kept yet', { queue: batch.queue, id: message.id, reason })
    message.retry({ delaySeconds: deadLetterDelaySeconds(message.attempts, Math.random()) })
  }
}

/** Null when the letter is stored, otherwise why not. */
async function keep(message: Message, env: Env): Promise<string | null> {
  try {
    const letter = await letterOf(message)
    const row = { dead_time: toDateTime64(message.timestamp.getTime()), ...letter }
    const outcome = await insertRows(configOf(env).clickhouse, {
      table: 'dead_letters',
      ndjson: new TextEncoder().encode(`${JSON.stringify(row)}\n`),
      rows: 1,
      token: await sha256Hex(letter.dead_letter_id),
    })
    return outcome.kind === 'stored' ? null : outcome.reason
  } catch (error) {
    return describeError(error)
  }
}

async function letterOf({ body }: Message): Promise<DeadLetter> {
  const own = deadLetterSchema.safeParse(body)
  return own.success ? own.data : deadLetterFromMessage(body)
}
