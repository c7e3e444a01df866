/**
 * Whether a formula makes sense to the catalog: names resolve, attributes are carried by the events and
 * have the type that is asked of them, units fit together. What it reads is collected on the way.
 */
import { checkCondition, checkFields, checkSelection } from './formula-selection.ts'
import type { Call, Expression, Fields, Operator, Selection } from './formula-syntax.ts'
import type { Measure, Unit } from './formula-units.ts'
import { addMeasures, divideMeasures, multiplyMeasures } from './formula-units.ts'
import { windowSeconds } from './window.ts'

export interface VocabularyAttribute {
  readonly type: string
  readonly unit: string | undefined
  /** Of an enum */
  readonly values: readonly string[] | undefined
}

export interface VocabularyMetric {
  readonly unit: Unit
  readonly window: string
  readonly by: readonly string[]
}

/** What names in a formula may refer to. */
export interface Vocabulary {
  /** Keys of the attributes that each event carries */
  readonly events: ReadonlyMap<string, ReadonlySet<string>>
  readonly attributes: ReadonlyMap<string, VocabularyAttribute>
  readonly metrics: ReadonlyMap<string, VocabularyMetric>
  /** Events that make a user active: those that count as dau */
  readonly activityEvents: readonly string[]
}

/** What a formula reads, itself only; without what the metrics that it names read. */
export interface FormulaReading {
  /** Undefined when a fault hides it */
  readonly measure: Measure | undefined
  readonly faults: readonly string[]
  readonly events: ReadonlySet<string>
  /** `<event id>.<attribute>` */
  readonly attributes: ReadonlySet<string>
  readonly metrics: ReadonlySet<string>
  /** Events and metrics whose values are split by dimensions; `inTotal`: not by those of `by` */
  readonly split: readonly SplitPart[]
}

export interface SplitPart {
  readonly kind: 'event' | 'metric'
  readonly id: string
  readonly inTotal: boolean
}

/** The formula of a metric with this window and this `by`, read against the vocabulary. */
export function checkFormula(
  expression: Expression,
  metric: Pick<VocabularyMetric, 'window' | 'by'>,
  vocabulary: Vocabulary,
): FormulaReading {
  const check = new FormulaCheck(metric, vocabulary)
  const measure = check.measureOf(expression, false)
  const { faults, events, attributes, metrics, split } = check
  return { measure, faults, events, attributes, metrics, split }
}

/** One walk over one formula; collects while it goes. */
class FormulaCheck {
  readonly faults: string[] = []
  readonly events = new Set<string>()
  readonly attributes = new Set<string>()
  readonly metrics = new Set<string>()
  readonly split: SplitPart[] = []
  readonly #metric: Pick<VocabularyMetric, 'window' | 'by'>
  readonly #vocabulary: Vocabulary

  constructor(metric: Pick<VocabularyMetric, 'window' | 'by'>, vocabulary: Vocabulary) {
    this.#metric = metric
    this.#vocabulary = vocabulary
  }

  /** The unit of the expression; undefined when a fault hides it. */
  measureOf(expression: Expression, inTotal: boolean): Measure | undefined {
    switch (expression.kind) {
      case 'number':
        return 'number'
      case 'metric':
        return this.#metricNamed(expression.id, inTotal)?.unit
      case 'operation': {
        const left = this.measureOf(expression.left, inTotal)
        const right = this.measureOf(expression.right, inTotal)
        return this.#combine(expression.operator, left, right)
      }
      case 'call':
        return this.#measureOfCall(expression.call, inTotal)
    }
  }

