/** The condition after `where`, text to tree. */
import type { Condition, Literal } from './formula-syntax.ts'
import { COMPARISONS } from './formula-syntax.ts'
import type { TokenReader } from './token-reader.ts'

const MAX_DEPTH = 20

/** `depth` is the nesting of parentheses so far. Throws FormulaError. */
export function parseCondition(reader: TokenReader, depth: number): Condition {
  let left = parseAll(reader, depth)
  while (reader.takeWord('or') !== null) {
    left = { kind: 'or', left, right: parseAll(reader, depth) }
  }
  return left
}

function parseAll(reader: TokenReader, depth: number): Condition {
  let left = parseOne(reader, depth)
  while (reader.takeWord('and') !== null) {
    left = { kind: 'and', left, right: parseOne(reader, depth) }
  }
  return left
}

function parseOne(reader: TokenReader, depth: number): Condition {
  if (depth > MAX_DEPTH) throw reader.unexpected(`at most ${MAX_DEPTH} levels of nesting`)
  if (reader.takeWord('not') !== null) {
    return { kind: 'not', condition: parseOne(reader, depth + 1) }
  }
  if (reader.takeSymbol('(') !== null) {
    const inner = parseCondition(reader, depth + 1)
    reader.expectSymbol(')')
    return inner
  }
  return parseTest(reader.takeName('an attribute, not or ('), reader)
}

function parseTest(attribute: string, reader: TokenReader): Condition {
  if (reader.takeWord('is') !== null) {
    const isSet = reader.takeWord('not') === null
    reader.expectWord('set')
    return { kind: 'set', attribute, isSet }
  }
  if (reader.takeWord('contains') !== null) {
    return { kind: 'contains', attribute, literal: parseLiteral(reader) }
  }
  if (reader.takeWord('in') !== null) {
    return { kind: 'in', attribute, literals: parseLiterals(reader) }
  }
  const comparison = reader.takeSymbol(...COMPARISONS)
  if (comparison === null) {
    throw reader.unexpected(`${COMPARISONS.join(' ')} in, is or contains after ${attribute}`)
  }
  return { kind: 'compare', attribute, comparison, literal: parseLiteral(reader) }
}

function parseLiterals(reader: TokenReader): Literal[] {
  reader.expectSymbol('(')
  const literals = [parseLiteral(reader)]
  while (reader.takeSymbol(',') !== null) literals.push(parseLiteral(reader))
  reader.expectSymbol(')')
  return literals
}

function parseLiteral(reader: TokenReader): Literal {
  const word = reader.takeWord('true', 'false')
  if (word !== null) return word === 'true'
  const sign = reader.takeSymbol('-') === null ? 1 : -1
  const number = reader.takeNumber()
  if (number !== null) return sign * number
  const text = sign === 1 ? reader.takeText() : null
  if (text === null) throw reader.unexpected("a number, true, false or a text in '...'")
  return text
}
