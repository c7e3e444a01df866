/**
 * A mergeable count of distinct users: exact while few, an UltraLogLog when many.
 *
 * Up to 2^p / 4 tokens are kept as they are; the next one turns the sketch into 2^p one-byte registers.
 * Adding and merging are commutative, associative and idempotent, so repeated and reordered deliveries
 * change nothing. "Exact" counts tokens: two users share one with a probability below 2^-27.
 * Ertl, "UltraLogLog", PVLDB 17 (2023), https://arxiv.org/abs/2308.16862
 */
import { maximumLikelihoodEstimate, relativeStandardError } from './estimate.ts'
import {
  addToRegisters,
  MAX_PRECISION,
  mergeRegisters,
  MIN_PRECISION,
  reduceRegisters,
} from './registers.ts'
import { TokenSet } from './token-set.ts'

/** 16 KiB when dense, relative standard error 0.59 %. */
const DEFAULT_PRECISION = 14

// The wire format counts tokens in 16 bits, which matters at precision 18 only.
const MAX_TOKENS = 0xffff

/** Exact: a set of tokens. Dense: registers. */
export type SketchState =
  | { readonly kind: 'sparse'; readonly tokens: TokenSet }
  | { readonly kind: 'dense'; readonly registers: Uint8Array }

/** How many tokens a sketch of precision p keeps before it becomes dense. */
export function maxTokens(p: number): number {
  return Math.min(2 ** p / 4, MAX_TOKENS)
}

export class DistinctCountSketch {
  /** Which key made the tokens, as told by hashKeyId; sketches of different keys do not mix. */
  readonly hashId: number
  #precision: number
  #state: SketchState

  /**
   * Empty, or with a `state` that the sketch takes over. `precision` is 4..18 (RangeError otherwise),
   * `hashId` a byte.
   */
  constructor(
    hashId: number,
    precision: number = DEFAULT_PRECISION,
    state: SketchState = { kind: 'sparse', tokens: new TokenSet() },
  ) {
    assertPrecision(precision)
    if (!Number.isInteger(hashId) || hashId < 0 || hashId > 0xff) {
      throw new RangeError(`hash id must be a byte, got ${hashId}`)
    }
    this.hashId = hashId
    this.#precision = precision
    this.#state = state
  }

  get precision(): number {
    return this.#precision
  }

  /** What there is to encode; not to be written to. */
  get state(): SketchState {
    return this.#state
  }

  /** Whether the estimate is the number of distinct tokens itself. */
  get isExact(): boolean {
    return this.#state.kind === 'sparse'
  }

  /** Relative standard error of the estimate: 0 when exact. */
  get relativeStandardError(): number {
    return this.isExact ? 0 : relativeStandardError(this.#precision)
  }

  /** The number of distinct users; not rounded when it is not exact. */
  estimate(): number {
    return this.#state.kind === 'sparse'
      ? this.#state.tokens.size
      : maximumLikelihoodEstimate(this.#state.registers, this.#precision)
  }

  /** Makes room for so many more tokens: lists of tokens are in an order that is slow to add without it. */
  reserve(tokens: number): void {
    if (this.#state.kind === 'dense') return
    const set = this.#state.tokens
    set.reserve(Math.min(set.size + tokens, maxTokens(this.#precision) + 1))
  }

  /** Adds valid tokens (isToken); returns how many of them changed something. */
  addTokens(tokens: Uint32Array): number {
    if (this.#state.kind === 'dense') {
      return addToRegisters(this.#state.registers, this.#precision, tokens)
    }
    const set = this.#state.tokens
    const before = set.size
    const limit = maxTokens(this.#precision)
    let at = 0
    while (at < tokens.length && set.size <= limit) set.add(tokens[at++] ?? 0)
    const added = set.size - before
    if (set.size <= limit) return added
    const registers = toRegisters(set, this.#precision)
    this.#state = { kind: 'dense', registers }
    return added + addToRegisters(registers, this.#precision, tokens.subarray(at))
  }

  /**
   * Takes in all that `other` has counted; `other` stays as it is. If it has the smaller precision, this
   * sketch is reduced to it. Returns the number of changes (new tokens, or registers that differ from
   * before); 0 means that this sketch is what it was. Throws RangeError for sketches of different keys.
   */
  merge(other: DistinctCountSketch): number {
    if (other.hashId !== this.hashId) {
      throw new RangeError(
        `cannot merge sketches of different keys: hash id ${this.hashId} and ${other.hashId}`,
      )
    }
    const reduced = this.#reduceTo(Math.min(this.#precision, other.#precision))
    const same = other.#precision === this.#precision ? other : other.reduce(this.#precision)
    return reduced + this.#mergeSamePrecision(same)
  }

  /** A new sketch of the same users at a precision that is not larger (RangeError if it is). */
  reduce(precision: number): DistinctCountSketch {
    const copy = this.copy()
    copy.#reduceTo(precision)
    return copy
  }

  copy(): DistinctCountSketch {
    const state: SketchState =
      this.#state.kind === 'sparse'
        ? { kind: 'sparse', tokens: this.#state.tokens.copy() }
        : { kind: 'dense', registers: this.#state.registers.slice() }
    return new DistinctCountSketch(this.hashId, this.#precision, state)
  }

  #mergeSamePrecision(other: DistinctCountSketch): number {
    if (other.#state.kind === 'sparse') {
      const tokens = other.#state.tokens.toArray()
      this.reserve(tokens.length)
      return this.addTokens(tokens)
    }
    if (this.#state.kind === 'dense') {
      return mergeRegisters(this.#state.registers, other.#state.registers)
    }
    const registers = toRegisters(this.#state.tokens, this.#precision)
    this.#state = { kind: 'dense', registers }
    // The switch from tokens to registers is a change, whatever the other registers add to it.
    return 1 + mergeRegisters(registers, other.#state.registers)
  }

  /** Returns 1 when the precision changed, else 0. */
  #reduceTo(precision: number): number {
    assertPrecision(precision)
    if (precision > this.#precision) {
      throw new RangeError(`cannot raise the precision from ${this.#precision} to ${precision}`)
    }
    if (precision === this.#precision) return 0
    if (this.#state.kind === 'dense') {
      const registers = reduceRegisters(this.#state.registers, this.#precision, precision)
      this.#state = { kind: 'dense', registers }
    } else if (this.#state.tokens.size > maxTokens(precision)) {
      this.#state = { kind: 'dense', registers: toRegisters(this.#state.tokens, precision) }
    }
    this.#precision = precision
    return 1
  }
}

function toRegisters(tokens: TokenSet, p: number): Uint8Array {
  const registers = new Uint8Array(1 << p)
  addToRegisters(registers, p, tokens.toSortedArray())
  return registers
}

function assertPrecision(precision: number): void {
  if (!Number.isInteger(precision) || precision < MIN_PRECISION || precision > MAX_PRECISION) {
    throw new RangeError(`precision must be ${MIN_PRECISION}..${MAX_PRECISION}, got ${precision}`)
  }
}
