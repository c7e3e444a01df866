/** Whether the type and the unit that a metric declares are those of its formula. */
import { FORMULA_FUNCTIONS } from './formula-functions.ts'
import type { Expression } from './formula-syntax.ts'
import type { Measure } from './formula-units.ts'
import type { MetricEntry } from './metrics-file.ts'

const COUNTING = new Set(['users', 'sessions', 'count', 'first_users', 'lapsed_users'])
const ADDING = new Set(['sum', 'distinct'])

/** Faults of one metric; `measure` is undefined when the formula has faults of its own. */
export function* typeFaults(
  { type, unit }: Pick<MetricEntry, 'type' | 'unit'>,
  formula: Expression,
  measure: Measure | undefined,
): Generator<string> {
  if (measure !== undefined && measure !== unit) {
    yield `unit: expected ${measure}, which the formula gives, got ${unit}`
  }
  if (type === 'ratio' && unit !== 'ratio') yield `type: a ratio has the unit ratio, got ${unit}`
  const call = formula.kind === 'call' ? formula.call.name : ''
  if (type === 'counter' && !COUNTING.has(call) && !ADDING.has(call)) {
    yield `type: the formula of a counter is one of ${[...COUNTING, ...ADDING].join(', ')}`
  }
  if (type === 'histogram' && !(FORMULA_FUNCTIONS.has(call) && /^p\d+$/.test(call))) {
    yield 'type: the formula of a histogram is a percentile'
  }
}
