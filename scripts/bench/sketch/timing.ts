/** Times of short pieces of work on a machine that others use. */

/** Nanoseconds per operation of one round; rounds count from 0. */
export type Measurement = (round: number) => number | Promise<number>

/**
 * The smallest of several rounds for each measurement, in their order. The rounds are interleaved, so that what else
 * the machine does meets all of them alike. It only ever adds, and a piece of a millisecond often runs without it.
 */
export async function fastest(
  measurements: readonly Measurement[],
  rounds: number,
): Promise<number[]> {
  const best = measurements.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < rounds; round++) {
    for (const [at, measure] of measurements.entries()) {
      best[at] = Math.min(await measure(round), best[at] ?? Number.POSITIVE_INFINITY)
    }
  }
  return best
}

/** Nanoseconds that `work` takes, divided by the operations that it does. */
export function nsPer(operations: number, work: () => void): number {
  const start = process.hrtime.bigint()
  work()
  return Number(process.hrtime.bigint() - start) / operations
}
