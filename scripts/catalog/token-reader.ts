/** Reads the tokens of one formula from left to right. */
import type { Token } from './formula-tokens.ts'
import { FormulaError, tokenize } from './formula-tokens.ts'

const WORDS = new Set([
  'where',
  'with',
  'without',
  'and',
  'or',
  'not',
  'in',
  'is',
  'set',
  'contains',
  'true',
  'false',
])

export class TokenReader {
  readonly #tokens: readonly Token[]
  #position = 0

  /** Throws FormulaError when the text has a character that starts no token. */
  constructor(formula: string) {
    this.#tokens = tokenize(formula)
  }

  #at(distance = 0): Token {
    const token = this.#tokens[this.#position + distance] ?? this.#tokens.at(-1)
    return token ?? { kind: 'end', text: 'the end', offset: 0 }
  }

  /** A fault that names what stands here instead. */
  unexpected(expected: string): FormulaError {
    const { kind, text, offset } = this.#at()
    const found = kind === 'end' ? text : `"${text}"`
    return new FormulaError(`expected ${expected}, found ${found} at character ${offset + 1}`)
  }

  /** Whether the sign stands here. */
  nextIs(symbol: string): boolean {
    const { kind, text } = this.#at()
    return kind === 'symbol' && text === symbol
  }

  /** Whether a number stands after the sign that is here. */
  followsNumber(): boolean {
    return this.#at(1).kind === 'number'
  }

  /** The one of these signs that stands here, taken; or null. */
  takeSymbol<Symbol extends string>(...symbols: Symbol[]): Symbol | null {
    const found = symbols.find((symbol) => this.nextIs(symbol))
    if (found !== undefined) this.#position += 1
    return found ?? null
  }

  /** The one of these words that stands here, taken; or null. */
  takeWord<Word extends string>(...words: Word[]): Word | null {
    const { kind, text } = this.#at()
    const found = kind === 'name' ? words.find((word) => word === text) : undefined
    if (found !== undefined) this.#position += 1
    return found ?? null
  }

  /** The number that stands here, taken; or null. */
  takeNumber(): number | null {
    const { kind, text } = this.#at()
    if (kind !== 'number') return null
    this.#position += 1
    return Number(text)
  }

  /** The quoted text that stands here, taken; or null. */
  takeText(): string | null {
    const { kind, text } = this.#at()
    if (kind !== 'text') return null
    this.#position += 1
    return text
  }

  /** A name without dots that is no word of the language. Throws FormulaError. */
  takeName(expected: string): string {
    const { kind, text } = this.#at()
    if (kind !== 'name' || text.includes('.') || WORDS.has(text)) throw this.unexpected(expected)
    this.#position += 1
    return text
  }

  /** A name with dots. Throws FormulaError. */
  takePath(expected: string): string {
    const { kind, text } = this.#at()
    if (kind !== 'name' || !text.includes('.')) throw this.unexpected(expected)
    this.#position += 1
    return text
  }

  /** Takes the sign. Throws FormulaError. */
  expectSymbol(symbol: string): void {
    if (this.takeSymbol(symbol) === null) throw this.unexpected(symbol)
  }

  /** Takes the word. Throws FormulaError. */
  expectWord(word: string): void {
    if (this.takeWord(word) === null) throw this.unexpected(word)
  }

  /** Throws FormulaError when anything is left. */
  expectEnd(): void {
    if (this.#at().kind !== 'end') throw this.unexpected('an operator or the end')
  }
}
