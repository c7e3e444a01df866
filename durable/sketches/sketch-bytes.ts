/** How much memory a sketch takes. */
import type { DistinctCountSketch } from '../../src/sketch/distinct-count.ts'

/** Four bytes a slot, and two to four slots a token. */
const BYTES_PER_TOKEN = 16
const OBJECT_BYTES = 256

/** Bytes in memory, about. */
export function sketchBytes({ state }: DistinctCountSketch): number {
  const held = state.kind === 'dense' ? state.registers.length : state.tokens.size * BYTES_PER_TOKEN
  return OBJECT_BYTES + held
}
