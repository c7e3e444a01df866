/** User tokens of a round to the sketches: one call per (game, env), however many messages. */
import { gameSketchesName } from '../../durable/names.ts'
import type { Envelope } from '../event/envelope.ts'
import { gameSketches } from '../game-sketches.ts'
import { describeError, log } from '../log.ts'
import type { Outcome } from './outcome.ts'
import { deliveryOf } from './token-delivery.ts'

interface Message {
  readonly id: string
  readonly envelope: Envelope
}

/**
 * Adds the tokens of all messages. When an object fails, only the messages of its game are deferred; adding
 * the same tokens again changes nothing. Messages whose tokens were made by another key are delivered on their own,
 * so that they fail alone.
 */
export async function addTokens(
  messages: readonly Message[],
  env: Env,
  worsen: (messageId: string, outcome: Outcome) => void,
): Promise<void> {
  const byDelivery = Map.groupBy(
    messages.filter(({ envelope }) => envelope.tokens.length > 0),
    ({ envelope }) => `${gameSketchesName(envelope)} ${envelope.counting?.hashId ?? ''}`,
  )
  await Promise.all(
    [...byDelivery.values()].map(async (group) => {
      const delivery = deliveryOf(
        group.map(({ envelope }) => envelope),
        Math.random(),
      )
      if (delivery === null) return
      const name = gameSketchesName(delivery, delivery.shard)
      try {
        await gameSketches(env, delivery, delivery.shard).addTokens(delivery)
      } catch (error) {
        log('warn', 'sketches did not take tokens', { object: name, error })
        const reason = `sketches: ${describeError(error)}`
        for (const { id } of group) worsen(id, { kind: 'deferred', reason })
      }
    }),
  )
}
