/**
 * One POST into as few queue messages as the platform allows: one, nearly always. A message above one
 * billed chunk is gzipped; one that is above the platform's limit even so, or large before that, is split between token groups and
 * rows. The parts repeat nothing, and every row keeps its identity, so a retry after a half-sent POST adds no row.
 */
import {
  MAX_MESSAGE_BYTES,
  MAX_PLAIN_MESSAGE_BYTES,
  MESSAGE_CHUNK_BYTES,
} from '../../configs/limits.ts'
import { gzip } from '../event/bytes.ts'
import type { Counting, Envelope, RowSection, RowTable, TokenGroup } from '../event/envelope.ts'
import { encodeEnvelope } from '../event/envelope.ts'

/** NDJSON lines by table, and the tokens that go with them. */
export interface Cargo {
  readonly eventRows?: readonly string[]
  readonly paymentRows?: readonly string[]
  readonly rejectedRows?: readonly string[]
  readonly auditRows?: readonly string[]
  readonly tokens?: readonly TokenGroup[]
  /** Game days of paymentRows */
  readonly revenueDays?: readonly number[]
}

/** Whose message it is, and how the game counts. */
export type MessageContext = Pick<Envelope, 'gameId' | 'env' | 'traceId' | 'receivedTimeMs'> & {
  readonly counting: Counting
}

interface Draft {
  readonly rows: ReadonlyMap<RowTable, readonly string[]>
  readonly tokens: readonly TokenGroup[]
  /** Of all payments of the batch, however they are split */
  readonly revenueDays: readonly number[]
}

/** The messages of a batch, ready to send; none when it holds no row. */
export function packMessages(cargo: Cargo, context: MessageContext): Uint8Array[] {
  const rows = new Map<RowTable, readonly string[]>()
  for (const [table, lines] of [
    ['events', cargo.eventRows],
    ['payments', cargo.paymentRows],
    ['events_rejected', cargo.rejectedRows],
    ['audit_log', cargo.auditRows],
  ] as const) {
    if (lines !== undefined && lines.length > 0) rows.set(table, lines)
  }
  const { tokens = [], revenueDays = [] } = cargo
  return rows.size === 0 ? [] : packDraft({ rows, tokens, revenueDays }, context)
}

function packDraft(draft: Draft, context: MessageContext): Uint8Array[] {
  const plain = encodeDraft(draft, context)
  if (plain.byteLength <= MAX_PLAIN_MESSAGE_BYTES) {
    const message = plain.byteLength > MESSAGE_CHUNK_BYTES ? gzip(plain) : plain
    if (message.byteLength <= MAX_MESSAGE_BYTES) return [message]
  }
  const halves = split(draft)
  if (halves === null) throw new Error(`one row fills a message of ${plain.byteLength} bytes`)
  return halves.flatMap((half) => packDraft(half, context))
}

function encodeDraft(draft: Draft, context: MessageContext): Uint8Array {
  const { rows: rowsByTable, tokens, revenueDays } = draft
  const pays = rowsByTable.has('payments') && revenueDays.length > 0
  return encodeEnvelope({
    gameId: context.gameId,
    env: context.env,
    traceId: context.traceId,
    receivedTimeMs: context.receivedTimeMs,
    sections: toSections(rowsByTable),
    tokens,
    ...((tokens.length > 0 || pays) && { counting: context.counting }),
    ...(pays && { revenueDays }),
  })
}

const utf8 = new TextEncoder()

/**
 * Rows on their way from text to message, so that only the message itself is allocated: buffers count as pressure on the
 * memory of the isolate. Written and read within one synchronous call.
 */
const scratch = new Uint8Array(4 * MESSAGE_CHUNK_BYTES)

/** Bytes that a UTF-16 code unit may need. */
const MAX_BYTES_PER_UNIT = 3

/** The rows as sections; their bytes are good until the next call. */
function toSections(rowsByTable: Draft['rows']): RowSection[] {
  let offset = 0
  return Array.from(rowsByTable, ([table, rows]) => {
    const text = rows.join('')
    const room = scratch.subarray(offset)
    if (text.length * MAX_BYTES_PER_UNIT > room.byteLength) {
      return { table, rows: rows.length, ndjson: utf8.encode(text) }
    }
    const { written } = utf8.encodeInto(text, room)
    offset += written
    return { table, rows: rows.length, ndjson: room.subarray(0, written) }
  })
}

/**
 * Halves by token groups and rows, in this order, table by table: what stands last, the marks of a replay, is sent
 * after everything that it speaks of. Null when there is nothing to halve.
 */
function split(draft: Draft): [Draft, Draft] | null {
  const rowCount = [...draft.rows.values()].reduce((sum, rows) => sum + rows.length, 0)
  const total = draft.tokens.length + rowCount
  if (total < 2) return null
  let left = Math.floor(total / 2)
  const firstTokens = draft.tokens.slice(0, left)
  const secondTokens = draft.tokens.slice(left)
  left -= firstTokens.length
  const first = new Map<RowTable, readonly string[]>()
  const second = new Map<RowTable, readonly string[]>()
  for (const [table, rows] of draft.rows) {
    const taken = rows.slice(0, left)
    const rest = rows.slice(left)
    left -= taken.length
    if (taken.length > 0) first.set(table, taken)
    if (rest.length > 0) second.set(table, rest)
  }
  const { revenueDays } = draft
  return [
    { rows: first, tokens: firstTokens, revenueDays },
    { rows: second, tokens: secondTokens, revenueDays },
  ]
}
