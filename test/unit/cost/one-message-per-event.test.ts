import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, it } from 'vitest'

import type { Cost } from '../../../scripts/cost/report.ts'
import { complaints, toCost } from '../../../scripts/cost/report.ts'
import { countUsage, readPrices } from '../../../scripts/cost/run.ts'
import { patchedTree } from '../bench/patched-tree.ts'

const DEADLINE_MS = 300_000

const ONE_MESSAGE_PER_EVENT = `
import { packMessages as pack } from './original-pack.ts'
export * from './original-pack.ts'

export const packMessages: typeof pack = async (cargo, context) => {
  const { eventRows = [], ...rest } = cargo
  const cargoes = eventRows.map((row, index) => ({ ...(index === 0 && rest), eventRows: [row] }))
  return (await Promise.all(cargoes.map((part) => pack(part, context)))).flat()
}
`

async function costOf(root?: string): Promise<Cost> {
  const directory = mkdtempSync(join(tmpdir(), 'croupier-cost-'))
  try {
    const usage = await countUsage({
      directory,
      plan: [{ size: 20, posts: 100 }],
      idleMs: 0,
      ...(root !== undefined && { root }),
    })
    return toCost(usage, readPrices())
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

describe('the counted cost', () => {
  it(
    'catches a build that sends one message per event',
    { timeout: DEADLINE_MS },
    async ({ expect }) => {
      using split = patchedTree('src/ingest/pack.ts', ONE_MESSAGE_PER_EVENT)
      const present = await costOf()
      const dearer = await costOf(split.root)

      // A message is written, read and deleted; the sketches may publish a message of their own meanwhile.
      const operationsOf = ({ runs: [run] }: Cost) => run?.operations.queue_operations ?? 0
      expect(operationsOf(present)).toBeGreaterThanOrEqual(150_000)
      expect(operationsOf(present)).toBeLessThan(165_000)
      expect(operationsOf(dearer)).toBeGreaterThanOrEqual(3_000_000)
      expect(complaints(dearer, present)).toHaveLength(2)
    },
  )

  it('counts every kind of operation', { timeout: DEADLINE_MS }, async ({ expect }) => {
    const [run] = (await costOf()).runs
    // One request per POST of 20 events, and the queue's batches.
    expect(run?.operations.worker_requests).toBeGreaterThan(50_000)
    expect(run?.operations.object_requests).toBeGreaterThan(0)
    expect(run?.operations.object_rows_written).toBeGreaterThan(0)
    expect(run?.operations.worker_cpu_ms).toBeGreaterThan(0)
  })
})
