/** What the platform pays before the first request: the start of the Worker's module, and the size of its bundle. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { z } from 'zod'

import { runWrangler } from '../local/wrangler.ts'
import type { BundleModule } from './bundle.ts'
import { bundleSize } from './bundle.ts'

const profileSchema = z.looseObject({
  nodes: z.array(
    z.looseObject({ id: z.number(), callFrame: z.looseObject({ functionName: z.string() }) }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
})

export interface StartupFigures {
  /** Milliseconds in which the module was not idle while it started */
  readonly startMs: number
  readonly bundleBytes: number
  readonly gzipBytes: number
}

/** Starts the Worker so many times under wrangler's profiler; the fastest start counts. */
export async function measureStartup(
  modules: readonly BundleModule[],
  directory: string,
  rounds: number,
): Promise<StartupFigures> {
  let startMs = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round += 1) {
    const file = join(directory, `startup-${round}.cpuprofile`)
    await runWrangler(['check', 'startup', '--outfile', file])
    startMs = Math.min(startMs, busyMs(JSON.parse(readFileSync(file, 'utf8'))))
  }
  const { bytes, gzipBytes } = bundleSize(modules)
  return { startMs, bundleBytes: bytes, gzipBytes }
}

/** Milliseconds of a CPU profile that are not idle. */
export function busyMs(profile: unknown): number {
  const { nodes, samples, timeDeltas } = profileSchema.parse(profile)
  const idle = new Set(
    nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)').map(({ id }) => id),
  )
  const micros = samples.reduce(
    (sum, id, index) => (idle.has(id) ? sum : sum + (timeDeltas[index] ?? 0)),
    0,
  )
  return micros / 1_000
}
