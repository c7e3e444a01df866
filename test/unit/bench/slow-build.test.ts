import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, it } from 'vitest'

import { bundleWorker } from '../../../scripts/bench/bundle.ts'
import { startStandIn } from '../../../scripts/bench/clickhouse-stand-in.ts'
import type { CpuFigures } from '../../../scripts/bench/cpu-per-event.ts'
import { startGate } from '../../../scripts/bench/gate.ts'
import { baselineVerdicts } from '../../../scripts/bench/results.ts'
import { cpuFigures } from '../../../scripts/bench/run.ts'
import { PROJECT_ROOT } from '../../../scripts/local/wrangler.ts'
import { patchedTree } from './patched-tree.ts'
import { resultsOf } from './results-fixture.ts'

const DEADLINE_MS = 600_000

const JUDGES_THREE_TIMES = `
import { acceptBatch as judge } from './original-accept-batch.ts'

export const acceptBatch: typeof judge = (...given) => {
  judge(...given)
  judge(...given)
  return judge(...given)
}
`

async function measure(root: string): Promise<CpuFigures[]> {
  const directory = mkdtempSync(join(tmpdir(), 'croupier-slow-'))
  const standIn = await startStandIn()
  const gate = await startGate()
  try {
    const [parts, floor] = await Promise.all([
      bundleWorker({
        source: 'scripts/bench/worker/parts.ts',
        directory: join(directory, 'parts'),
        root,
      }),
      bundleWorker({
        source: 'scripts/bench/worker/floor.ts',
        directory: join(directory, 'floor'),
        ownConfiguration: true,
      }),
    ])
    return await cpuFigures({ parts, floor, standIn, gate }, [100], 2)
  } finally {
    await gate.stop()
    await standIn.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

describe('the ratio to the floor', () => {
  it(
    'catches a build that judges every event three times',
    { timeout: DEADLINE_MS },
    async ({ expect }) => {
      using slow = patchedTree('src/ingest/accept-batch.ts', JUDGES_THREE_TIMES)
      const present = resultsOf({ cpu: await measure(PROJECT_ROOT) })
      const slower = resultsOf({ cpu: await measure(slow.root) })

      const missed = (results: typeof present) =>
        baselineVerdicts(results, present)
          .filter(({ passes }) => !passes)
          .map(({ name }) => name)
      expect(missed(present)).toEqual([])
      expect(missed(slower)).toContain('ingest / floor at 100')
    },
  )
})
