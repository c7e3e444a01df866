/**
 * Merging of registers sixteen at a time, by merge-registers.wasm (scripts/generate-merge-module.ts).
 *
 * Optional: mergeRegisters gives the same registers in several times the time. A Worker may not compile
 * WebAssembly from bytes, so whoever starts it imports the module and passes its exports on:
 *
 *     readSimdMerge(new WebAssembly.Instance(module).exports)
 */

const PAGE_BYTES = 65_536

/** The exports of an instance of merge-registers.wasm. */
export interface SimdMerge {
  readonly memory: {
    readonly buffer: ArrayBufferLike
    /** Adds that many pages of 64 KiB; takes the buffer's bytes to a new buffer. */
    grow(pages: number): number
  }
  /** Merges the registers at address `source` into those from address `target` up to `end`. */
  readonly merge: (target: number, source: number, end: number) => void
}

/** The exports as what they are; TypeError for those of another module. */
export function readSimdMerge(exports: unknown): SimdMerge {
  if (!isSimdMerge(exports)) {
    throw new TypeError('expected the exports of merge-registers.wasm: memory and merge')
  }
  return exports
}

/**
 * The merge of registers of one precision, at least 16 of them each; `others` may be empty. The result is
 * new memory. Uses the instance's memory only until it returns.
 */
export function mergeAllBySimd(
  { memory, merge }: SimdMerge,
  first: Uint8Array,
  others: readonly Uint8Array[],
): Uint8Array {
  const size = first.length
  const missingBytes = 2 * size - memory.buffer.byteLength
  if (missingBytes > 0) memory.grow(Math.ceil(missingBytes / PAGE_BYTES))
  const bytes = new Uint8Array(memory.buffer)
  bytes.set(first)
  for (const registers of others) {
    bytes.set(registers, size)
    merge(0, size, size)
  }
  return bytes.slice(0, size)
}

function isSimdMerge(value: unknown): value is SimdMerge {
  return (
    typeof value === 'object' &&
    value !== null &&
    'merge' in value &&
    typeof value.merge === 'function' &&
    'memory' in value &&
    typeof value.memory === 'object' &&
    value.memory !== null &&
    'grow' in value.memory &&
    typeof value.memory.grow === 'function' &&
    'buffer' in value.memory &&
    value.memory.buffer instanceof ArrayBuffer
  )
}
