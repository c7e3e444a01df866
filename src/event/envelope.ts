/**
 * The queue message: one POST, or several small ones, packed so that the consumer never parses an event again.
 *
 * Bytes: one line of JSON (the header), a newline, then the NDJSON sections that the header lists, in
 * order, exactly as ClickHouse will receive them. A message that is larger than one billed chunk is
 * gzipped as a whole by the sender; this file knows only the plain form.
 */
import { z } from 'zod'

import { MAX_SKETCH_SHARDS } from '../../configs/limits.ts'
import { concatBytes, toBase64 } from './bytes.ts'

/** Tables that a message may carry rows for: what clients sent, and the figures that the sketches tell of it. */
export const ROW_TABLES = [
  'events',
  'payments',
  'events_rejected',
  'audit_log',
  'daily_users',
  'minute_online',
  'daily_online_peak',
] as const
export type RowTable = (typeof ROW_TABLES)[number]

/** Which unique count a token belongs to. */
export const SKETCH_METRICS = ['dau', 'new_users', 'online'] as const
export type SketchMetric = (typeof SKETCH_METRICS)[number]

/** Columns by which DAU and new users are broken down. */
export const BREAKDOWN_COLUMNS = ['platform', 'channel', 'country', 'app_version'] as const
export type BreakdownColumn = (typeof BREAKDOWN_COLUMNS)[number]

/** What a user was seen with, in the order of BREAKDOWN_COLUMNS; empty for a column that was not sent. */
export type BreakdownValues = readonly [string, string, string, string]

/**
 * User tokens of one metric and one bucket, without repeats.
 * `bucket`: for dau and new_users the game day (days since 1970-01-01 of the local calendar date), for
 * online the minute (minutes since the epoch).
 * `by`: the values that all users of the group were seen with; absent for online, and in messages of builds
 * that knew no breakdown.
 */
export interface TokenGroup {
  readonly metric: SketchMetric
  readonly bucket: number
  readonly tokens: Uint32Array
  readonly by?: BreakdownValues
}

/** NDJSON rows of one table; every row ends with a newline. */
export interface RowSection {
  readonly table: RowTable
  readonly rows: number
  readonly ndjson: Uint8Array
}

export interface Envelope {
  readonly gameId: string
  readonly env: string
  /** Of the request; of the first one, when several share the message */
  readonly traceId: string
  /** When the edge received the request, or the last of those that share the message, in milliseconds since the epoch. */
  readonly receivedTimeMs: number
  readonly sections: readonly RowSection[]
  readonly tokens: readonly TokenGroup[]
  /** What the consumer must know to hand the tokens on; absent in messages of builds that did not tell. */
  readonly counting?: Counting
  /** Game days whose revenue is to be summed anew, once the rows of this message are stored. */
  readonly revenueDays?: readonly number[]
}

/** How the game counts. */
export interface Counting {
  /** IANA zone of its days */
  readonly timeZone: string
  /** Objects that share the counting (settings of the game) */
  readonly shards: number
  /** Id of the key that made the tokens (hashKeyId) */
  readonly hashId: number
}

const ENVELOPE_VERSION = 1
const NEWLINE = 0x0a

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const headerSchema = z.object({
  v: z.literal(ENVELOPE_VERSION),
  game_id: z.string().min(1),
  env: z.string().min(1),
  trace_id: z.string(),
  received_time_ms: z.int().nonnegative(),
  sections: z.array(
    z.object({
      table: z.enum(ROW_TABLES),
      rows: z.int().nonnegative(),
      bytes: z.int().nonnegative(),
    }),
  ),
  tokens: z.array(
    z.object({
      metric: z.enum(SKETCH_METRICS),
      bucket: z.int().nonnegative(),
      /** base64 of little-endian u32 values */
      tokens: z.base64(),
      by: z.tuple([z.string(), z.string(), z.string(), z.string()]).optional(),
    }),
  ),
  counting: z
    .object({
      time_zone: z.string().min(1),
      shards: z.int().min(1).max(MAX_SKETCH_SHARDS),
      hash_id: z.int().min(0).max(255),
    })
    .optional(),
  revenue_days: z.array(z.int().nonnegative()).optional(),
})

/** The bytes are not an envelope of a version that this build can read. */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError'
}

/** Envelope to message bytes (plain, not gzipped). */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const header: z.input<typeof headerSchema> = {
    v: ENVELOPE_VERSION,
    game_id: envelope.gameId,
    env: envelope.env,
    trace_id: envelope.traceId,
    received_time_ms: envelope.receivedTimeMs,
    sections: envelope.sections.map(({ table, rows, ndjson }) => ({
      table,
      rows,
      bytes: ndjson.byteLength,
    })),
    tokens: envelope.tokens.map(({ metric, bucket, tokens, by }) => ({
      metric,
      bucket,
      tokens: tokensToBase64(tokens),
      ...(by && { by: [by[0], by[1], by[2], by[3]] }),
    })),
    ...(envelope.counting && {
      counting: {
        time_zone: envelope.counting.timeZone,
        shards: envelope.counting.shards,
        hash_id: envelope.counting.hashId,
      },
    }),
    ...(envelope.revenueDays && { revenue_days: [...envelope.revenueDays] }),
  }
  const head = utf8.encode(`${JSON.stringify(header)}\n`)
  return concatBytes([head, ...envelope.sections.map((section) => section.ndjson)])
}

/**
 * Message bytes to envelope; the sections are views on `message`, not copies.
 * Throws EnvelopeError when the header cannot be read or the sections do not fill the message exactly.
 */
export function decodeEnvelope(message: Uint8Array): Envelope {
  const headEnd = message.indexOf(NEWLINE)
  if (headEnd < 0) throw new EnvelopeError('no header line')
  const header = parseHeader(message.subarray(0, headEnd))
  let offset = headEnd + 1
  const sections = header.sections.map(({ table, rows, bytes }): RowSection => {
    const ndjson = message.subarray(offset, offset + bytes)
    offset += bytes
    return { table, rows, ndjson }
  })
  if (offset !== message.byteLength) {
    throw new EnvelopeError(`sections end at byte ${offset}, the message at ${message.byteLength}`)
  }
  return {
    gameId: header.game_id,
    env: header.env,
    traceId: header.trace_id,
    receivedTimeMs: header.received_time_ms,
    sections,
    tokens: header.tokens.map(({ metric, bucket, tokens, by }) => ({
      metric,
      bucket,
      tokens: base64ToTokens(tokens),
      ...(by && { by }),
    })),
    ...(header.counting && {
      counting: {
        timeZone: header.counting.time_zone,
        shards: header.counting.shards,
        hashId: header.counting.hash_id,
      },
    }),
    ...(header.revenue_days && { revenueDays: header.revenue_days }),
  }
}

function parseHeader(head: Uint8Array): z.output<typeof headerSchema> {
  let json: unknown
  try {
    json = JSON.parse(strictUtf8.decode(head))
  } catch (cause) {
    throw new EnvelopeError('the header line is not JSON', { cause })
  }
  const parsed = headerSchema.safeParse(json)
  if (!parsed.success) throw new EnvelopeError(z.prettifyError(parsed.error))
  return parsed.data
}

function tokensToBase64(tokens: Uint32Array): string {
  const bytes = new Uint8Array(tokens.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [index, token] of tokens.entries()) view.setUint32(index * 4, token, true)
  return toBase64(bytes)
}

function base64ToTokens(base64: string): Uint32Array {
  const binary = atob(base64)
  if (binary.length % 4 !== 0) throw new EnvelopeError('tokens are not whole 32-bit values')
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, index) =>
    view.getUint32(index * 4, true),
  )
}
