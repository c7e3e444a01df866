/**
 * The wire format of distinct-count sketches, version 1: what is stored and sent between Workers.
 *
 *     byte 0  0xA1, the version
 *     byte 1  kind: 0 empty, 1 tokens, 2 registers
 *     byte 2  precision p
 *     byte 3  hash id: which key made the tokens
 *
 * Kind 1: u16 little-endian n, u8 k, then n tokens in ascending order as a bit stream (token-bits.ts).
 * Kind 2: the 2^p register bytes. Each sketch has exactly one frame, and reading accepts only frames
 * that writing can produce; there is no checksum, so a damaged register that is a possible one is not
 * noticed.
 */
import { DistinctCountSketch, maxTokens } from './distinct-count.ts'
import { SketchFrameError } from './frame-error.ts'
import { countRegisters, isRegister, MAX_PRECISION, MIN_PRECISION } from './registers.ts'
import { readTokens, riceParameter, writeTokens } from './token-bits.ts'
import { TokenSet } from './token-set.ts'

const VERSION = 0xa1
const KIND_EMPTY = 0
const KIND_TOKENS = 1
const KIND_REGISTERS = 2
const HEADER_BYTES = 4
const TOKENS_HEADER_BYTES = HEADER_BYTES + 3

/** A sketch as bytes. */
export function encodeSketch(sketch: DistinctCountSketch): Uint8Array {
  const { state, precision, hashId } = sketch
  if (state.kind === 'dense') {
    const frame = new Uint8Array(HEADER_BYTES + state.registers.length)
    frame.set([VERSION, KIND_REGISTERS, precision, hashId])
    frame.set(state.registers, HEADER_BYTES)
    return frame
  }
  if (state.tokens.size === 0) return Uint8Array.of(VERSION, KIND_EMPTY, precision, hashId)
  const tokens = state.tokens.toSortedArray()
  const n = tokens.length
  const k = riceParameter(n)
  const bits = writeTokens(tokens, k)
  const frame = new Uint8Array(TOKENS_HEADER_BYTES + bits.length)
  frame.set([VERSION, KIND_TOKENS, precision, hashId, n & 0xff, n >>> 8, k])
  frame.set(bits, TOKENS_HEADER_BYTES)
  return frame
}

/**
 * Bytes to sketch; the sketch shares no memory with the frame. Throws SketchFrameError for bytes that no
 * sketch under the key with this hash id encodes to.
 */
export function decodeSketch(frame: Uint8Array, hashId: number): DistinctCountSketch {
  const [version, kind, precision, frameHashId] = frame
  if (kind === undefined || frameHashId === undefined) {
    throw new SketchFrameError('the header is cut short')
  }
  if (version !== VERSION) throw new SketchFrameError(`unknown version ${version}`)
  if (precision === undefined || precision < MIN_PRECISION || precision > MAX_PRECISION) {
    throw new SketchFrameError(`precision ${precision} is not ${MIN_PRECISION}..${MAX_PRECISION}`)
  }
  if (frameHashId !== hashId) {
    throw new SketchFrameError(`made under another key: hash id ${frameHashId}, not ${hashId}`)
  }
  switch (kind) {
    case KIND_EMPTY:
      if (frame.length !== HEADER_BYTES) throw new SketchFrameError('bytes after an empty sketch')
      return new DistinctCountSketch(hashId, precision)
    case KIND_TOKENS:
      return new DistinctCountSketch(hashId, precision, {
        kind: 'sparse',
        tokens: decodeTokens(frame, precision),
      })
    case KIND_REGISTERS:
      return new DistinctCountSketch(hashId, precision, {
        kind: 'dense',
        registers: decodeRegisters(frame, precision),
      })
    default:
      throw new SketchFrameError(`unknown kind ${kind}`)
  }
}

function decodeTokens(frame: Uint8Array, p: number): TokenSet {
  const [low, high, k] = frame.subarray(HEADER_BYTES, TOKENS_HEADER_BYTES)
  if (low === undefined || high === undefined || k === undefined) {
    throw new SketchFrameError('the token count is cut short')
  }
  const n = low | (high << 8)
  if (n === 0 || n > maxTokens(p)) {
    throw new SketchFrameError(`${n} tokens, but precision ${p} keeps 1..${maxTokens(p)}`)
  }
  if (k !== riceParameter(n)) throw new SketchFrameError(`Rice parameter ${k} for ${n} tokens`)
  const tokens = new TokenSet(n)
  for (const token of readTokens(frame.subarray(TOKENS_HEADER_BYTES), n, k)) tokens.add(token)
  return tokens
}

function decodeRegisters(frame: Uint8Array, p: number): Uint8Array {
  const registers = frame.slice(HEADER_BYTES)
  if (registers.length !== 2 ** p) {
    throw new SketchFrameError(`${registers.length} registers, but precision ${p} has ${2 ** p}`)
  }
  const counts = countRegisters(registers)
  for (const [register, count] of counts.entries()) {
    if (count > 0 && !isRegister(register, p)) {
      throw new SketchFrameError(`register value ${register} is impossible at precision ${p}`)
    }
  }
  if (counts[0] === registers.length) throw new SketchFrameError('registers without a single token')
  return registers
}
