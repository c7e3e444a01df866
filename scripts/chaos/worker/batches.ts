/** Batches as a queue of at-least-once delivery may hand them over: twice, in parts, in other company, or with a crash. */
import { sha256Hex } from '../../../src/event/bytes.ts'
import type { Random } from '../../simulate/random.ts'
import type { Fault } from '../schedule.ts'
import { shuffled } from '../schedule.ts'
import { failingEnv } from './queues.ts'
import { chaos, ChaosError } from './state.ts'

type Handler = (batch: MessageBatch, env: Env) => void | Promise<void>

/** Minutes of waiting are cut to this, so that a run ends. */
const MAX_DELAY_SECONDS = 1

/** Messages of earlier batches that may be handed over again. */
const MAX_REMEMBERED = 40
const remembered: Message[] = []

/** At most so many messages are said to be out of retries at once. */
const MAX_EXHAUSTED = 2

/** Hands a batch to the real handler, in the way that the seed says. */
export async function deliver(batch: MessageBatch, env: Env, handle: Handler): Promise<void> {
  const fault = batch.queue.endsWith('dead-letters') ? null : chaos.next('batch')
  const messages = batch.messages.map(tracked)
  for (const { id } of messages) chaos.outstanding.add(id)
  chaos.running += 1
  try {
    const run: Run = (given, environment = failingEnv(env)) =>
      Promise.resolve(handle(batchOf(batch, given), environment))
    await (fault === null ? run(messages) : deliverWrongly(fault, messages, env, run))
  } catch (error) {
    // The platform hands over the whole batch again, acknowledged or not.
    for (const { id } of messages) chaos.outstanding.add(id)
    throw error
  } finally {
    chaos.running -= 1
  }
  for (const message of messages) remember(message)
}

type Run = (messages: readonly Message[], env?: Env) => Promise<void>

async function deliverWrongly(
  { kind, n, random }: Fault<'batch'>,
  messages: readonly Message[],
  env: Env,
  run: Run,
): Promise<void> {
  const crash = new ChaosError(`batch ${n}: ${kind}`)
  switch (kind) {
    case 'throw before':
      throw crash
    case 'throw after':
      await run(messages)
      throw crash
    case 'batch twice':
      await run(messages.map(silent))
      return run(messages)
    case 'messages twice':
      return run(shuffled([...messages, ...messages.map(silent)], random))
    case 'shuffled':
      return run(shuffled(messages, random))
    case 'split':
      return runInParts(messages, random, run)
    case 'regrouped':
      return runInParts(shuffled([...messages, ...remembered.map(silent)], random), random, run)
    case 'acks lost':
      return run(messages.map((message) => ({ ...message, ack: () => message.retry() })))
    case 'retries exhausted':
      return exhaust(messages, env, run)
    case 'throw at ack':
      return run(
        messages.map((message, index) => (index === 0 ? throwing(message, crash) : message)),
      )
    case 'settings unreadable':
      return run(messages, { ...failingEnv(env), CLICKHOUSE_URL: 'nowhere' })
  }
}

/** Two invocations at the same time, as with several consumers. */
async function runInParts(messages: readonly Message[], random: Random, run: Run): Promise<void> {
  const border = Math.floor(random.between(0, messages.length + 1))
  const parts = [messages.slice(0, border), messages.slice(border)]
  await Promise.all(parts.filter((part) => part.length > 0).map((part) => run(part)))
}

/** The platform moves a message to the dead-letter queue when it has come too often. */
async function exhaust(messages: readonly Message[], env: Env, run: Run): Promise<void> {
  for (const message of messages.slice(0, MAX_EXHAUSTED)) {
    if (!(message.body instanceof ArrayBuffer)) throw new TypeError('a message is no bytes')
    // A POST that was sent in company of nobody and then alone is two messages of the same bytes, and one letter.
    const digest = await sha256Hex(new Uint8Array(message.body))
    await env.DEAD_LETTER_QUEUE.send(new Uint8Array(message.body), { contentType: 'bytes' })
    chaos.exhausted.add(digest)
    message.ack()
  }
  const rest = messages.slice(MAX_EXHAUSTED)
  if (rest.length > 0) await run(rest)
}

function batchOf({ queue, metadata }: MessageBatch, messages: readonly Message[]): MessageBatch {
  return {
    queue,
    metadata,
    messages,
    ackAll: () => messages.forEach((message) => message.ack()),
    retryAll: (options) => messages.forEach((message) => message.retry(options)),
  }
}

/** The message, with its fate noted and its waiting cut short. */
function tracked(message: Message): Message {
  const { id, timestamp, body, attempts } = message
  return {
    id,
    timestamp,
    body,
    attempts,
    ack() {
      chaos.outstanding.delete(id)
      message.ack()
    },
    retry({ delaySeconds = 0 } = {}) {
      chaos.outstanding.add(id)
      message.retry({ delaySeconds: Math.min(delaySeconds, MAX_DELAY_SECONDS) })
    },
  }
}

/** A second delivery, the fate of which decides nothing. */
function silent(message: Message): Message {
  return { ...message, ack: () => undefined, retry: () => undefined }
}

function throwing(message: Message, error: Error): Message {
  return {
    ...message,
    ack() {
      throw error
    },
  }
}

function remember(message: Message): void {
  if (!chaos.isOn) return
  remembered.push(silent(message))
  if (remembered.length > MAX_REMEMBERED) remembered.shift()
}
