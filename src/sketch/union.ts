/** The users of many sketches together: of 7 days, of 30, of 15 minutes. */
import { DistinctCountSketch } from './distinct-count.ts'
import { mergeRegisters, reduceRegisters } from './registers.ts'
import { mergeAllBySimd, type SimdMerge } from './simd-merge.ts'

/**
 * A new sketch of all users of the given sketches, which stay as they are: what merging them one after the
 * other gives, at the smallest of their precisions, but faster. `simd` speeds it up further, to about
 * 4 us per dense sketch of precision 14, and changes no result. Throws RangeError for no sketch at all, and for
 * sketches of different keys.
 */
export function unionOf(
  sketches: readonly DistinctCountSketch[],
  simd: SimdMerge | null = null,
): DistinctCountSketch {
  const [first] = sketches
  if (!first) throw new RangeError('the union of no sketches has no hash id')
  const { hashId } = first
  const p = Math.min(...sketches.map(({ precision }) => precision))
  const dense: Uint8Array[] = []
  const sparse: Uint32Array[] = []
  for (const { hashId: otherHashId, precision, state } of sketches) {
    if (otherHashId !== hashId) {
      throw new RangeError(
        `cannot merge sketches of different keys: hash id ${hashId} and ${otherHashId}`,
      )
    }
    if (state.kind === 'sparse') sparse.push(state.tokens.toArray())
    else if (precision === p) dense.push(state.registers)
    else dense.push(reduceRegisters(state.registers, precision, p))
  }
  const registers = mergeAll(dense, simd)
  const union = new DistinctCountSketch(hashId, p, registers && { kind: 'dense', registers })
  union.reserve(sparse.reduce((sum, { length }) => sum + length, 0))
  for (const tokens of sparse) union.addTokens(tokens)
  return union
}

/** New registers, or undefined when there are none to merge. */
function mergeAll(
  [first, ...others]: readonly Uint8Array[],
  simd: SimdMerge | null,
): Uint8Array | undefined {
  if (!first) return undefined
  if (simd) return mergeAllBySimd(simd, first, others)
  const merged = first.slice()
  for (const registers of others) mergeRegisters(merged, registers)
  return merged
}
