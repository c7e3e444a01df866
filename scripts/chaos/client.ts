/**
 * A client as SDKs are: it sends a batch until it is acknowledged, writes the moment of sending and compresses anew for
 * every attempt, and sometimes sends again what was acknowledged long ago.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

import { z } from 'zod'

import type { Random } from '../simulate/random.ts'
import { createRandom } from '../simulate/random.ts'
import type { FaultSchedule, FaultTally } from './schedule.ts'
import type { Batch } from './traffic.ts'

/** What corrected times may be off by: an attempt takes no longer. */
export const ATTEMPT_TIMEOUT_MS = 15_000
const GIVE_UP_MS = 15
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 2_000

const answerSchema = z.object({
  accepted: z.int(),
  rejected: z.int(),
  filtered: z.int(),
  trace_id: z.string(),
})
/** An acknowledgement. */
export type Answer = z.infer<typeof answerSchema>

export interface ClientTarget {
  readonly url: string
  /** Key of a game and kind */
  keyOf(batch: Batch): string
  readonly seed: number
  /** What goes wrong on the side of clients; null fires nothing */
  faults(): FaultSchedule<'post'> | null
  readonly tally: FaultTally
}

/** The server said no to a batch that it should take. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

export interface Delivery {
  readonly answer: Answer
  /** Attempts that may have left a trace, this one included */
  readonly attempts: number
}

/**
 * Sends until it is acknowledged or `isOver` says that the run is; null then. Throws RefusedError for an answer that no
 * retry mends.
 */
export async function deliver(
  target: ClientTarget,
  batch: Batch,
  isOver: () => boolean,
): Promise<Delivery | null> {
  const random = createRandom(target.seed, `batch ${batch.id}`)
  for (let attempts = 1; !isOver(); attempts += 1) {
    const answer = await attempt(target, batch, random)
    if (answer !== null) return { answer, attempts }
    await sleep(Math.min(FIRST_PAUSE_MS * 2 ** attempts, MAX_PAUSE_MS) * random.between(0.5, 1))
  }
  return null
}

/** One POST; null when it is to be sent again. */
async function attempt(target: ClientTarget, batch: Batch, random: Random): Promise<Answer | null> {
  const fault = target.faults()?.next() ?? null
  if (fault !== null) target.tally.note('post', fault.kind)
  const timeoutMs = fault?.kind === 'given up at once' ? GIVE_UP_MS : ATTEMPT_TIMEOUT_MS
  let response: Response
  let text: string
  try {
    const { body, headers } = encode(batch, random)
    response = await fetch(`${target.url}/api/${batch.door}/track`, {
      method: 'POST',
      headers: { ...headers, Authorization: `Bearer ${target.keyOf(batch)}` },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    })
    text = await response.text()
  } catch {
    // No answer: nobody knows what became of it.
    return null
  }
  if (response.status === 202) {
    return fault?.kind === 'answer lost' ? null : answerSchema.parse(JSON.parse(text))
  }
  if (response.status >= 500 || response.status === 429) return null
  throw new RefusedError(`batch ${batch.id}: ${response.status} ${text.slice(0, 300)}`)
}

interface Encoded {
  readonly body: Uint8Array<ArrayBuffer>
  readonly headers: Readonly<Record<string, string>>
}

function encode(batch: Batch, random: Random): Encoded {
  const text = textOf(batch, Date.now())
  const type = batch.form === 'lines' ? { 'Content-Type': 'application/x-ndjson' } : {}
  if (random.chance(0.5)) return { body: new TextEncoder().encode(text), headers: type }
  return {
    body: Uint8Array.from(gzipSync(text, { level: random.pick([1, 6, 9]) })),
    headers: { ...type, 'Content-Encoding': 'gzip' },
  }
}

function textOf({ form, hasIds, door, items, clockAheadMs }: Batch, nowMs: number): string {
  const list = items.map(({ raw, mark }) =>
    hasIds && door === 'events' ? { ...raw, event_id: `id-${mark}` } : raw,
  )
  switch (form) {
    case 'list':
      return JSON.stringify(list)
    case 'lines':
      return list.map((each) => JSON.stringify(each)).join('\n')
    case 'stamped':
      return JSON.stringify({ [door]: list, sent_at: nowMs + clockAheadMs })
  }
}
