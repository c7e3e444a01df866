/**
 * One insert per table and round. When the database refuses the data, the round is halved until the refused
 * rows stand alone; those become dead letters, all others are stored. A round with very many refused rows
 * is not worth that: what is left of it is given up as whole messages.
 */
import { MAX_ISOLATION_INSERTS } from '../../configs/limits.ts'
import type { ClickHouseConnection } from '../clickhouse/connection.ts'
import type { InsertOutcome } from '../clickhouse/writer.ts'
import { insertRows } from '../clickhouse/writer.ts'
import { concatBytes, sha256Hex } from '../event/bytes.ts'
import type { RowTable } from '../event/envelope.ts'
import { deadLetterFromRow, sendDeadLetter } from './dead-letter-message.ts'
import type { InsertPart } from './insert-part.ts'
import type { Outcome } from './outcome.ts'

type Worsen = (messageId: string, outcome: Outcome) => void

const NEWLINE = 0x0a

export class InsertBatch {
  readonly #connection: ClickHouseConnection
  readonly #deadLetterQueue: Queue
  #insertsLeft = MAX_ISOLATION_INSERTS

  constructor(connection: ClickHouseConnection, deadLetterQueue: Queue) {
    this.#connection = connection
    this.#deadLetterQueue = deadLetterQueue
  }

  /** Stores the parts; reports to `worsen` every message that has to come again. */
  async insert(table: RowTable, parts: readonly InsertPart[], worsen: Worsen): Promise<void> {
    if (parts.length === 0) return
    const outcome = await this.#insertOnce(table, parts)
    switch (outcome.kind) {
      case 'stored':
        return
      case 'transient':
        for (const { id } of parts) worsen(id, { kind: 'deferred', reason: outcome.reason })
        return
      case 'refused':
        await this.#isolate(table, parts, outcome, worsen)
    }
  }

  async #isolate(
    table: RowTable,
    parts: readonly InsertPart[],
    refusal: Extract<InsertOutcome, { kind: 'refused' }>,
    worsen: Worsen,
  ): Promise<void> {
    if (this.#insertsLeft <= 0) {
      for (const { id } of parts) worsen(id, { kind: 'given_up', reason: 'too many refused rows' })
      return
    }
    const halves = parts.length > 1 ? halve(parts) : splitRows(parts)
    if (halves !== null) {
      for (const half of halves) await this.insert(table, half, worsen)
      return
    }
    for (const part of parts) {
      const letter = deadLetterFromRow(part, table, refusal.reason)
      worsen(part.id, await sendDeadLetter(this.#deadLetterQueue, letter))
    }
  }

  async #insertOnce(table: RowTable, parts: readonly InsertPart[]): Promise<InsertOutcome> {
    this.#insertsLeft -= 1
    // The queue may hand over the same messages in another order; the same set makes the same insert.
    const sorted = parts.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    return insertRows(this.#connection, {
      table,
      ndjson: concatBytes(sorted.map((part) => part.ndjson)),
      rows: sorted.reduce((sum, part) => sum + part.rows, 0),
      token: await insertToken(table, sorted),
    })
  }
}

/** Deduplication token: the messages, and where a message was taken apart, the rows of it. */
async function insertToken(table: RowTable, parts: readonly InsertPart[]): Promise<string> {
  const text = parts.map(({ id, firstRow = 0, rows }) => `${id}:${firstRow}:${rows}`).join('\n')
  return sha256Hex([table, text].join('\n'))
}

function halve(parts: readonly InsertPart[]): [readonly InsertPart[], readonly InsertPart[]] {
  const middle = Math.ceil(parts.length / 2)
  return [parts.slice(0, middle), parts.slice(middle)]
}

/** One part to two by its rows; null when it has only one row. */
function splitRows(parts: readonly InsertPart[]): [InsertPart[], InsertPart[]] | null {
  const [part] = parts
  if (part === undefined || part.rows < 2) return null
  const { firstRow = 0 } = part
  const headRows = Math.ceil(part.rows / 2)
  let border = 0
  for (let row = 0; row < headRows; row += 1) border = part.ndjson.indexOf(NEWLINE, border) + 1
  return [
    [{ ...part, rows: headRows, ndjson: part.ndjson.subarray(0, border), firstRow }],
    [
      {
        ...part,
        rows: part.rows - headRows,
        ndjson: part.ndjson.subarray(border),
        firstRow: firstRow + headRows,
      },
    ],
  ]
}
