/** Formulas at random, and as text. */
import * as fc from 'fast-check'

import { FORMULA_FUNCTIONS } from '../../../scripts/catalog/formula-functions.ts'
import type {
  Condition,
  Expression,
  Fields,
  Selection,
} from '../../../scripts/catalog/formula-syntax.ts'
import { COMPARISONS } from '../../../scripts/catalog/formula-syntax.ts'

const namesOf = (shape: string) =>
  fc.constantFrom(...[...FORMULA_FUNCTIONS].filter(([, f]) => f.shape === shape).map(([n]) => n))

const literal = fc.oneof(fc.integer(), fc.boolean(), fc.stringMatching(/^[^' ]{0,8}$/))
const attribute = fc.constantFrom('platform', 'duration_ms', 'x1')
const { condition: conditionArbitrary } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    fc.record({
      kind: fc.constant('compare' as const),
      attribute,
      comparison: fc.constantFrom(...COMPARISONS),
      literal,
    }),
    fc.record({
      kind: fc.constant('in' as const),
      attribute,
      literals: fc.array(literal, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('contains' as const), attribute, literal }),
    fc.record({ kind: fc.constant('set' as const), attribute, isSet: fc.boolean() }),
    fc.record({ kind: fc.constant('not' as const), condition: tie('condition') }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      left: tie('condition'),
      right: tie('condition'),
    }),
  ),
}))

const where = fc.option(conditionArbitrary)
const events = fc.array(fc.constantFrom('session.start', 'td.tower.build', 'a.b'), {
  minLength: 1,
  maxLength: 3,
})
const paths = fc.array(fc.constantFrom('a.b.c', 'td.tower.build.cost'), {
  minLength: 1,
  maxLength: 2,
})
const selection: fc.Arbitrary<Selection> = fc.record({ events, where })
const fields: fc.Arbitrary<Fields> = fc.record({ paths, where })
const days = fc.nat({ max: 400 })

/** Any tree that a formula can have; its names need not exist. */
export const { expression: formulaArbitrary } = fc.letrec<{ expression: Expression }>((tie) => {
  const call = fc.oneof(
    fc.record({
      shape: fc.constant('selection' as const),
      name: fc.constant('users'),
      selection,
      also: fc.option(
        fc.record({ mode: fc.constantFrom('with' as const, 'without' as const), selection }),
      ),
    }),
    fc.record({ shape: fc.constant('fields' as const), name: namesOf('fields'), fields }),
    fc.record({
      shape: fc.constant('cohort' as const),
      name: namesOf('cohort'),
      cohort: selection,
      days,
    }),
    fc.record({
      shape: fc.constant('cohort_selection' as const),
      name: namesOf('cohort_selection'),
      cohort: selection,
      days,
      selection,
    }),
    fc.record({
      shape: fc.constant('cohort_fields' as const),
      name: namesOf('cohort_fields'),
      cohort: selection,
      days,
      fields,
    }),
    fc.record({
      shape: fc.constant('metric' as const),
      name: namesOf('metric'),
      metric: fc.constantFrom('dau', 'online'),
    }),
    fc.record({
      shape: fc.constant('expression' as const),
      name: namesOf('expression'),
      expression: tie('expression'),
    }),
    fc.record({
      shape: fc.constant('two_expressions' as const),
      name: namesOf('two_expressions'),
      left: tie('expression'),
      right: tie('expression'),
    }),
  )
  return {
    expression: fc.oneof(
      { maxDepth: 3 },
      fc.record({ kind: fc.constant('number' as const), value: fc.nat() }),
      fc.record({ kind: fc.constant('metric' as const), id: fc.constantFrom('dau', 'arpu') }),
      fc.record({
        kind: fc.constant('operation' as const),
        operator: fc.constantFrom('+' as const, '-' as const, '*' as const, '/' as const),
        left: tie('expression'),
        right: tie('expression'),
      }),
      fc.record({ kind: fc.constant('call' as const), call }),
    ),
  }
})

/** The formula as text, with all parentheses. */
export function print(formula: Expression): string {
  switch (formula.kind) {
    case 'number':
      return String(formula.value)
    case 'metric':
      return formula.id
    case 'operation':
      return `( ${print(formula.left)} ${formula.operator} ${print(formula.right)} )`
    case 'call':
      return `${formula.call.name}( ${printArguments(formula.call)} )`
  }
}

function printArguments(call: Extract<Expression, { kind: 'call' }>['call']): string {
  switch (call.shape) {
    case 'selection': {
      const also =
        call.also === null ? '' : ` ${call.also.mode} ${printEvents(call.also.selection)}`
      return `${printEvents(call.selection)}${also}`
    }
    case 'fields':
      return printFields(call.fields)
    case 'cohort':
      return `${printEvents(call.cohort)} , ${call.days}`
    case 'cohort_selection':
      return `${printEvents(call.cohort)} , ${call.days} , ${printEvents(call.selection)}`
    case 'cohort_fields':
      return `${printEvents(call.cohort)} , ${call.days} , ${printFields(call.fields)}`
    case 'metric':
      return call.metric
    case 'expression':
      return print(call.expression)
    case 'two_expressions':
      return `${print(call.left)} , ${print(call.right)}`
  }
}

const printEvents = ({ events: ids, where: condition }: Selection) =>
  `${ids.join(' , ')}${printWhere(condition)}`
const printFields = ({ paths: names, where: condition }: Fields) =>
  `${names.join(' , ')}${printWhere(condition)}`
const printWhere = (condition: Condition | null) =>
  condition === null ? '' : ` where ${printCondition(condition)}`
const printLiteral = (value: string | number | boolean) =>
  typeof value === 'string' ? `'${value}'` : String(value)

function printCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'compare':
      return `${condition.attribute} ${condition.comparison} ${printLiteral(condition.literal)}`
    case 'in':
      return `${condition.attribute} in ( ${condition.literals.map(printLiteral).join(' , ')} )`
    case 'contains':
      return `${condition.attribute} contains ${printLiteral(condition.literal)}`
    case 'set':
      return `${condition.attribute} is ${condition.isSet ? '' : 'not '}set`
    case 'not':
      return `not ( ${printCondition(condition.condition)} )`
    case 'and':
    case 'or':
      return `( ${printCondition(condition.left)} ${condition.kind} ${printCondition(condition.right)} )`
  }
}
