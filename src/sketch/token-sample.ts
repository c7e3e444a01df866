/**
 * A mergeable sample of distinct users that can be intersected: the `capacity` smallest tokens of a set.
 *
 * Which tokens are kept depends on the set alone, so adding and merging are commutative, associative and
 * idempotent. Two samples choose alike, by hash: the tokens below both thresholds are a uniform sample of
 * both sets at once, and tell how many users the sets share. Complete, thus exact, until more than
 * `capacity` tokens were added.
 * Beyer et al., "On Synopses for Distinct-Value Estimation Under Multiset Operations", SIGMOD 2007,
 * https://doi.org/10.1145/1247480.1247504; Dasgupta et al., "A Framework for Estimating Stream Expression
 * Cardinalities" (theta sketches), ICDT 2016, https://arxiv.org/abs/1510.01455
 */
import { TOKEN_INDEX_BITS, TOKEN_RANK_BITS } from './token.ts'

/** The threshold of a sample that has refused nothing: above every token. */
export const NO_THRESHOLD = 2 ** 32

/** The largest capacity: 4 MiB of tokens. */
export const MAX_CAPACITY = 2 ** 20

const INDEX_LIMIT = 2 ** TOKEN_INDEX_BITS
const RANK_LIMIT = 2 ** TOKEN_RANK_BITS
const MIN_BUFFER_TOKENS = 16

/** What a sample knows: its tokens in ascending order, all below the threshold. */
export interface SampleState {
  readonly tokens: Uint32Array
  readonly threshold: number
}

/** What two samples share. */
export interface Intersection {
  /** Tokens below both thresholds that are in both samples */
  readonly count: number
  /** Tokens of the first sample below both thresholds */
  readonly ofFirst: number
  /** The same of the second */
  readonly ofSecond: number
  /** The share of all users that lies below both thresholds; 1 when both samples are complete */
  readonly theta: number
}

export class TokenSample {
  /** Which key made the tokens, as told by hashKeyId; samples of different keys do not mix. */
  readonly hashId: number
  #capacity: number
  #threshold = NO_THRESHOLD
  // The first #size of them are in use, ascending.
  #buffer: Uint32Array = new Uint32Array(0)
  #size = 0

