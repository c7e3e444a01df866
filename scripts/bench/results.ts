/** The results of a run, and what is expected of them: the targets, and the baseline of an earlier run. */
import { z } from 'zod'

const quantilesSchema = z.strictObject({ p50Ms: z.number(), p95Ms: z.number() })

export const resultsSchema = z.strictObject({
  /** Microseconds of CPU per event; see CpuFigures */
  cpu: z.array(
    z.strictObject({
      size: z.number(),
      floor: z.number(),
      ingest: z.number(),
      consume: z.number(),
      sketch: z.number(),
      total: z.number(),
      ratio: z.number(),
      messageBytes: z.number(),
    }),
  ),
  games: z.array(z.strictObject({ games: z.number(), micros: z.number() })),
  backlog: z.array(
    z.strictObject({ messages: z.number(), micros: z.number(), heapBytes: z.number() }),
  ),
  memory: z.strictObject({
    messages: z.number(),
    plainBytes: z.number(),
    heapBytes: z.number(),
  }),
  inserts: z.strictObject({
    rows: z.number(),
    workerRowsPerSecond: z.number(),
    curlRowsPerSecond: z.number(),
    ratio: z.number(),
  }),
  visible: z.strictObject({
    probes: z.number(),
    sketches: quantilesSchema,
    rows: quantilesSchema,
  }),
  startup: z.strictObject({
    startMs: z.number(),
    bundleBytes: z.number(),
    gzipBytes: z.number(),
  }),
})
export type Results = z.output<typeof resultsSchema>

/** The size at which the targets hold: what a server flushes at once. */
const TARGET_SIZE = 100

/** What a run is held to. Ratios compare two figures of one run, so they hold on any machine. */
export const TARGETS = {
  floorRatio: 2,
  microsPerEvent: 30,
  insertRatio: 1.3,
  /** Limit of the platform for one isolate */
  heapBytes: 128_000_000,
  /** Limit of the platform */
  startMs: 1_000,
} as const

/** How much worse than the baseline a ratio may be: what is left of noise after minima of interleaved rounds. */
export const BASELINE_TOLERANCE = 1.25

/** One comparison. */
export interface Verdict {
  readonly name: string
  readonly value: number
  readonly limit: number
  readonly passes: boolean
}

function atMost(name: string, value: number, limit: number): Verdict {
  // NaN is no pass.
  return { name, value, limit, passes: value <= limit }
}

/** Every target, for what was measured. */
export function targetVerdicts(results: Results): Verdict[] {
  const atTarget = results.cpu.find(({ size }) => size === TARGET_SIZE)
  const at = `at ${TARGET_SIZE} events per POST`
  const heap = Math.max(
    results.memory.heapBytes,
    ...results.backlog.map(({ heapBytes }) => heapBytes),
  )
  return [
    atMost(`ingest / floor ${at}`, atTarget?.ratio ?? NaN, TARGETS.floorRatio),
    atMost(`CPU per event ${at}, us`, atTarget?.total ?? NaN, TARGETS.microsPerEvent),
    atMost('insert path / curl', results.inserts.ratio, TARGETS.insertRatio),
    atMost('heap of the isolate, bytes', heap, TARGETS.heapBytes),
    atMost('start of the module, ms', results.startup.startMs, TARGETS.startMs),
  ]
}

/** Messages of a full queue batch. */
const FULL_BATCH_MESSAGES = 100

/** The figures of a run that say the same on another machine. */
function ratiosOf(results: Results): Map<string, number> {
  const { cpu, games, backlog, inserts, startup } = results
  const ratios = new Map<string, number>()
  for (const { size, ratio, total, floor } of cpu) {
    ratios.set(`ingest / floor at ${size}`, ratio)
    ratios.set(`all / floor at ${size}`, total / floor)
  }
  for (const { games: count, micros } of games.slice(1)) {
    ratios.set(`${count} games / 1 game`, micros / (games[0]?.micros ?? NaN))
  }
  // A batch of one message is mostly the batch; how an event grows is told by full batches.
  const [first, ...larger] = backlog.filter(({ messages }) => messages >= FULL_BATCH_MESSAGES)
  for (const { messages, micros } of larger) {
    ratios.set(`backlog of ${messages} / of ${first?.messages}`, micros / (first?.micros ?? NaN))
  }
  ratios.set('insert path / curl', inserts.ratio)
  ratios.set('bundle, gzipped bytes', startup.gzipBytes)
  return ratios
}

/** Every ratio that the baseline has too; at most 25 % worse. */
export function baselineVerdicts(results: Results, baseline: Results): Verdict[] {
  const known = ratiosOf(baseline)
  return [...ratiosOf(results)].flatMap(([name, value]) => {
    const before = known.get(name)
    return before === undefined ? [] : [atMost(name, value, before * BASELINE_TOLERANCE)]
  })
}
