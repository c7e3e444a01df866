/** Which buckets changed since their figures were last sent to the tables. */
import { z } from 'zod'

import type { SketchMetric } from '../../src/event/envelope.ts'

const bucketsSchema = z.array(z.int().nonnegative())

const marksSchema = z.object({
  dau: bucketsSchema,
  new_users: bucketsSchema,
  online: bucketsSchema,
  /** Game days whose fullest minute may be another, beside those of the minutes that changed */
  peaks: bucketsSchema,
})

/** Marks as they are stored. */
export type StoredMarks = z.output<typeof marksSchema>

const KINDS = ['dau', 'new_users', 'online', 'peaks'] as const satisfies readonly (
  | SketchMetric
  | 'peaks'
)[]
type MarkKind = (typeof KINDS)[number]

export class Marks {
  readonly #marks: Record<MarkKind, Set<number>>

  constructor({ dau, new_users: newUsers, online, peaks }: StoredMarks = NO_MARKS) {
    this.#marks = {
      dau: new Set(dau),
      new_users: new Set(newUsers),
      online: new Set(online),
      peaks: new Set(peaks),
    }
  }

  get isEmpty(): boolean {
    return KINDS.every((kind) => this.#marks[kind].size === 0)
  }

  /** The marked buckets of a kind, ascending. */
  of(kind: MarkKind): number[] {
    return [...this.#marks[kind]].toSorted((a, b) => a - b)
  }

  add(kind: MarkKind, bucket: number): void {
    this.#marks[kind].add(bucket)
  }

  /** Takes in the marks of `other`, which stays as it is. */
  merge(other: Marks): void {
    for (const kind of KINDS) {
      for (const bucket of other.of(kind)) this.add(kind, bucket)
    }
  }

  /**
   * Takes marks out, at most `limit` of a kind, the newest first: those are looked at. What is left is for the next
   * time.
   */
  take(limit: number): Marks {
    const taken = new Marks()
    for (const kind of KINDS) {
      for (const bucket of this.of(kind).slice(-limit)) {
        taken.add(kind, bucket)
        this.#marks[kind].delete(bucket)
      }
    }
    return taken
  }

  toStored(): StoredMarks {
    return {
      dau: this.of('dau'),
      new_users: this.of('new_users'),
      online: this.of('online'),
      peaks: this.of('peaks'),
    }
  }
}

const NO_MARKS: StoredMarks = { dau: [], new_users: [], online: [], peaks: [] }

const publishStateSchema = z.object({
  /** The newest version that was given to figures; 0 before the first */
  version: z.int().nonnegative(),
  marks: marksSchema,
  /** When the object last took users, in milliseconds since the epoch; absent in what older builds wrote */
  last_tokens_ms: z.int().nonnegative().optional(),
})

/** What is stored of publishing. */
export type PublishState = z.output<typeof publishStateSchema>

/** What is stored, or the state before the first figure. Throws ZodError for another shape. */
export function readPublishState(stored: unknown): PublishState {
  return stored === undefined ? { version: 0, marks: NO_MARKS } : publishStateSchema.parse(stored)
}
