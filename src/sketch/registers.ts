/**
 * The registers of an UltraLogLog: one byte each, 2^p of them.
 *
 * A register remembers the largest update value k seen and whether k-1 and k-2 were seen as well:
 * 4k + 2 [k-1 seen] + [k-2 seen]; 0 is empty. An update value lies in p-1..63 and counts leading zeros
 * of the hash. Adding and merging are commutative, associative and idempotent.
 * Ertl, "UltraLogLog", PVLDB 17 (2023), https://arxiv.org/abs/2308.16862
 */
import { TOKEN_INDEX_BITS, TOKEN_RANK_BITS } from './token.ts'

/** Precisions p that sketches may have. */
export const MIN_PRECISION = 4
export const MAX_PRECISION = 18

/** The largest update value: a hash of 64 bits whose rest is all zeros. */
export const MAX_UPDATE_VALUE = 63

const RANK_MASK = (1 << TOKEN_RANK_BITS) - 1
const MERGED = mergeTable()

/** Adds tokens at precision p; returns how many of them changed a register. */
export function addToRegisters(registers: Uint8Array, p: number, tokens: Uint32Array): number {
  let changed = 0
  for (let next = 0; next < tokens.length; next++) {
    const token = tokens[next] ?? 0
    const at = token >>> (32 - p)
    const rest = (token & ~RANK_MASK) << p
    const zeros = rest === 0 ? TOKEN_INDEX_BITS - p + (token & RANK_MASK) : Math.clz32(rest)
    if (mergeRegister(registers, at, (zeros + p - 1) << 2)) changed++
  }
  return changed
}

/** Merges `source` into `target`, both of one precision; returns how many registers of `target` changed. */
export function mergeRegisters(target: Uint8Array, source: Uint8Array): number {
  const targetWords = wordsOf(target)
  const sourceWords = wordsOf(source)
  let changed = 0
  for (let at = 0; at < targetWords.length; at++) {
    const old = targetWords[at] ?? 0
    const incoming = sourceWords[at] ?? 0
    if (incoming === 0 || incoming === old) continue
    const merged =
      (MERGED[((old << 8) & 0xff00) | (incoming & 0xff)] ?? 0) |
      ((MERGED[(old & 0xff00) | ((incoming >>> 8) & 0xff)] ?? 0) << 8) |
      ((MERGED[((old >>> 8) & 0xff00) | ((incoming >>> 16) & 0xff)] ?? 0) << 16) |
      ((MERGED[((old >>> 16) & 0xff00) | (incoming >>> 24)] ?? 0) << 24)
    targetWords[at] = merged
    changed += nonZeroBytes(merged ^ old)
  }
  return changed
}

/** The registers that the same tokens give at the smaller precision `to`. */
export function reduceRegisters(registers: Uint8Array, from: number, to: number): Uint8Array {
  const reduced = new Uint8Array(1 << to)
  const bits = from - to
  const lowMask = (1 << bits) - 1
  for (const [index, register] of registers.entries()) {
    if (register === 0) continue
    const low = index & lowMask
    // The index bits that are given up become leading bits of the rest: unless they are all zero, they
    // alone decide the update value.
    const contribution = low === 0 ? register : (from - 2 - (31 - Math.clz32(low))) << 2
    mergeRegister(reduced, index >>> bits, contribution)
  }
  return reduced
}

/** How many registers have each of the 256 values. */
export function countRegisters(registers: Uint8Array): Uint32Array {
  // Four tables, because an increment must wait for the previous one of the same entry.
  const counts = new Uint32Array(4 << 8)
  for (const word of wordsOf(registers)) {
    const a = word & 0xff
    const b = 0x100 | ((word >>> 8) & 0xff)
    const c = 0x200 | ((word >>> 16) & 0xff)
    const d = 0x300 | (word >>> 24)
    counts[a] = (counts[a] ?? 0) + 1
    counts[b] = (counts[b] ?? 0) + 1
    counts[c] = (counts[c] ?? 0) + 1
    counts[d] = (counts[d] ?? 0) + 1
  }
  return Uint32Array.from({ length: 256 }, (_, value) => {
    const countIn = (table: number) => counts[(table << 8) | value] ?? 0
    return countIn(0) + countIn(1) + countIn(2) + countIn(3)
  })
}

/** Whether some set of tokens can produce this register value at precision p. */
export function isRegister(value: number, p: number): boolean {
  if (value === 0) return true
  const highest = value >>> 2
  // Update values below p-1 do not exist, so their seen-bits cannot be set either.
  const impossible = highest === p - 1 ? 0b11 : highest === p ? 0b01 : 0
  return highest >= p - 1 && (value & impossible) === 0
}

const impossibleByPrecision = new Map<number, Uint8Array>()

/** For each of the 256 values 1 if no set of tokens can produce it at precision p, else 0. Not to be written to. */
export function impossibleRegisters(p: number): Uint8Array {
  const known = impossibleByPrecision.get(p)
  if (known !== undefined) return known
  const table = Uint8Array.from({ length: 256 }, (_, value) => (isRegister(value, p) ? 0 : 1))
  impossibleByPrecision.set(p, table)
  return table
}

function mergeRegister(registers: Uint8Array, at: number, incoming: number): boolean {
  const old = registers[at] ?? 0
  const merged = MERGED[(old << 8) | incoming] ?? 0
  if (merged === old) return false
  registers[at] = merged
  return true
}

/** Without a branch: which bytes of a merge change is as good as random. */
function nonZeroBytes(word: number): number {
  // The sum carries into a byte's high bit unless its other bits are zero.
  const highBits = ((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word
  return Math.imul((highBits >>> 7) & 0x01010101, 0x01010101) >>> 24
}

/** Four registers at a time; in which order does not matter to any use. */
function wordsOf(registers: Uint8Array): Uint32Array {
  return new Uint32Array(registers.buffer, registers.byteOffset, registers.byteLength >>> 2)
}

/** Every pair of register values, merged; the index is (a << 8) | b. 64 KiB. */
function mergeTable(): Uint8Array {
  const table = new Uint8Array(1 << 16)
  for (let a = 0; a < 256; a++) {
    for (let b = 0; b < 256; b++) table[(a << 8) | b] = mergeValues(a, b)
  }
  return table
}

function mergeValues(a: number, b: number): number {
  if (a === 0 || b === 0) return a | b
  const high = Math.max(a, b)
  const low = Math.min(a, b)
  const distance = (high >>> 2) - (low >>> 2)
  if (distance === 0) return high | low
  // The lower register's largest value and seen-bits, moved to where the higher register keeps them.
  return high | ((0b100 | (low & 0b11)) >>> Math.min(distance, 3))
}
