import { describe, it } from 'vitest'

import {
  BASELINE_TOLERANCE,
  baselineVerdicts,
  targetVerdicts,
} from '../../../scripts/bench/results.ts'
import type { Results } from '../../../scripts/bench/results.ts'
import { renderChange } from '../../../scripts/bench/tables.ts'
import { resultsOf } from './results-fixture.ts'

function missedTargets(changed: Parameters<typeof resultsOf>[0]): string[] {
  return targetVerdicts(resultsOf(changed))
    .filter(({ passes }) => !passes)
    .map(({ name }) => name)
}

const [row] = resultsOf({}).cpu

describe('targets of the bench', () => {
  it('are met by good results', ({ expect }) => {
    expect(missedTargets({})).toEqual([])
  })

  it.for<[string, Partial<Results>]>([
    ['ingest / floor at 100 events per POST', { cpu: row ? [{ ...row, ratio: 2.01 }] : [] }],
    ['CPU per event at 100 events per POST, us', { cpu: row ? [{ ...row, total: 30.1 }] : [] }],
    [
      'insert path / curl',
      { inserts: { rows: 1, workerRowsPerSecond: 1, curlRowsPerSecond: 1.4, ratio: 1.4 } },
    ],
    [
      'heap of the isolate, bytes',
      { memory: { messages: 100, plainBytes: 1, heapBytes: 128_000_001 } },
    ],
    [
      'heap of the isolate, bytes',
      { backlog: [{ messages: 4_000, micros: 7, heapBytes: 129_000_000 }] },
    ],
    ['start of the module, ms', { startup: { startMs: 1_001, bundleBytes: 1, gzipBytes: 1 } }],
  ])('say that %s is missed', ([name, changed], { expect }) => {
    expect(missedTargets(changed)).toEqual([name])
  })

  it('are missed by what was not measured', ({ expect }) => {
    expect(missedTargets({ cpu: [] })).toEqual([
      'ingest / floor at 100 events per POST',
      'CPU per event at 100 events per POST, us',
    ])
  })
})

describe('the baseline', () => {
  it('is kept by the same results', ({ expect }) => {
    const verdicts = baselineVerdicts(resultsOf({}), resultsOf({}))
    expect(verdicts.length).toBeGreaterThan(4)
    expect(verdicts.filter(({ passes }) => !passes)).toEqual([])
  })

  it('is kept by a slower machine, where every figure grows alike', ({ expect }) => {
    const slow = (value: number) => value * 3
    const slower = resultsOf({
      cpu: row
        ? [{ ...row, floor: slow(row.floor), ingest: slow(row.ingest), total: slow(row.total) }]
        : [],
      games: resultsOf({}).games.map(({ games, micros }) => ({ games, micros: slow(micros) })),
    })
    expect(baselineVerdicts(slower, resultsOf({})).filter(({ passes }) => !passes)).toEqual([])
  })

  it('is missed by a ratio that is more than a quarter worse', ({ expect }) => {
    const games = [
      { games: 1, micros: 22 },
      { games: 100, micros: 30 * BASELINE_TOLERANCE * 1.01 },
    ]
    const missed = baselineVerdicts(resultsOf({ games }), resultsOf({}))
    expect(missed.filter(({ passes }) => !passes).map(({ name }) => name)).toEqual([
      '100 games / 1 game',
    ])
  })
})

describe('what has changed between two builds', () => {
  it('is shown as before and after, and as it is for what was not measured before', ({
    expect,
  }) => {
    const twice = resultsOf({ cpu: row ? [{ ...row, total: 44, ratio: 3 }] : [] })
    const now = resultsOf({ cpu: row ? [row, { ...row, size: 500, total: 11 }] : [] })
    const lines = renderChange(twice, now).split('\n')
    expect(lines.find((line) => line.startsWith('| 100 |'))).toBe(
      '| 100 | 10.0 → 10.0 | 15.0 → 15.0 | 5.0 → 5.0 | 44.0 → 22.0 | 3.00x → 1.50x | 59.0 kB → 59.0 kB |',
    )
    expect(lines.find((line) => line.startsWith('| 500 |'))).toContain('| 11.0 |')
  })
})
