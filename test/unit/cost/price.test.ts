import fc from 'fast-check'
import { describe, it } from 'vitest'

import { chunksOf } from '../../../scripts/cost/chunks.ts'
import type { Usage } from '../../../scripts/cost/price.ts'
import { dollarsOf, ITEMS, totalOf, usageBetween } from '../../../scripts/cost/price.ts'
import type { Cost } from '../../../scripts/cost/report.ts'
import { complaints, renderCost, toCost } from '../../../scripts/cost/report.ts'
import { readPrices } from '../../../scripts/cost/run.ts'

const NO_COUNTS = {
  requests: 0,
  batches: 0,
  queueWrites: 0,
  queueReads: 0,
  queueDeletes: 0,
  objectRequests: 0,
  objectMs: 0,
  coalescerMs: 0,
  coalescerCalls: 0,
  objectRowsRead: 0,
  objectRowsWritten: 0,
  d1RowsRead: 0,
  d1RowsWritten: 0,
  logLines: 0,
}

/** A million events in POSTs of 20, one message each, batches of 100 messages, one call of an object with 4 rows each. */
const PACKED = usageBetween(
  NO_COUNTS,
  {
    ...NO_COUNTS,
    requests: 50_000,
    batches: 500,
    queueWrites: 50_000,
    queueReads: 50_000,
    queueDeletes: 50_000,
    objectRequests: 500,
    objectRowsWritten: 2_000,
    objectMs: 5_000,
    logLines: 50_500,
  },
  { cpuSeconds: 100, logShare: 0 },
)

function costOf(usage: Usage, name = '20 per POST'): Cost {
  const run = { name, size: 20, events: 1e6, usage, messagesPerBatch: 100, chunksPerMessage: 1 }
  return toCost({ runs: [run], idle: PACKED }, readPrices())
}

describe('chunks of a message', () => {
  it('are counted with what the platform adds', ({ expect }) => {
    expect([1, 63_900, 63_901, 127_900].map(chunksOf)).toEqual([1, 1, 2, 2])
  })
})

describe('the price of a usage', () => {
  it('is the published one', ({ expect }) => {
    const dollars = dollarsOf(PACKED, readPrices())
    expect(dollars.worker_requests).toBeCloseTo(0.01515, 8)
    expect(dollars.worker_cpu_ms).toBeCloseTo(0.002, 8)
    expect(dollars.queue_operations).toBeCloseTo(0.06, 8)
    expect(dollars.object_rows_written).toBeCloseTo(0.002, 8)
    expect(dollars.object_gb_seconds).toBeCloseTo(0.000008, 8)
    expect(totalOf(dollars)).toBeCloseTo(0.079233, 6)
  })

  it('has a coalescing object active all the time, however short its bursts were', ({ expect }) => {
    const counts = { ...NO_COUNTS, objectMs: 7_000, coalescerMs: 2_000, coalescerCalls: 1e6 }
    const usage = usageBetween(NO_COUNTS, counts, { cpuSeconds: 0, logShare: 0 })
    expect(usage.object_gb_seconds).toBeCloseTo((5 + 1e6 / 50) * 0.128, 6)
    const { object_gb_seconds: dollars } = dollarsOf(usage, readPrices())
    expect(dollars).toBeCloseTo(0.032, 4)
  })

  it('grows in proportion to every item', ({ expect }) => {
    const amount = fc.nat(1e9)
    const usage = fc.record({
      worker_requests: amount,
      worker_cpu_ms: amount,
      queue_operations: amount,
      object_requests: amount,
      object_gb_seconds: amount,
      object_rows_read: amount,
      object_rows_written: amount,
      d1_rows_read: amount,
      d1_rows_written: amount,
      log_lines: amount,
    })
    fc.assert(
      fc.property(usage, fc.constantFrom(...ITEMS), (used, item) => {
        const prices = readPrices()
        const once = totalOf(dollarsOf(used, prices))
        const more = totalOf(dollarsOf({ ...used, [item]: used[item] + 1e6 }, prices))
        expect(more - once).toBeCloseTo(prices.prices[item].dollars_per_million, 6)
      }),
    )
  })

  it('names its sources and its date', ({ expect }) => {
    const { date, sources } = readPrices()
    expect(date).toMatch(/^\d{4}-\d{2}-\d{2}$/)
    expect(sources.length).toBeGreaterThan(0)
  })
})

describe('the cost of a run', () => {
  it('meets the target when events are packed', ({ expect }) => {
    expect(complaints(costOf(PACKED), null)).toEqual([])
  })

  it('misses it with one message per event', ({ expect }) => {
    const split = { ...PACKED, queue_operations: PACKED.queue_operations * 20 }
    expect(complaints(costOf(split), null)).toEqual([
      '$1.2192 per million events at 20 per POST; the target is $0.1000',
    ])
  })

  it('misses the baseline by more than a quarter', ({ expect }) => {
    const cheap = { ...PACKED, queue_operations: PACKED.queue_operations / 2 }
    expect(complaints(costOf(PACKED), costOf(cheap))).toHaveLength(1)
    expect(complaints(costOf(PACKED), costOf(PACKED))).toEqual([])
  })

  it('is held against the target and the baseline of the same name', ({ expect }) => {
    const dear = { ...PACKED, queue_operations: 1_500_000 }
    expect(complaints(costOf(dear, '1 per POST'), costOf(PACKED))).toEqual([])
    expect(complaints(costOf(dear, '1 per POST, coalesced'), costOf(PACKED))).toEqual([
      '$0.6192 per million events at 1 per POST, coalesced; the target is $0.6000',
    ])
  })

  it('is told with the operations and with what is free', ({ expect }) => {
    const text = renderCost(costOf(PACKED), readPrices())
    expect(text).toContain('| queue operations | $0.0600 (150,000) |')
    expect(text).toContain('| queue operations | 1,000,000 | 6.67 |')
  })
})
