/** Five ways to find the times of the same events: formulas, and the code of the edge. */
import { gameDay } from '../../src/event/game-day.ts'
import type { Attempt, SimulatedBatch, SimulatedEvent } from './delivery.ts'
import type { StoredRow } from './edge.ts'
import { bodyOf, rowsOf } from './edge.ts'

/**
 * `received` stamps what arrives; `client` believes the device; `plain` always shifts by received - sent_at, where the
 * client says sent_at; `ours` is the edge without uptimes, `ours_uptime` the edge with them.
 */
export const METHODS = ['received', 'client', 'plain', 'ours', 'ours_uptime'] as const
export type Method = (typeof METHODS)[number]

/** Where a method puts an event. */
export type Placement = Pick<StoredRow, 'eventTimeMs' | 'corrected'>

/** What the attempts leave in the table of events once it is merged. */
export interface StoredRows {
  /** Different sorting keys of the accepted rows */
  readonly keys: number
  /** Events that at least one attempt brought in */
  readonly events: number
  /** Events of which two attempts named different days */
  readonly splitDays: number
}

export interface PlacedBatch {
  /** One entry per event; null where the method refuses it */
  readonly placements: Readonly<Record<Method, readonly (Placement | null)[]>>
  /** By `ours` and `ours_uptime` together: each of them judges every attempt */
  readonly rows: Readonly<Record<'ours' | 'ours_uptime', StoredRows>>
}

/** Every method on one batch. Of several attempts the first one that brings the event in decides. */
export function placeBatch(batch: SimulatedBatch): PlacedBatch {
  const [first] = batch.attempts
  if (first === undefined) throw new RangeError('a batch without attempts')
  const byFormula = (formula: (event: SimulatedEvent, attempt: Attempt) => number): Placement[] =>
    batch.events.map((event) => {
      const eventTimeMs = formula(event, first)
      return { eventTimeMs, corrected: eventTimeMs !== event.clientMs }
    })
  const ours = judgeAttempts(batch, false)
  const oursUptime = judgeAttempts(batch, true)
  return {
    placements: {
      received: byFormula((_event, { receivedMs }) => receivedMs),
      client: byFormula(({ clientMs }) => clientMs),
      plain: byFormula(
        ({ clientMs }, { receivedMs, sentMs }) => clientMs + (receivedMs - (sentMs ?? receivedMs)),
      ),
      ours: ours.placements,
      ours_uptime: oursUptime.placements,
    },
    rows: { ours: ours.rows, ours_uptime: oursUptime.rows },
  }
}

interface Judged {
  readonly placements: readonly (Placement | null)[]
  readonly rows: StoredRows
}

function judgeAttempts(batch: SimulatedBatch, withUptimes: boolean): Judged {
  const judged = batch.attempts.map((attempt) =>
    rowsOf(bodyOf(batch, attempt, withUptimes), attempt.receivedMs, batch.timeZone),
  )
  const keys = new Set<string>()
  let events = 0
  let splitDays = 0
  const placements = batch.events.map((_event, index) => {
    const rows = judged.map((attempt) => attempt[index] ?? null).filter((row) => row !== null)
    for (const { key } of rows) keys.add(key)
    const days = new Set(rows.map(({ eventTimeMs }) => gameDay(eventTimeMs, batch.timeZone)))
    if (rows.length > 0) events += 1
    if (days.size > 1) splitDays += 1
    return rows[0] ?? null
  })
  return { placements, rows: { keys: keys.size, events, splitDays } }
}
