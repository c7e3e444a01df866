/**
 * Sends batches of events to POST /api/events/track, several at a time. A POST that may not have arrived is
 * sent again with the same bytes, so the server can tell it from a new one; an event counts as accepted only
 * when an answer said so.
 */
import { z } from 'zod'

export interface Target {
  /** Origin of the Worker, without a trailing slash */
  readonly url: string
  readonly gameId: string
  readonly env: string
  readonly writeKey: string
}

/** The body of one POST. */
export interface Batch {
  readonly body: Uint8Array
  readonly events: number
}

/** What was acknowledged so far. */
export interface SendReport {
  sent: number
  accepted: number
  rejected: number
  /** POSTs that were sent again, each counted as often as it was */
  retriedPosts: number
  /** The first rejected events, as the answer describes them */
  readonly rejections: string[]
}

export interface SendOptions {
  readonly concurrency: number
  /** Called after every acknowledged POST. */
  readonly onProgress: (report: SendReport) => void
  /** Resolves after so many milliseconds. */
  readonly wait: (ms: number) => Promise<unknown>
}

/** Attempts per POST; with the delays below they span 90 seconds, long enough for a restart. */
const MAX_ATTEMPTS = 10
const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 15_000
const POST_TIMEOUT_MS = 30_000
const REJECTIONS_SHOWN = 5

const answerSchema = z.object({
  accepted: z.int().nonnegative(),
  rejected: z.int().nonnegative(),
  results: z.array(z.looseObject({ status: z.string() })),
  stored: z.boolean().default(true),
})
type Answer = z.output<typeof answerSchema>

/** Sending stopped; `report` says what had been acknowledged by then. */
export class SendError extends Error {
  override readonly name = 'SendError'
  readonly report: SendReport

  constructor(message: string, report: SendReport, options?: ErrorOptions) {
    super(message, options)
    this.report = report
  }
}

/**
 * Throws when nothing answers at `url`. A server that goes away later is waited for; one that was never there
 * is a mistake of the caller's.
 */
export async function requireServer(url: string): Promise<void> {
  try {
    await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(POST_TIMEOUT_MS) })
  } catch (cause) {
    throw new Error(`${url} does not answer (${networkReason(cause)}); is npm start running?`, {
      cause,
    })
  }
}

/** Groups events (JSON texts) into bodies of `size` events; the last may be smaller. */
export function* batchesOf(events: Iterable<string>, size: number): Generator<Batch> {
  let texts: string[] = []
  for (const text of events) {
    texts.push(text)
    if (texts.length === size) {
      yield batchOf(texts)
      texts = []
    }
  }
  if (texts.length > 0) yield batchOf(texts)
}

function batchOf(texts: readonly string[]): Batch {
  return { body: Buffer.from(`[${texts.join(',')}]`), events: texts.length }
}

/**
 * Sends every batch and resolves when all are acknowledged. Throws SendError on an answer that sending again
 * would not change (4xx, an answer that does not add up, a server that stores nothing) and when one POST has
 * failed MAX_ATTEMPTS times; POSTs on their way are waited for, so the report is complete.
 */
export async function sendAll(
  batches: Iterable<Batch>,
  target: Target,
  options: SendOptions,
): Promise<SendReport> {
  const report: SendReport = { sent: 0, accepted: 0, rejected: 0, retriedPosts: 0, rejections: [] }
  const stop = new AbortController()
  const queue = batches[Symbol.iterator]()
  const send = async () => {
    try {
      for (let next = queue.next(); next.done !== true; next = queue.next()) {
        const answer = await post(next.value, target, options, report, stop.signal)
        if (answer === null) return
        record(answer, next.value, report)
        options.onProgress(report)
      }
    } catch (error) {
      stop.abort(error)
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, send))
  if (!stop.signal.aborted) return report
  const cause: unknown = stop.signal.reason
  throw new SendError(cause instanceof Error ? cause.message : String(cause), report, { cause })
}

/** The answer to a batch; null when sending was stopped before the batch was acknowledged. */
async function post(
  batch: Batch,
  target: Target,
  { wait }: SendOptions,
  report: SendReport,
  stop: AbortSignal,
): Promise<Answer | null> {
  let failure: Failure | undefined
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    if (stop.aborted) return null
    if (failure !== undefined) {
      const backoffMs = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS)
      await wait(Math.max(backoffMs, failure.retryAfterMs))
      report.retriedPosts += 1
    }
    const outcome = await attemptPost(batch, target)
    if (!('reason' in outcome)) return outcome
    failure = outcome
  }
  throw new Error(`a POST failed ${MAX_ATTEMPTS} times, last: ${failure?.reason ?? 'not tried'}`)
}

/** A POST that may succeed later. */
interface Failure {
  readonly reason: string
  readonly retryAfterMs: number
}

/** One attempt: the answer or why to try again. Throws when trying again would not help. */
async function attemptPost({ body }: Batch, target: Target): Promise<Answer | Failure> {
  let response: Response
  let text: string
  try {
    response = await fetch(`${target.url}/api/events/track`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${target.writeKey}`,
        'X-Game-ID': target.gameId,
        'X-Env': target.env,
      },
      body,
      signal: AbortSignal.timeout(POST_TIMEOUT_MS),
    })
    text = await response.text()
  } catch (error) {
    return { reason: networkReason(error), retryAfterMs: 0 }
  }
  if (response.status >= 500) {
    const seconds = Number(response.headers.get('Retry-After') ?? 0)
    return {
      reason: problemText(response.status, text),
      retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : 0,
    }
  }
  if (response.status !== 202) throw new Error(problemText(response.status, text))
  return answerSchema.parse(JSON.parse(text))
}

/** fetch hides what happened in the cause: "fetch failed", because ECONNREFUSED. */
function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

const problemSchema = z.object({ title: z.string(), detail: z.string(), trace_id: z.string() })

/** What an error answer says, on one line. */
export function problemText(status: number, body: string): string {
  const parsed = z.string().transform(parseJson).pipe(problemSchema).safeParse(body)
  if (!parsed.success) return `${status} ${body.slice(0, 200)}`
  const { title, detail, trace_id: traceId } = parsed.data
  return `${status} ${title}. ${detail} (trace_id ${traceId})`
}

function parseJson(text: string, context: z.core.$RefinementCtx<string>): unknown {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' })
    return z.NEVER
  }
}

function record(answer: Answer, batch: Batch, report: SendReport): void {
  if (!answer.stored) throw new Error('the server stores nothing (ANALYTICS_MQ_TYPE is noop)')
  if (answer.accepted + answer.rejected !== batch.events) {
    throw new Error(
      `the answer to ${batch.events} events speaks of ${answer.accepted} accepted and ${answer.rejected} rejected`,
    )
  }
  report.sent += batch.events
  report.accepted += answer.accepted
  report.rejected += answer.rejected
  for (const result of answer.results) {
    if (result.status === 'rejected' && report.rejections.length < REJECTIONS_SHOWN) {
      report.rejections.push(JSON.stringify(result))
    }
  }
}
