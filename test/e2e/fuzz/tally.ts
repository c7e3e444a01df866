/** What the answers to a fuzz promised: checked one by one, and added up to what the tables must hold. */
import { createHash } from 'node:crypto'

import { z } from 'zod'

import { PROBLEMS } from '../../../src/api-error.ts'
import type { Post } from './hostile-posts.ts'

const answerSchema = z.object({
  accepted: z.int(),
  rejected: z.int(),
  quarantined: z.int(),
  filtered: z.int(),
  results: z.array(
    z.object({
      index: z.int(),
      event_id: z.string().nullable(),
      status: z.enum(['corrected', 'quarantined', 'rejected', 'filtered']),
      code: z.string(),
      pointer: z.string(),
      detail: z.string().min(1),
      advice: z.string().min(1),
    }),
  ),
  trace_id: z.string(),
})

const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(PROBLEMS)),
  trace_id: z.string(),
})

/** An event of which exactly so many rows must be found. */
export interface Promised {
  rows: number
  readonly text: string
}

/** The promises of all answers. `faults` holds what was wrong with answers, in words. */
export class Tally {
  sent = 0
  accepted = 0
  readonly faults: string[] = []
  readonly problems = new Map<string, number>()
  readonly codes = new Map<string, number>()
  /** By user */
  readonly events = new Map<string, Promised>()
  /** `order_id status` */
  readonly payments = new Set<string>()
  /** One entry for each refused event, however often it was sent */
  readonly rejections = new Set<string>()
  readonly traceIds: string[] = []
  readonly #verdicts = new Map<string, readonly string[]>()

  /** Notes the answer to a post. */
  add(post: Post, status: number, contentType: string, text: string): void {
    this.sent += post.events?.length ?? 1
    if (status >= 400) this.#addProblem(post, status, contentType, text)
    else if (status === 202 && post.events !== null) this.#addAnswer(post, post.events, text)
    else this.faults.push(`${status} to ${describe(post)}: ${text.slice(0, 200)}`)
  }

  #addProblem(post: Post, status: number, contentType: string, text: string): void {
    const parsed = problemSchema.safeParse(parseJson(text))
    const isProblem = parsed.success && parsed.data.status === status
    if (!isProblem || status >= 500 || !contentType.startsWith('application/problem+json')) {
      this.faults.push(`${status} ${contentType} to ${describe(post)}: ${text.slice(0, 200)}`)
      return
    }
    const { code } = parsed.data
    count(this.problems, code)
    this.traceIds.push(parsed.data.trace_id)
    if (post.events !== null)
      this.faults.push(`${code} to ${describe(post)}: ${text.slice(0, 200)}`)
    // A body that is text and no JSON is kept as it is, under its digest.
    if (code === 'invalid_json') {
      this.rejections.add(createHash('sha256').update(post.body).digest('hex'))
    }
  }

  #addAnswer(post: Post, events: NonNullable<Post['events']>, text: string): void {
    const parsed = answerSchema.safeParse(parseJson(text))
    if (!parsed.success) {
      this.faults.push(`an answer that is none to ${describe(post)}: ${parsed.error.message}`)
      return
    }
    const { accepted, rejected, quarantined, filtered, results, trace_id: traceId } = parsed.data
    this.traceIds.push(traceId)
    const indexes = results.map(({ index }) => index)
    const refused = new Map(
      results.filter(({ status }) => status !== 'corrected').map((each) => [each.index, each]),
    )
    const countOf = (status: string) => results.filter((each) => each.status === status).length
    this.#require(post, 'sums', [
      accepted + rejected + filtered === events.length,
      countOf('quarantined') === quarantined,
      countOf('rejected') + quarantined === rejected,
      countOf('filtered') === filtered && filtered === 0,
      new Set(indexes).size === indexes.length,
      indexes.every((index) => index >= 0 && index < events.length),
    ])
    for (const { code } of results) count(this.codes, code)
    this.#requireSameFate(
      post,
      [...refused].map(([index, { code }]) => `${index} ${code}`),
    )
    this.#addPromises(post, events, refused)
  }

  /** A retry must be judged as the first attempt was. */
  #requireSameFate(post: Post, verdicts: readonly string[]): void {
    const before = this.#verdicts.get(post.retryOf) ?? verdicts
    this.#verdicts.set(post.retryOf, verdicts)
    const other = [
      ...before.filter((each) => !verdicts.includes(each)),
      ...verdicts.filter((each) => !before.includes(each)),
    ]
    if (other.length === 0) return
    const texts = other.map((each) => `${each}: ${post.events?.[Number.parseInt(each, 10)]?.text}`)
    this.faults.push(`a retry with another fate: ${texts.join().slice(0, 500)}`)
  }

  #addPromises(
    post: Post,
    events: NonNullable<Post['events']>,
    refused: ReadonlyMap<number, unknown>,
  ): void {
    const rows = new Map<string, Promised>()
    for (const [index, { text, userId }] of events.entries()) {
      if (refused.has(index)) {
        this.rejections.add(`${post.retryOf} ${index}`)
        continue
      }
      this.accepted += 1
      if (userId === null) {
        this.faults.push(`accepted without a user that it can have: ${text.slice(0, 200)}`)
        continue
      }
      const payment = paymentOf(text, post.door)
      if (payment !== null) this.payments.add(payment)
      if (post.door === '/api/payments/track') continue
      const promised = rows.get(userId) ?? { rows: 0, text }
      promised.rows += 1
      rows.set(userId, promised)
    }
    for (const [userId, promised] of rows) this.events.set(userId, promised)
  }

  #require(post: Post, what: string, conditions: readonly boolean[]): void {
    const failed = conditions.flatMap((holds, index) => (holds ? [] : [index]))
    if (failed.length > 0) this.faults.push(`${what} (${failed.join()}) of ${describe(post)}`)
  }
}

