/** User tokens of a queue batch to the sketches: one call per (game, env), however many messages. */
import { gameSketchesName } from '../../durable/names.ts'
import type { Envelope, SketchMetric, TokenGroup } from '../event/envelope.ts'
import { describeError, log } from '../log.ts'
import type { Outcome } from './outcome.ts'

interface Message {
  readonly id: string
  readonly envelope: Envelope
}

/**
 * Adds the tokens of all messages. When an object fails, only the messages of its game are deferred; adding
 * the same tokens again changes nothing.
 */
export async function addTokens(
  messages: readonly Message[],
  env: Env,
  worsen: (messageId: string, outcome: Outcome) => void,
): Promise<void> {
  const byObject = Map.groupBy(
    messages.filter(({ envelope }) => envelope.tokens.length > 0),
    ({ envelope }) => gameSketchesName(envelope),
  )
  await Promise.all(
    [...byObject].map(async ([name, group]) => {
      try {
        await env.GAME_SKETCHES.getByName(name).addTokens(mergeTokens(group))
      } catch (error) {
        log('warn', 'sketches did not take tokens', { object: name, error })
        const reason = `sketches: ${describeError(error)}`
        for (const { id } of group) worsen(id, { kind: 'deferred', reason })
      }
    }),
  )
}

/** Groups of one metric and bucket become one, without repeats. */
function mergeTokens(messages: readonly Message[]): TokenGroup[] {
  const merged = new Map<string, { metric: SketchMetric; bucket: number; tokens: Set<number> }>()
  for (const { envelope } of messages) {
    for (const { metric, bucket, tokens } of envelope.tokens) {
      const key = `${metric} ${bucket}`
      const group = merged.get(key)
      if (group === undefined) merged.set(key, { metric, bucket, tokens: new Set(tokens) })
      else for (const token of tokens) group.tokens.add(token)
    }
  }
  return [...merged.values()].map(({ metric, bucket, tokens }) => ({
    metric,
    bucket,
    tokens: Uint32Array.from(tokens),
  }))
}
