import type { Envelope } from '../event/envelope.ts'

/** Rows of one message for one table. */
export interface InsertPart {
  /** Id of the queue message */
  readonly id: string
  readonly envelope: Envelope
  readonly rows: number
  readonly ndjson: Uint8Array
  /** Position of the first row in the message's section; 0 for a whole section */
  readonly firstRow?: number
}
