/** What a run found, for people. */
import type { RunReport } from './run.ts'

const SHOWN_FINDINGS = 25

/** Lost, duplicated, wrong, or never acknowledged: any of it fails a run. */
export function isGood({ lost, duplicated, wrong, unacknowledged }: RunReport): boolean {
  return lost === 0 && duplicated === 0 && wrong.length === 0 && unacknowledged === 0
}

const count = (value: number): string => value.toLocaleString('en-US')

/** The figures by name, in the order in which they are shown. */
export function summaryOf(report: RunReport): readonly (readonly [string, string])[] {
  return [
    ['events and payments sent', count(report.sent)],
    ['acknowledged as accepted', count(report.acknowledged)],
    ['stored', count(report.stored)],
    ['lost', count(report.lost)],
    ['duplicated', count(report.duplicated)],
    ['wrong figures', count(report.wrong.length)],
    ['never acknowledged', `${count(report.unacknowledged)} POSTs`],
    ['POSTs', `${count(report.posts)} (${count(report.attempts)} attempts)`],
    ['in company with others', count(report.coalesced)],
    ['sent again after an acknowledgement', count(report.repeats)],
    ['dead letters, all replayed', count(report.deadLetters)],
    ['answers during the faults', count(report.answers.answered)],
    ['errors instead of answers', count(report.answers.failed)],
    ['faults', count(report.fired)],
    [
      'seconds with faults / in all',
      `${Math.round(report.seconds.faults)} / ${Math.round(report.seconds.all)}`,
    ],
  ]
}

/** The faults by kind, most frequent first. */
export function faultsOf({ faults }: RunReport): readonly (readonly [string, number])[] {
  return Object.entries(faults).toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
}

/** A report as text; the findings at its end. */
export function renderReport(report: RunReport): string {
  const lines = summaryOf(report).map(([name, value]) => `${name.padEnd(38)} ${value}`)
  const faults = faultsOf(report).map(([name, value]) => `  ${name.padEnd(48)} ${value}`)
  const shown = report.wrong.slice(0, SHOWN_FINDINGS).map((what) => `  ${what}`)
  const rest = report.wrong.length - shown.length
  return [
    `seed ${report.seed}`,
    ...lines,
    'faults fired:',
    ...faults,
    ...(shown.length > 0 ? ['wrong:', ...shown] : []),
    ...(rest > 0 ? [`  and ${count(rest)} more`] : []),
    isGood(report)
      ? 'Nothing lost, nothing twice, every figure right.'
      : `FAILED. The same schedule again: node scripts/chaos.ts --seed ${report.seed}, with the same sizes.`,
  ].join('\n')
}