  /**
   * Empty, or with a `state` that the sample takes over (the bytes of decodeSample). `capacity` is
   * 1..MAX_CAPACITY, `hashId` a byte; RangeError otherwise.
   */
  constructor(hashId: number, capacity: number, state?: SampleState) {
    if (!Number.isInteger(hashId) || hashId < 0 || hashId > 0xff) {
      throw new RangeError(`hash id must be a byte, got ${hashId}`)
    }
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > MAX_CAPACITY) {
      throw new RangeError(`capacity must be 1..${MAX_CAPACITY}, got ${capacity}`)
    }
    this.hashId = hashId
    this.#capacity = capacity
    if (state) {
      this.#buffer = state.tokens
      this.#size = state.tokens.length
      this.#threshold = state.threshold
    }
  }

  /** How many tokens the sample keeps at most. */
  get capacity(): number {
    return this.#capacity
  }

  /** How many tokens it keeps. */
  get size(): number {
    return this.#size
  }

  /** The smallest token that was refused or displaced; NO_THRESHOLD if there was none. */
  get threshold(): number {
    return this.#threshold
  }

  /** Whether the sample is the whole set. */
  get isComplete(): boolean {
    return this.#threshold === NO_THRESHOLD
  }

  /** The share of all users whose tokens lie below the threshold: 1 when complete, never 0. */
  get theta(): number {
    return shareBelow(this.#threshold)
  }

  /** The tokens in ascending order; a view that holds until the next change, not to be written to. */
  tokens(): Uint32Array {
    return this.#buffer.subarray(0, this.#size)
  }

  /**
   * Adds valid tokens (isToken), in any order. Returns the number of changes: tokens that are kept and
   * were not before, and one more if the threshold fell; 0 means that the sample is what it was.
   */
  addTokens(tokens: Uint32Array): number {
    const threshold = this.#threshold
    const candidates = tokens.filter((token) => token < threshold)
    return candidates.length === 0 ? 0 : this.#insert(this.#unknownOf(candidates.toSorted()))
  }

  /**
   * Takes in all that `other` has seen; `other` stays as it is. If it has the smaller capacity, this
   * sample is cut to it. Returns the number of changes as addTokens does, and one for a cut; 0 means that
   * this sample is what it was. Throws RangeError for samples of different keys.
   */
  merge(other: TokenSample): number {
    if (other.hashId !== this.hashId) {
      throw new RangeError(
        `cannot merge samples of different keys: hash id ${this.hashId} and ${other.hashId}`,
      )
    }
    const cut = this.#cutTo(Math.min(this.#capacity, other.#capacity))
    return cut + this.addTokens(other.#known())
  }

  copy(): TokenSample {
    return new TokenSample(this.hashId, this.#capacity, {
      tokens: this.tokens().slice(),
      threshold: this.#threshold,
    })
  }

  /** The tokens and the threshold, which is a token as well. */
  #known(): Uint32Array {
    if (this.isComplete) return this.tokens()
    const known = new Uint32Array(this.#size + 1)
    known.set(this.tokens())
    known[this.#size] = this.#threshold
    return known
  }

  /** Those of ascending tokens that are not kept, each once. */
  #unknownOf(sorted: Uint32Array): Uint32Array {
    const unknown = new Uint32Array(sorted.length)
    let count = 0
    let at = 0
    let previous = -1
    for (const token of sorted) {
      if (token === previous) continue
      previous = token
      at = this.#firstNotBelow(token, at, this.#size)
      if (at < this.#size && this.#buffer[at] === token) continue
      unknown[count++] = token
    }
    return unknown.subarray(0, count)
  }

  /** Inserts ascending tokens below the threshold that are not kept; returns the number of changes. */
  #insert(unknown: Uint32Array): number {
    if (unknown.length === 0) return 0
    // Beyond the first capacity + 1 they can be neither kept nor the threshold.
    const incoming = unknown.subarray(0, this.#capacity + 1)
    this.#reserve(this.#size + incoming.length)
    let end = this.#size
    for (let left = incoming.length; left > 0; left--) {
      const token = incoming[left - 1] ?? 0
      const at = this.#firstNotBelow(token, 0, end)
      this.#buffer.copyWithin(at + left, at, end)
      this.#buffer[at + left - 1] = token
      end = at
    }
    this.#size += incoming.length
    if (this.#cutTo(this.#capacity) === 0) return incoming.length
    const threshold = this.#threshold
    return 1 + incoming.reduce((kept, token) => kept + (token < threshold ? 1 : 0), 0)
  }

  /** Sets the capacity and displaces what is beyond it; returns 1 when that changed anything, else 0. */
  #cutTo(capacity: number): number {
    const isSame = capacity === this.#capacity && this.#size <= capacity
    this.#capacity = capacity
    if (this.#size > capacity) {
      this.#threshold = this.#buffer[capacity] ?? NO_THRESHOLD
      this.#size = capacity
    }
    return isSame ? 0 : 1
  }

  /** The position of the first kept token from `from` to `to` that is not below `token`, or `to`. */
  #firstNotBelow(token: number, from: number, to: number): number {
    let low = from
    let high = to
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#buffer[middle] ?? 0) < token) low = middle + 1
      else high = middle
    }
    return low
  }

  #reserve(size: number): void {
    if (size <= this.#buffer.length) return
    const buffer = new Uint32Array(Math.max(size, this.#buffer.length * 2, MIN_BUFFER_TOKENS))
    buffer.set(this.tokens())
    this.#buffer = buffer
  }
}

/**
 * The tokens that two samples share below both thresholds; neither is changed. Throws RangeError for
 * samples of different keys. The figures that follow from it: interval.ts.
 */
export function intersect(first: TokenSample, second: TokenSample): Intersection {
  if (first.hashId !== second.hashId) {
    throw new RangeError(
      `cannot intersect samples of different keys: hash id ${first.hashId} and ${second.hashId}`,
    )
  }
  const threshold = Math.min(first.threshold, second.threshold)
  const limit = comparableLimit(threshold)
  const left = first.tokens()
  const right = second.tokens()
  let count = 0
  let ofFirst = 0
  let at = 0
  for (const token of left) {
    if (token >= limit) break
    ofFirst++
    while (at < right.length && (right[at] ?? 0) < token) at++
    if (right[at] === token) count++
  }
  while (at < right.length && (right[at] ?? 0) < limit) at++
  return { count, ofFirst, ofSecond: at, theta: shareBelow(threshold) }
}

/** The index decides, not the rank: theta is the share of indexes below that of the threshold. */
function comparableLimit(threshold: number): number {
  const index = Math.floor(threshold / RANK_LIMIT)
  return index === 0 ? threshold : index * RANK_LIMIT
}

function shareBelow(threshold: number): number {
  // Index 0 as a threshold takes more equal indexes than a hash gives; it must not divide by zero.
  return Math.max(Math.floor(threshold / RANK_LIMIT), 1) / INDEX_LIMIT
}
