/**
 * Whether messages of the local queue wait for another attempt: no backlog counts them, and they die with the
 * Worker. The log of the Worker says only that some were deferred, not when they are settled, so this
 * answers by time: "may wait" can be wrong, "none waits" cannot.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

import { z } from 'zod'

/** A batch of events, or a dead letter that was not kept. */
const lineSchema = z.union([
  z.object({
    message: z.literal('consumed'),
    deferred: z.int().positive(),
    duration_ms: z.number(),
  }),
  z.object({ message: z.literal('dead letter not kept yet') }),
])

/**
 * The delays of src/consume/retry.ts double, give or take a quarter: who has failed for s seconds waits
 * 5/3 s + 2.5 s at most. Twice s and this margin leave room for the gathering of a batch.
 */
const MARGIN_MS = 10_000

const FOLLOW_INTERVAL_MS = 500
const CHUNK_BYTES = 65_536

/** Follows the deferrals of one Worker; times are milliseconds of any one clock. */
export class DeferredMessages {
  /** From the first to the last deferral of a time without a moment in which certainly none waited. */
  #trouble: { readonly firstMs: number; readonly lastMs: number } | null = null

  /** A line of the log, seen at `nowMs`. */
  note(line: string, nowMs: number): void {
    const deferral = deferralOf(line)
    if (deferral === null) return
    const beganMs = nowMs - deferral.durationMs
    const firstMs = this.#trouble !== null && this.mayWait(beganMs) ? this.#trouble.firstMs : nowMs
    this.#trouble = { firstMs, lastMs: nowMs }
  }

  /** False when every message that was deferred has certainly come again since, and was not deferred. */
  mayWait(nowMs: number): boolean {
    if (this.#trouble === null) return false
    const { firstMs, lastMs } = this.#trouble
    return nowMs <= lastMs + 2 * (lastMs - firstMs) + MARGIN_MS
  }
}

/** The dev server puts coloured words around the JSON of a warning or an error. */
function deferralOf(line: string): { readonly durationMs: number } | null {
  let value: unknown
  try {
    value = JSON.parse(line.slice(line.indexOf('{'), line.lastIndexOf('}') + 1))
  } catch {
    // A line of the dev server.
    return null
  }
  const { data } = lineSchema.safeParse(value)
  if (data === undefined) return null
  return { durationMs: 'duration_ms' in data ? data.duration_ms : 0 }
}

export interface LogFollower {
  /** Whether messages may wait for another attempt, by all that the log says now. */
  mayWait(): boolean
  stop(): void
}

/** Follows the log of a Worker from its beginning until stop(). */
export function followDeferredMessages(logFile: string): LogFollower {
  const messages = new DeferredMessages()
  const file = openSync(logFile, 'r')
  const decoder = new StringDecoder('utf8')
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let position = 0
  let rest = ''
  const read = (): void => {
    const size = fstatSync(file).size
    while (position < size) {
      const bytes = readSync(file, chunk, 0, CHUNK_BYTES, position)
      if (bytes === 0) return
      position += bytes
      const lines = (rest + decoder.write(chunk.subarray(0, bytes))).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) messages.note(line, performance.now())
    }
  }
  const timer = setInterval(read, FOLLOW_INTERVAL_MS).unref()
  return {
    mayWait() {
      read()
      return messages.mayWait(performance.now())
    },
    stop() {
      clearInterval(timer)
      closeSync(file)
    },
  }
}
