import type { TokenGroup } from '../event/envelope.ts'
import type { Verdict } from '../event/rejection.ts'

/** A batch that was judged: every event of it ends as a row or as a verdict `filtered`; none disappears. */
export interface AcceptedBatch {
  /** accepted + rejected + filtered = events of the batch */
  readonly accepted: number
  readonly rejected: number
  /** Of the rejected ones those that may pass after a change of the catalog */
  readonly quarantined: number
  /** Not stored because the game's settings say so */
  readonly filtered: number
  /** Events that were not simply accepted, in the order of the batch */
  readonly verdicts: readonly Verdict[]
  /** NDJSON lines of `events` */
  readonly eventRows: readonly string[]
  /** NDJSON lines of `payments` */
  readonly paymentRows: readonly string[]
  /** NDJSON lines of `events_rejected` */
  readonly rejectedRows: readonly string[]
  readonly tokens: readonly TokenGroup[]
  /** Game days of the payments (days since 1970-01-01), ascending, each once */
  readonly revenueDays: readonly number[]
}
