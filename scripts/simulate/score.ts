/** How well each method did: shares, quantiles of the error, rows per event. */
import { gameDay } from '../../src/event/game-day.ts'
import type { SimulatedBatch } from './delivery.ts'
import { simulateBatch } from './delivery.ts'
import type { Method, PlacedBatch, StoredRows } from './place.ts'
import { placeBatch } from './place.ts'
import { createRandom } from './random.ts'
import { SCENARIOS } from './scenarios.ts'

/** One method in one scenario. Shares are of all events, errors in seconds of those that were taken. */
export interface Score {
  readonly rightDayShare: number
  readonly medianErrorSeconds: number
  readonly p95ErrorSeconds: number
  readonly rejectedShare: number
  readonly correctedShare: number
}

export interface ScenarioResult {
  readonly id: string
  readonly title: string
  readonly events: number
  /** Attempts that arrived, per batch */
  readonly attemptsPerBatch: number
  readonly scores: Readonly<Record<Method, Score>>
  /** Rows after all attempts per event that was taken, with uptimes and without; 1 counts every event once */
  readonly rowsPerEvent: number
  /** Share of the events of which two attempts named different days, with uptimes */
  readonly splitDayShare: number
}

export interface Simulation {
  readonly seed: number
  readonly scenarios: readonly ScenarioResult[]
  /** Every event of every scenario, with the same weight */
  readonly all: ScenarioResult
}

interface Judged {
  readonly batch: SimulatedBatch
  readonly placed: PlacedBatch
}

/** The same numbers for the same seed; `batchesPerScenario` times 20 events in each scenario. */
export function simulateClocks(seed: number, batchesPerScenario: number): Simulation {
  const all: Judged[] = []
  const scenarios = SCENARIOS.map((scenario) => {
    const random = createRandom(seed, scenario.id)
    const judged = Array.from({ length: batchesPerScenario }, (_, index) => {
      const batch = simulateBatch(random, scenario, index)
      return { batch, placed: placeBatch(batch) }
    })
    all.push(...judged)
    return resultOf(scenario, judged)
  })
  return { seed, scenarios, all: resultOf({ id: 'all', title: 'all scenarios' }, all) }
}

function resultOf(
  { id, title }: Pick<ScenarioResult, 'id' | 'title'>,
  judged: readonly Judged[],
): ScenarioResult {
  const sum = (of: (entry: Judged) => number): number =>
    judged.reduce((total, entry) => total + of(entry), 0)
  const sumRows = (of: (rows: StoredRows) => number): number =>
    sum(({ placed }) => of(placed.rows.ours) + of(placed.rows.ours_uptime))
  const events = sum(({ batch }) => batch.events.length)
  return {
    id,
    title,
    events,
    attemptsPerBatch: sum(({ batch }) => batch.attempts.length) / judged.length,
    scores: {
      received: scoreOf('received', judged),
      client: scoreOf('client', judged),
      plain: scoreOf('plain', judged),
      ours: scoreOf('ours', judged),
      ours_uptime: scoreOf('ours_uptime', judged),
    },
    rowsPerEvent: sumRows(({ keys }) => keys) / sumRows(({ events: taken }) => taken),
    splitDayShare: sum(({ placed }) => placed.rows.ours_uptime.splitDays) / events,
  }
}

function scoreOf(method: Method, judged: readonly Judged[]): Score {
  const errorsMs: number[] = []
  let events = 0
  let rightDay = 0
  let corrected = 0
  for (const { batch, placed } of judged) {
    for (const [index, { trueMs }] of batch.events.entries()) {
      events += 1
      const placement = placed.placements[method][index] ?? null
      if (placement === null) continue
      const { eventTimeMs } = placement
      errorsMs.push(Math.abs(eventTimeMs - trueMs))
      const isRight = gameDay(eventTimeMs, batch.timeZone) === gameDay(trueMs, batch.timeZone)
      if (isRight) rightDay += 1
      if (placement.corrected) corrected += 1
    }
  }
  const sorted = Float64Array.from(errorsMs).toSorted()
  return {
    rightDayShare: rightDay / events,
    medianErrorSeconds: quantile(sorted, 0.5) / 1_000,
    p95ErrorSeconds: quantile(sorted, 0.95) / 1_000,
    rejectedShare: 1 - errorsMs.length / events,
    correctedShare: corrected / events,
  }
}

/** The smallest value that `share` of the values do not exceed; NaN without values. */
function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
