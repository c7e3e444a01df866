/** One line of the benchmark: a figure, what it is held against, and whether the target is met. */

/** How far a timing may be over its limit before the run fails: the machine has other work to do. */
export const TIMING_MARGIN = 0.25

export type Verdict = 'met' | 'within the margin' | 'missed'

export interface Row {
  /** Name of the target, such as A1 */
  readonly target: string
  readonly what: string
  /** Our figure with its unit */
  readonly own: string
  /** The other figure with its unit; empty when the limit is absolute */
  readonly peer: string
  /** What is compared with the limit: a ratio own / peer, or our figure itself */
  readonly value: number
  readonly limit: number
  /** Unit of value and limit; empty for a ratio */
  readonly unit: string
  /** Whether value must not be above (`most`) or not be below (`least`) the limit */
  readonly bound: 'most' | 'least'
  /** Timings have a margin. */
  readonly isTiming: boolean
  /** The peer's figure is published, not measured in this run. */
  readonly isQuoted: boolean
}

/** A figure that is no timing: its limit holds as it stands. */
export function figure(
  row: Pick<Row, 'target' | 'what' | 'own' | 'value' | 'limit'> & Partial<Row>,
): Row {
  return { peer: '', unit: '', bound: 'most', isTiming: false, isQuoted: false, ...row }
}

/** A ratio of two times in nanoseconds. */
export function timing(
  row: Pick<Row, 'target' | 'what' | 'limit'> & Partial<Row>,
  ownNs: number,
  peer: { readonly name: string; readonly ns: number },
): Row {
  const own = duration(ownNs)
  const against = `${peer.name}: ${duration(peer.ns)}`
  return figure({ own, peer: against, value: ownNs / peer.ns, isTiming: true, ...row })
}

/** Whether a target is met; a timing is missed only beyond the margin. */
export function verdictOf({ value, limit, bound, isTiming }: Row): Verdict {
  if (Number.isNaN(value)) return 'missed'
  if (bound === 'least' ? value >= limit : value <= limit) return 'met'
  return isTiming && bound === 'most' && value <= limit * (1 + TIMING_MARGIN)
    ? 'within the margin'
    : 'missed'
}

/** Whether the run fails: a missed row counts, unless it is a time held against one of another run. */
export function isFailure(row: Row): boolean {
  return verdictOf(row) === 'missed' && !(row.isTiming && row.isQuoted)
}

/** Nanoseconds in the unit that people read. */
export function duration(ns: number): string {
  return ns < 1_000 ? `${ns.toPrecision(3)} ns` : `${(ns / 1_000).toPrecision(4)} us`
}

/** A share as a percentage with three decimals. */
export function percent(share: number): string {
  // Rounded first, and 0 added: what rounds to zero has no sign.
  return `${(Math.round(share * 1e5) / 1e3 + 0).toFixed(3)} %`
}

/** The heads and cells of the table, for the terminal and for the page. */
export function tableOf(rows: readonly Row[]): { heads: string[]; cells: string[][] } {
  return {
    heads: ['target', 'figure', 'own', 'against', 'value', 'limit', 'met'],
    cells: rows.map((row) => [
      row.target,
      row.what,
      row.own,
      row.isQuoted ? `${row.peer} (quoted)` : row.peer,
      valueText(row.value, row.unit),
      `${row.bound === 'most' ? '≤' : '≥'} ${Number(row.limit.toFixed(3))}${row.unit === '' ? '' : ` ${row.unit}`}`,
      { met: 'yes', 'within the margin': 'within the margin', missed: 'no' }[verdictOf(row)],
    ]),
  }
}

function valueText(value: number, unit: string): string {
  const digits = Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 3 : 2)
  return unit === '' ? digits : `${digits} ${unit}`
}
