/**
 * A set of user tokens in one typed array: open addressing with linear probing.
 *
 * Slots follow the tokens' high bits, which are hash bits, so no second hash is needed; a quarter to a
 * half of the slots is in use. Tokens are only ever added.
 */

// Not a token: its low six bits say 63 leading zeros.
const EMPTY = 0xffffffff
const MIN_SLOT_BITS = 4

export class TokenSet {
  #slotBits: number
  #slots: Uint32Array
  #size = 0

  /** @param capacity how many tokens to make room for at once; the set grows beyond it. */
  constructor(capacity = 0) {
    this.#slotBits = slotBitsFor(capacity)
    this.#slots = new Uint32Array(1 << this.#slotBits).fill(EMPTY)
  }

  get size(): number {
    return this.#size
  }

  /** Adds a token; false when it was there before. */
  add(token: number): boolean {
    const at = this.#find(token)
    if (this.#slots[at] === token) return false
    this.#slots[at] = token
    this.#size++
    if (this.#size * 2 > this.#slots.length) this.#grow(this.#slotBits + 1)
    return true
  }

  /**
   * Makes room for so many tokens in all. Without it, many tokens in ascending order are slow: they fill the low slots
   * of one table after the other.
   */
  reserve(capacity: number): void {
    const slotBits = slotBitsFor(capacity)
    if (slotBits > this.#slotBits) this.#grow(slotBits)
  }

  /** A new array of all tokens in ascending order. */
  toSortedArray(): Uint32Array {
    return this.toArray().toSorted()
  }

  /** A new array of all tokens in no particular order. */
  toArray(): Uint32Array {
    const tokens = new Uint32Array(this.#size)
    let count = 0
    for (const token of this.#slots) {
      if (token !== EMPTY) tokens[count++] = token
    }
    return tokens
  }

  copy(): TokenSet {
    const copy = new TokenSet()
    copy.#slotBits = this.#slotBits
    copy.#slots = this.#slots.slice()
    copy.#size = this.#size
    return copy
  }

  /** The slot that holds the token, or the free slot where it belongs. */
  #find(token: number): number {
    const mask = this.#slots.length - 1
    let at = token >>> (32 - this.#slotBits)
    for (;;) {
      const found = this.#slots[at]
      if (found === token || found === EMPTY) return at
      at = (at + 1) & mask
    }
  }

  #grow(slotBits: number): void {
    const tokens = this.#slots
    this.#slotBits = slotBits
    this.#slots = new Uint32Array(1 << this.#slotBits).fill(EMPTY)
    for (const token of tokens) {
      if (token !== EMPTY) this.#slots[this.#find(token)] = token
    }
  }
}

/** The smallest table in which so many tokens use half of the slots at most. */
function slotBitsFor(capacity: number): number {
  let bits = MIN_SLOT_BITS
  while (1 << (bits - 1) < capacity) bits++
  return bits
}
