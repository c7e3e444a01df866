/** Queues that take a message, or do not, or take it and say that they did not. */
import { chaos, ChaosError } from './state.ts'

const SLOW_MS = 700

const environments = new WeakMap<object, Env>()

/** The same environment with failing queues; one for each, because the product keeps what it parsed of it. */
export function failingEnv(env: Env): Env {
  const known = environments.get(env)
  if (known !== undefined) return known
  const failing: Env = {
    ...env,
    EVENTS_QUEUE: failingQueue(env.EVENTS_QUEUE, 'send'),
    DEAD_LETTER_QUEUE: failingQueue(env.DEAD_LETTER_QUEUE, 'dead letter'),
  }
  environments.set(env, failing)
  return failing
}

function failingQueue(queue: Queue, operation: 'send' | 'dead letter'): Queue {
  return {
    metrics: () => queue.metrics(),
    sendBatch: (messages, options) =>
      throughFault(operation, () => queue.sendBatch(messages, options)),
    send: (message, options) => throughFault(operation, () => queue.send(message, options)),
  }
}

async function throughFault<Reply>(
  operation: 'send' | 'dead letter',
  send: () => Promise<Reply>,
): Promise<Reply> {
  const fault = chaos.next(operation)
  if (fault === null) return send()
  if (fault.kind === 'slow, then rejected') {
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
  }
  if (fault.kind === 'rejected after it was taken') await send()
  throw new ChaosError(`${operation} ${fault.n}: ${fault.kind}`)
}
