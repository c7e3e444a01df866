/** The results as Markdown tables. */
import { table } from '../reference/markdown.ts'
import type { Results, Verdict } from './results.ts'

/** All tables, a heading each. */
export function renderResults(results: Results): string {
  const { cpu, games, backlog, memory, inserts, visible, startup } = results
  return [
    '### CPU per event, microseconds',
    table(
      [
        'events per POST',
        'floor',
        'ingest',
        'consume',
        'sketch',
        'all',
        'ingest / floor',
        'message',
      ],
      cpu.map((row) => [
        String(row.size),
        micros(row.floor),
        micros(row.ingest),
        micros(row.consume),
        micros(row.sketch),
        micros(row.total),
        ratio(row.ratio),
        kilobytes(row.messageBytes),
      ]),
    ),
    '### Growth',
    table(
      ['games', 'CPU per event, microseconds'],
      games.map((row) => [String(row.games), micros(row.micros)]),
    ),
    table(
      [
        'messages of backlog',
        'CPU of the consumer per event, microseconds',
        'heap with garbage at most',
      ],
      backlog.map((row) => [String(row.messages), micros(row.micros), megabytes(row.heapBytes)]),
    ),
    '### Memory of the isolate',
    table(
      ['messages of a full batch', 'inflated', 'heap in use at most'],
      [[String(memory.messages), megabytes(memory.plainBytes), megabytes(memory.heapBytes)]],
    ),
    '### Inserts into ClickHouse',
    table(
      ['', 'rows per second'],
      [
        ['consumer', grouped(inserts.workerRowsPerSecond)],
        ['curl', grouped(inserts.curlRowsPerSecond)],
        ['time of the consumer / time of curl', ratio(inserts.ratio)],
      ],
    ),
    '### From POST to visible, milliseconds',
    table(
      ['', 'median', '95th percentile'],
      [
        ['sketches', grouped(visible.sketches.p50Ms), grouped(visible.sketches.p95Ms)],
        ['rows', grouped(visible.rows.p50Ms), grouped(visible.rows.p95Ms)],
      ],
    ),
    '### Start',
    table(
      ['start of the module', 'bundle', 'gzipped'],
      [
        [
          `${startup.startMs.toFixed(0)} ms`,
          kilobytes(startup.bundleBytes),
          kilobytes(startup.gzipBytes),
        ],
      ],
    ),
  ].join('\n\n')
}

/** What has changed between two builds. */
export function renderChange(before: Results, after: Results): string {
  return [
    table(
      ['events per POST', 'floor', 'ingest', 'consume', 'all', 'ingest / floor', 'message'],
      after.cpu.map((row) => {
        const was = before.cpu.find(({ size }) => size === row.size)
        return [
          String(row.size),
          change(was?.floor, row.floor, micros),
          change(was?.ingest, row.ingest, micros),
          change(was?.consume, row.consume, micros),
          change(was?.total, row.total, micros),
          change(was?.ratio, row.ratio, ratio),
          change(was?.messageBytes, row.messageBytes, kilobytes),
        ]
      }),
    ),
    table(
      ['', 'before → after'],
      [
        [
          'heap of a full batch',
          change(before.memory.heapBytes, after.memory.heapBytes, megabytes),
        ],
        ['time of an insert / of curl', change(before.inserts.ratio, after.inserts.ratio, ratio)],
        ['bundle, gzipped', change(before.startup.gzipBytes, after.startup.gzipBytes, kilobytes)],
      ],
    ),
  ].join('\n\n')
}

function change(was: number | undefined, is: number, shown: (value: number) => string): string {
  return was === undefined ? shown(is) : `${shown(was)} → ${shown(is)}`
}

/** Comparisons, one a line. */
export function renderVerdicts(title: string, verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ name, value, limit, passes }) => [
    passes ? 'ok' : 'MISSED',
    name,
    significant(value),
    significant(limit),
  ])
  return `### ${title}\n\n${table(['', 'figure', 'measured', 'at most'], lines)}`
}

function micros(value: number): string {
  return value.toFixed(1)
}

function ratio(value: number): string {
  return `${value.toFixed(2)}x`
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} kB`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function significant(value: number): string {
  return value >= 1_000 ? grouped(value) : value.toFixed(2)
}