function describe({ door, headers, body, retryOf }: Post): string {
  const start = Buffer.from(body.subarray(0, 60)).toString('latin1')
  return `${retryOf} at ${door} ${JSON.stringify(headers)} ${JSON.stringify(start)}`
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No JSON fits no schema.
    return undefined
  }
}

type Json = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What an object holds, the name __proto__ included; of anything else, nothing. */
function objectOf(value: unknown): Json {
  return isObject(value) ? value : {}
}

const PURCHASES = ['purchase', 'monetization.purchase_success']

/** Identity of the payment that an accepted event is; null when it is none. */
function paymentOf(text: string, door: Post['door']): string | null {
  const event = objectOf(JSON.parse(text))
  const named = { ...objectOf(event['props']), ...event }
  const isPurchase = PURCHASES.some((name) => event['event'] === name)
  if (door === '/api/events/track' && !isPurchase) return null
  const status = door === '/api/events/track' ? 'success' : String(named['status'])
  return `${String(named['order_id'])} ${status.replace(/^refund$/, 'refunded')}`
}

/** Fields that are not properties. */
const NO_PROPERTIES: ReadonlySet<string> = new Set(
  'event event_id event_time ts sent_at uptime_ms sent_uptime_ms game_id env props attrs'.split(
    ' ',
  ),
)
const COLUMNS: ReadonlySet<string> = new Set([
  'user_id',
  'session_id',
  'device_id',
  'platform',
  'channel',
  'country',
  'region',
  'city',
  'app_version',
  'build_number',
  'server',
  'game_type',
  'genre_code',
])

/** The properties that an accepted event must be stored with, as JSON would carry them. */
export function propertiesOf(text: string): unknown {
  const event = objectOf(JSON.parse(text))
  const inside = ['props', 'attrs'].flatMap((name) => Object.entries(objectOf(event[name])))
  const own = Object.entries(event).filter(([name]) => !NO_PROPERTIES.has(name))
  const properties = [...inside, ...own].filter(
    ([name, value]) => !COLUMNS.has(name) && value !== null && value !== '',
  )
  return JSON.parse(JSON.stringify(Object.fromEntries(properties)))
}
