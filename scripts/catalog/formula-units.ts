/**
 * What a formula measures. Users, sessions and events are different things to count; a quotient of two
 * different ones, or any other plain number, is a `count`; of two like things it is a `ratio`. A bare
 * number takes the unit of what it stands beside.
 */
import type { METRIC_UNITS } from '../../src/catalog/schemas.ts'

export type Unit = (typeof METRIC_UNITS)[number]
export type Measure = Unit | 'number'

/** Units of something else than a number of things. */
const QUANTITIES: ReadonlySet<Measure> = new Set(['usd', 'cents', 'ms', 'mb', 'fps'])

/** Of a sum, a difference or a choice between two; null when the two are not comparable. */
export function addMeasures(left: Measure, right: Measure): Measure | null {
  if (left === right) return left
  if (left === 'number' && !QUANTITIES.has(right)) return right
  if (right === 'number' && !QUANTITIES.has(left)) return left
  return null
}

/** Of a product; null when there is no unit for it. */
export function multiplyMeasures(left: Measure, right: Measure): Measure | null {
  if (left === 'number' || (left === 'ratio' && right !== 'number')) return right
  if (isFactor(right)) return left
  if (QUANTITIES.has(left)) return QUANTITIES.has(right) ? null : left
  return QUANTITIES.has(right) ? right : 'count'
}

/** Of a quotient; null when there is no unit for it. */
export function divideMeasures(left: Measure, right: Measure): Measure | null {
  if (left === right) return left === 'number' ? 'number' : 'ratio'
  if (isFactor(right)) return left
  if (QUANTITIES.has(right)) return null
  return QUANTITIES.has(left) ? left : 'count'
}

function isFactor(measure: Measure): boolean {
  return measure === 'number' || measure === 'ratio'
}
