/**
 * Formula text to tree, by recursive descent. Quotients and differences group to the left; `and` binds
 * closer than `or`, `not` closer than both. The grammar: configs/analytics/metrics.yaml.
 */
import { parseCondition } from './formula-condition.ts'
import { FORMULA_FUNCTIONS } from './formula-functions.ts'
import type { Call, Condition, Expression, Fields, Selection } from './formula-syntax.ts'
import { FormulaError } from './formula-tokens.ts'
import { TokenReader } from './token-reader.ts'

/** Nesting that a formula may have; one that needs more is two metrics. */
const MAX_DEPTH = 20

/** The tree of a formula. Throws FormulaError. */
export function parseFormula(formula: string): Expression {
  const reader = new TokenReader(formula)
  const expression = parseSum(reader, 0)
  reader.expectEnd()
  return expression
}

function parseSum(reader: TokenReader, depth: number): Expression {
  let left = parseProduct(reader, depth)
  for (;;) {
    const operator = reader.takeSymbol('+', '-')
    if (operator === null) return left
    left = { kind: 'operation', operator, left, right: parseProduct(reader, depth) }
  }
}

function parseProduct(reader: TokenReader, depth: number): Expression {
  let left = parseOperand(reader, depth)
  for (;;) {
    const operator = reader.takeSymbol('*', '/')
    if (operator === null) return left
    left = { kind: 'operation', operator, left, right: parseOperand(reader, depth) }
  }
}

function parseOperand(reader: TokenReader, depth: number): Expression {
  if (depth > MAX_DEPTH) throw reader.unexpected(`at most ${MAX_DEPTH} levels of nesting`)
  if (reader.takeSymbol('(') !== null) {
    const inner = parseSum(reader, depth + 1)
    reader.expectSymbol(')')
    return inner
  }
  const number = reader.takeNumber()
  if (number !== null) return { kind: 'number', value: number }
  const name = reader.takeName('a number, a metric, a function or (')
  if (!reader.nextIs('(')) return { kind: 'metric', id: name }
  return { kind: 'call', call: parseCall(name, reader, depth + 1) }
}

function parseCall(name: string, reader: TokenReader, depth: number): Call {
  const definition = FORMULA_FUNCTIONS.get(name)
  if (definition === undefined) {
    const known = [...FORMULA_FUNCTIONS.keys()].join(', ')
    throw new FormulaError(`there is no function ${name}; expected one of ${known}`)
  }
  reader.expectSymbol('(')
  const call = parseArguments(name, definition.shape, reader, depth)
  reader.expectSymbol(')')
  return call
}

function parseArguments(
  name: string,
  shape: Call['shape'],
  reader: TokenReader,
  depth: number,
): Call {
  switch (shape) {
    case 'selection':
      return parseSelectionCall(name, reader)
    case 'fields':
      return { shape, name, fields: parseFields(reader) }
    case 'cohort':
      return { shape, name, ...parseCohort(reader) }
    case 'cohort_selection': {
      const cohort = parseCohort(reader)
      reader.expectSymbol(',')
      return { shape, name, ...cohort, selection: parseSelection(reader) }
    }
    case 'cohort_fields': {
      const cohort = parseCohort(reader)
      reader.expectSymbol(',')
      return { shape, name, ...cohort, fields: parseFields(reader) }
    }
    case 'metric':
      return { shape, name, metric: reader.takeName('the id of a metric') }
    case 'expression':
      return { shape, name, expression: parseSum(reader, depth) }
    case 'two_expressions': {
      const left = parseSum(reader, depth)
      reader.expectSymbol(',')
      return { shape, name, left, right: parseSum(reader, depth) }
    }
  }
}

function parseSelectionCall(name: string, reader: TokenReader): Call {
  const selection = parseSelection(reader)
  const mode = name === 'users' ? reader.takeWord('with', 'without') : null
  const also = mode === null ? null : { mode, selection: parseSelection(reader) }
  return { shape: 'selection', name, selection, also }
}

function parseCohort(reader: TokenReader): { cohort: Selection; days: number } {
  const cohort = parseSelection(reader)
  reader.expectSymbol(',')
  const days = reader.takeNumber()
  if (days === null || !Number.isInteger(days)) throw reader.unexpected('a number of days')
  return { cohort, days }
}

function parseSelection(reader: TokenReader): Selection {
  const events = parsePaths(reader, 'the id of an event')
  return { events, where: parseWhere(reader) }
}

function parseFields(reader: TokenReader): Fields {
  const paths = parsePaths(reader, 'an attribute of an event')
  return { paths, where: parseWhere(reader) }
}

/** Dotted names; the comma before a number belongs to the caller. */
function parsePaths(reader: TokenReader, expected: string): string[] {
  const paths = [reader.takePath(expected)]
  while (reader.nextIs(',') && !reader.followsNumber()) {
    reader.expectSymbol(',')
    paths.push(reader.takePath(expected))
  }
  return paths
}

function parseWhere(reader: TokenReader): Condition | null {
  return reader.takeWord('where') === null ? null : parseCondition(reader, 0)
}
