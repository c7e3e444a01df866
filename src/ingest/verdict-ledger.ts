import type { FilterReason } from '../event/filter.ts'
import type { CorrectionCode, RejectionReason, Verdict } from '../event/rejection.ts'
import { CORRECTIONS, FILTERS } from '../event/rejection.ts'
import type { BatchColumns, RejectedEvent } from '../event/rows.ts'
import type { TimeMethod } from '../event/time.ts'
import type { AcceptedBatch } from './accepted-batch.ts'
import type { IngestContext } from './ingest-context.ts'
import { refusalOf } from './rejected-rows.ts'

/** What is said of an event whose time is not the client's. */
const CORRECTION_CODES: Readonly<Record<TimeMethod, CorrectionCode | null>> = {
  client: null,
  sent_at: 'event_time_corrected',
  uptime: 'event_time_from_uptime',
  clamped: 'event_time_clamped',
}

/** What a batch has to say of the events that were not simply accepted, and the rows that keep the refused ones. */
export class VerdictLedger {
  readonly #door: RejectedEvent['door']
  readonly #context: IngestContext
  readonly #shared: BatchColumns
  readonly #verdicts: Verdict[] = []
  readonly #rejectedRows: string[] = []
  readonly #firstIndexes = new Map<string, number>()
  #quarantined = 0
  #filtered = 0

  constructor(door: RejectedEvent['door'], context: IngestContext, shared: BatchColumns) {
    this.#door = door
    this.#context = context
    this.#shared = shared
  }

  /** The position of the event that had this identity before in the batch; null when there was none. */
  firstWith(identity: string, index: number): number | null {
    const first = this.#firstIndexes.get(identity)
    if (first === undefined) this.#firstIndexes.set(identity, index)
    return first ?? null
  }

  refuse(raw: unknown, index: number, reason: RejectionReason): void {
    const refusal = refusalOf(raw, index, reason, this.#door, this.#context, this.#shared)
    const { verdict, row } = refusal
    if (verdict.status === 'quarantined') this.#quarantined += 1
    this.#verdicts.push(verdict)
    this.#rejectedRows.push(row)
  }

  filter(index: number, eventId: string | null, pointer: string, reason: FilterReason): void {
    this.#filtered += 1
    const advice = FILTERS[reason.code]
    this.#verdicts.push({
      index,
      event_id: eventId,
      status: 'filtered',
      pointer,
      ...reason,
      advice,
    })
  }

  /** Notes how the time of an accepted event was found; nothing when it is the client's. */
  noteTime(index: number, eventId: string | null, pointer: string, method: TimeMethod): void {
    const code = CORRECTION_CODES[method]
    if (code === null) return
    const correction = { status: 'corrected', code, pointer, ...CORRECTIONS[code] } as const
    this.#verdicts.push({ index, event_id: eventId, ...correction })
  }

  summary(): Pick<
    AcceptedBatch,
    'rejected' | 'quarantined' | 'filtered' | 'verdicts' | 'rejectedRows'
  > {
    return {
      rejected: this.#rejectedRows.length,
      quarantined: this.#quarantined,
      filtered: this.#filtered,
      verdicts: this.#verdicts,
      rejectedRows: this.#rejectedRows,
    }
  }
}
