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

export const packMessages: typeof pack = (cargo, context) => {
  const { eventRows = [], ...rest } = cargo
  const cargoes = eventRows.map((row, index) => ({ ...(index === 0 && rest), eventRows: [row] }))
  return cargoes.flatMap((part) => pack(part, context))
}
`

const PACKED = { size: 20, posts: 100, coalesceMs: 0 }
const COALESCED = { size: 1, posts: 250, coalesceMs: 500 }

async function costOf(root?: string, planned = PACKED): Promise<Cost> {
  const directory = mkdtempSync(join(tmpdir(), 'croupier-cost-'))
  try {
    const usage = await countUsage({
      directory,
      plan: [planned],
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

  it(
    'sees that POSTs share messages, and has their object active for as long as it would be',
    { timeout: DEADLINE_MS },
    async ({ expect }) => {
      const [run] = (await costOf(undefined, COALESCED)).runs
      expect(run?.name).toBe('1 per POST, coalesced')
      // As many as come at 50 a second share a message, 25; each message is written, read and deleted.
      expect(run?.operations.queue_operations).toBeLessThan(200_000)
      expect(run?.operations.object_requests).toBeGreaterThanOrEqual(1e6)
      // 0.128 GB for a fiftieth of a second each.
      expect(run?.operations.object_gb_seconds).toBeGreaterThanOrEqual(2_559)
      expect(run?.operations.object_gb_seconds).toBeLessThan(3_000)
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
