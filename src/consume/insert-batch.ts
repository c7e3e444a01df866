/**
 * One insert per table and round. When the database refuses the data, the round is taken apart by game, and the part
 * of a game is halved until the refused rows stand alone; those become dead letters, all others are stored. A game
 * with very many refused rows is not worth that: what is left of it is given up as whole messages.
 */
import type { ClickHouseConnection } from '../clickhouse/connection.ts'
import type { InsertOutcome } from '../clickhouse/writer.ts'
import { insertRows } from '../clickhouse/writer.ts'
import { concatBytes, sha256Hex } from '../event/bytes.ts'
import type { RowTable } from '../event/envelope.ts'
import { deadLetterFromRow, sendDeadLetter } from './dead-letter-message.ts'
import type { InsertPart } from './insert-part.ts'
import type { IsolationBudget } from './isolation-budget.ts'
import type { Outcome } from './outcome.ts'

type Worsen = (messageId: string, outcome: Outcome) => void

const NEWLINE = 0x0a

/** What becomes of the messages of rows that nothing is left for: in another batch there is a budget again. */
const UNISOLATED = {
  game_spent: { kind: 'given_up', reason: 'too many refused rows' },
  batch_spent: { kind: 'deferred', reason: 'too many refused rows of other games' },
} as const satisfies Record<string, Outcome>

type Refusal = Extract<InsertOutcome, { kind: 'refused' }>

export class InsertBatch {
  readonly #connection: ClickHouseConnection
  readonly #deadLetterQueue: Queue
  readonly #budget: IsolationBudget

  constructor(connection: ClickHouseConnection, deadLetterQueue: Queue, budget: IsolationBudget) {
    this.#connection = connection
    this.#deadLetterQueue = deadLetterQueue
    this.#budget = budget
  }

  /** Stores the parts; reports to `worsen` every message that has to come again or is given up. */
  async insert(table: RowTable, parts: readonly InsertPart[], worsen: Worsen): Promise<void> {
    if (parts.length === 0) return
    const refusal = await this.#insertOnce(table, parts, worsen)
    if (refusal === null) return
    const byGame = [...Map.groupBy(parts, ({ envelope }) => envelope.gameId)]
    for (const [gameId, own] of byGame) {
      // No more of these than there are messages: what they cost is no game's to pay.
      const refused = byGame.length === 1 ? refusal : await this.#insertOnce(table, own, worsen)
      if (refused !== null) await this.#isolate(table, gameId, own, refused, worsen)
    }
  }

  /**
   * Large pieces first, so that the good messages of a game are stored before any message is taken apart, and the most
   * rows of it before the budget ends.
   */
  async #isolate(
    table: RowTable,
    gameId: string,
    parts: readonly InsertPart[],
    refusal: Refusal,
    worsen: Worsen,
  ): Promise<void> {
    const refused = [{ parts, refusal }]
    for (const piece of refused) {
      const halves = piece.parts.length > 1 ? halve(piece.parts) : splitRows(piece.parts)
      if (halves === null) await this.#bury(table, piece.parts, piece.refusal, worsen)
      for (const half of halves ?? []) {
        const grant = this.#budget.take(gameId)
        if (grant !== 'granted') {
          for (const { id } of half) worsen(id, UNISOLATED[grant])
          continue
        }
        const again = await this.#insertOnce(table, half, worsen)
        if (again !== null) refused.push({ parts: half, refusal: again })
      }
    }
  }

  /** One row that is refused on its own. */
  async #bury(
    table: RowTable,
    parts: readonly InsertPart[],
    refusal: Refusal,
    worsen: Worsen,
  ): Promise<void> {
    for (const part of parts) {
      const letter = deadLetterFromRow(part, table, refusal.reason)
      worsen(part.id, await sendDeadLetter(this.#deadLetterQueue, letter))
    }
  }

  /** Null when the parts are dealt with: they are stored, or their messages have to come again. */
  async #insertOnce(
    table: RowTable,
    parts: readonly InsertPart[],
    worsen: Worsen,
  ): Promise<Refusal | null> {
    const outcome = await this.#send(table, parts)
    if (outcome.kind === 'refused') return outcome
    if (outcome.kind === 'transient') {
      for (const { id } of parts) worsen(id, { kind: 'deferred', reason: outcome.reason })
    }
    return null
  }

  async #send(table: RowTable, parts: readonly InsertPart[]): Promise<InsertOutcome> {
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