  #combine(operator: Operator, left: Measure | undefined, right: Measure | undefined) {
    if (left === undefined || right === undefined) return undefined
    const combined = COMBINE[operator](left, right)
    if (combined === null) this.faults.push(`there is no unit for ${left} ${operator} ${right}`)
    return combined ?? undefined
  }

  #metricNamed(id: string, inTotal: boolean): VocabularyMetric | undefined {
    const metric = this.#vocabulary.metrics.get(id)
    if (metric === undefined) {
      this.faults.push(`there is no metric ${id}`)
      return undefined
    }
    this.metrics.add(id)
    this.split.push({ kind: 'metric', id, inTotal })
    for (const dimension of metric.by) {
      if (this.#metric.by.includes(dimension)) continue
      this.faults.push(`${id} is always split by ${dimension}, so this metric must be, too`)
    }
    return metric
  }

  #measureOfCall(call: Call, inTotal: boolean): Measure | undefined {
    switch (call.shape) {
      case 'selection':
        return this.#measureOfSelection(call, inTotal)
      case 'fields':
        return this.#measureOfFields(call.name, call.fields, inTotal)
      case 'cohort':
        this.#readCohort(call, inTotal)
        for (const id of this.#vocabulary.activityEvents) this.#readEvent(id, 'user_id')
        return 'ratio'
      case 'cohort_selection':
        this.#readCohort(call, inTotal)
        this.#readSelection(call.selection, 'user_id')
        return 'ratio'
      case 'cohort_fields':
        this.#readCohort(call, inTotal)
        return this.#readFields(call.name, call.fields)
      case 'metric':
        return this.#measureOverTime(call.name, call.metric, inTotal)
      case 'expression':
        if (inTotal) this.faults.push('total: stands in another total')
        if (this.#metric.by.length === 0) this.faults.push('total: the metric has no by')
        return this.measureOf(call.expression, true)
      case 'two_expressions': {
        const left = this.measureOf(call.left, inTotal)
        const right = this.measureOf(call.right, inTotal)
        return this.#combine('+', left, right)
      }
    }
  }

  #measureOfSelection(call: Extract<Call, { shape: 'selection' }>, inTotal: boolean): Measure {
    const identity = SELECTION_IDENTITIES.get(call.name)
    this.#readSelection(call.selection, identity?.attribute ?? null)
    this.#splitBy(call.selection.events, inTotal)
    if (call.also !== null) this.#readSelection(call.also.selection, 'user_id')
    return identity?.unit ?? 'events'
  }

  #measureOfFields(name: string, fields: Fields, inTotal: boolean): Measure | undefined {
    const measure = this.#readFields(name, fields)
    this.#splitBy(
      fields.paths.map((path) => path.slice(0, path.lastIndexOf('.'))),
      inTotal,
    )
    return measure
  }

  #measureOverTime(name: string, id: string, inTotal: boolean): Measure | undefined {
    const metric = this.#metricNamed(id, inTotal)
    if (metric === undefined) return undefined
    const isShorter = windowSeconds(metric.window) < windowSeconds(this.#metric.window)
    if (name !== 'previous' && !isShorter) {
      const expected = `${name}: expected a metric with a window below ${this.#metric.window}`
      this.faults.push(`${expected}; ${id} has ${metric.window}`)
    }
    return metric.unit
  }

  #readCohort({ cohort, name }: { cohort: Selection; name: string }, inTotal: boolean): void {
    if (windowSeconds(this.#metric.window) < windowSeconds('1d')) {
      this.faults.push(`${name}: expected a window of whole days, got ${this.#metric.window}`)
    }
    this.#readSelection(cohort, 'user_id')
    this.#splitBy(cohort.events, inTotal)
  }

  #readSelection(selection: Selection, identity: string | null): void {
    this.faults.push(...checkSelection(selection, this.#vocabulary))
    for (const event of selection.events) this.#readEvent(event, identity)
    this.#readCondition(selection, selection.events)
  }

  #readFields(name: string, fields: Fields): Measure | undefined {
    const { measure, faults } = checkFields(name, fields, this.#vocabulary)
    this.faults.push(...faults)
    if (measure === 'cents' && !this.#metric.by.includes('currency_code')) {
      this.faults.push(
        `${name}: minor units only add up per currency; expected by: [currency_code]`,
      )
    }
    const events = fields.paths.map((path) => path.slice(0, path.lastIndexOf('.')))
    for (const path of fields.paths) this.attributes.add(path)
    for (const event of events) this.events.add(event)
    this.#readCondition(fields, events)
    return measure
  }

  #readCondition({ where }: Pick<Selection, 'where'>, events: readonly string[]): void {
    if (where === null) return
    const { faults, attributes } = checkCondition(where, events, this.#vocabulary)
    this.faults.push(...faults)
    for (const event of events) {
      for (const attribute of attributes) this.attributes.add(`${event}.${attribute}`)
    }
  }

  #readEvent(id: string, attribute: string | null): void {
    this.events.add(id)
    if (attribute !== null) this.attributes.add(`${id}.${attribute}`)
  }

  #splitBy(events: readonly string[], inTotal: boolean): void {
    this.split.push(...events.map((id) => ({ kind: 'event' as const, id, inTotal })))
  }
}

const COMBINE = {
  '+': addMeasures,
  '-': addMeasures,
  '*': multiplyMeasures,
  '/': divideMeasures,
} as const

/** What a call over a selection counts, and the attribute that tells one from another. */
const SELECTION_IDENTITIES: ReadonlyMap<string, { attribute: string; unit: Unit }> = new Map([
  ['users', { attribute: 'user_id', unit: 'users' }],
  ['first_users', { attribute: 'user_id', unit: 'users' }],
  ['lapsed_users', { attribute: 'user_id', unit: 'users' }],
  ['sessions', { attribute: 'session_id', unit: 'sessions' }],
])
