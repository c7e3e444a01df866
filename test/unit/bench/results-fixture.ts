import type { Results } from '../../../scripts/bench/results.ts'

/** Results that meet every target, with what a test is about put in their place. */
export function resultsOf(changed: Partial<Results>): Results {
  return {
    cpu: [
      {
        size: 100,
        floor: 10,
        ingest: 15,
        consume: 5,
        sketch: 2,
        total: 22,
        ratio: 1.5,
        messageBytes: 59_000,
      },
    ],
    games: [
      { games: 1, micros: 22 },
      { games: 100, micros: 30 },
    ],
    backlog: [
      { messages: 100, micros: 9, heapBytes: 20_000_000 },
      { messages: 4_000, micros: 7, heapBytes: 60_000_000 },
    ],
    memory: { messages: 100, plainBytes: 150_000_000, heapBytes: 100_000_000 },
    inserts: {
      rows: 40_000,
      workerRowsPerSecond: 90_000,
      curlRowsPerSecond: 100_000,
      ratio: 1.11,
    },
    visible: {
      probes: 20,
      sketches: { p50Ms: 1_000, p95Ms: 2_000 },
      rows: { p50Ms: 1_200, p95Ms: 2_200 },
    },
    startup: { startMs: 90, bundleBytes: 2_000_000, gzipBytes: 370_000 },
    ...changed,
  }
}
