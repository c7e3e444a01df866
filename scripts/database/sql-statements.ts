/**
 * Splits a ClickHouse SQL script into its statements. Pure. It knows just enough of the lexer to tell a
 * semicolon that ends a statement from one inside a string, a quoted name, a heredoc or a comment; it does
 * not know the data of INSERT ... VALUES or BEGIN ... END blocks, which migrations do not use.
 */

// Tokens that may hide a semicolon, after ClickHouse's `Lexer.cpp`. Block comments do not nest.
const COMMENT = /--[^\n]*|#[ !][^\n]*|\/\*[^]*?\*\//
const QUOTED = /(?<quote>['"`])(?:(?!\k<quote>)[^\\]|\\[^]|\k<quote>{2})*\k<quote>/
const HEREDOC = /\$(?<tag>\w*)\$[^]*?\$\k<tag>\$/
const NEVER_CLOSED = /['"`]|\/\*/

const TOKENS = new RegExp(
  `(?<comment>${COMMENT.source})|(?<text>${QUOTED.source}|${HEREDOC.source})|` +
    `(?<end>;)|(?<open>${NEVER_CLOSED.source})`,
  'g',
)

/**
 * The statements in order, each trimmed and without its semicolon; parts that hold only comments and white
 * space are left out. Comments inside a statement stay. Throws SyntaxError, with the line, for a quote or
 * a comment that is never closed.
 */
export function splitStatements(script: string): string[] {
  const statements: string[] = []
  let start = 0
  let afterToken = 0
  let hasCode = false
  for (const { 0: token, index, groups = {} } of script.matchAll(TOKENS)) {
    if (groups['open'] !== undefined) {
      const line = script.slice(0, index).split('\n').length
      throw new SyntaxError(`${token} in line ${line} is never closed`)
    }
    hasCode ||= groups['text'] !== undefined || script.slice(afterToken, index).trim() !== ''
    afterToken = index + token.length
    if (groups['end'] === undefined) continue
    if (hasCode) statements.push(script.slice(start, index).trim())
    start = afterToken
    hasCode = false
  }
  if (hasCode || script.slice(afterToken).trim() !== '') statements.push(script.slice(start).trim())
  return statements
}
