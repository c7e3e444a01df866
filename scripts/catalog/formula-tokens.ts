/** The text of a formula as tokens. */

export type TokenKind = 'name' | 'number' | 'text' | 'symbol' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** As written; for a text the characters between the quotes */
  readonly text: string
  /** Where it begins, counted from 0 in UTF-16 code units */
  readonly offset: number
}

/** A formula that cannot be read; the message says what was expected and where. */
export class FormulaError extends Error {
  override readonly name = 'FormulaError'
}

const TOKEN =
  /\s+|(?<name>[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)|(?<number>\d+(?:\.\d+)?)|'(?<text>[^']*)'|(?<symbol><=|>=|!=|[-+*/(),=<>])/y

/** Tokens in order, ending with one of kind `end`. Throws FormulaError at a character that starts none. */
export function tokenize(formula: string): Token[] {
  const tokens: Token[] = []
  let offset = 0
  while (offset < formula.length) {
    TOKEN.lastIndex = offset
    const match = TOKEN.exec(formula)
    if (match === null) throw unexpected(formula, offset)
    for (const kind of ['name', 'number', 'text', 'symbol'] as const) {
      const text = match.groups?.[kind]
      if (text !== undefined) tokens.push({ kind, text, offset })
    }
    offset = TOKEN.lastIndex
  }
  tokens.push({ kind: 'end', text: 'the end', offset })
  return tokens
}

function unexpected(formula: string, offset: number): FormulaError {
  const what = formula[offset] === "'" ? 'the closing quote' : 'a name, a number, a text or a sign'
  return new FormulaError(
    `expected ${what}, found "${formula.slice(offset, offset + 12)}" at character ${offset + 1}`,
  )
}
