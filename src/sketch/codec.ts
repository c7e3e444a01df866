/**
 * The wire format of distinct-count sketches, version 1: what is stored and sent between Workers.
 *
 *     byte 0  0xA1, the version
 *     byte 1  kind: 0 empty, 1 tokens, 2 registers, 3 deflated registers (4: sample-codec.ts)
 *     byte 2  precision p
 *     byte 3  hash id: which key made the tokens
 *
 * Kind 1: u16 little-endian n, u8 k, then n tokens in ascending order as a bit stream (token-bits.ts).
 * Kind 2: the 2^p register bytes. Kind 3: the same bytes as a raw DEFLATE stream (registers-deflate.ts).
 * Reading accepts only sketches that counting can produce. A sketch has one frame of kind 0 to 2, and
 * reading accepts no other; streams of kind 3 differ with the version of zlib, and any is read. There is
 * no checksum: damage that leaves possible registers is not noticed.
 */
import { DistinctCountSketch, maxTokens } from './distinct-count.ts'
import { SketchFrameError } from './frame-error.ts'
import {
  HEADER_BYTES,
  KIND_DEFLATED_REGISTERS,
  KIND_EMPTY,
  KIND_REGISTERS,
  KIND_TOKENS,
  newFrame,
  readHeader,
} from './frame.ts'
import { deflateRegisters, inflateRegisters } from './registers-deflate.ts'
import { impossibleRegisters, isRegister, MAX_PRECISION, MIN_PRECISION } from './registers.ts'
import { readTokens, riceParameter, writeTokens } from './token-bits.ts'
import { TokenSet } from './token-set.ts'

const TOKENS_HEADER_BYTES = HEADER_BYTES + 3

/** 'stored': the smallest frame, half the registers' bytes. 'raw': for a call, where 70 us count for more. */
export type FrameForm = 'stored' | 'raw'

/** A sketch as bytes; the form makes a difference to dense sketches only. */
export function encodeSketch(sketch: DistinctCountSketch, form: FrameForm = 'stored'): Uint8Array {
  const { state, precision, hashId } = sketch
  if (state.kind === 'dense') return encodeRegisters(state.registers, precision, hashId, form)
  if (state.tokens.size === 0)
    return newFrame({ kind: KIND_EMPTY, parameter: precision }, hashId, 0)
  const tokens = state.tokens.toSortedArray()
  const n = tokens.length
  const k = riceParameter(n)
  const bits = writeTokens(tokens, k)
  const frame = newFrame({ kind: KIND_TOKENS, parameter: precision }, hashId, 3 + bits.length)
  frame.set([n & 0xff, n >>> 8, k], HEADER_BYTES)
  frame.set(bits, TOKENS_HEADER_BYTES)
  return frame
}

/**
 * Bytes of either form to sketch; the sketch shares no memory with the frame. Throws SketchFrameError for
 * bytes that no sketch under the key with this hash id encodes to.
 */
export function decodeSketch(frame: Uint8Array, hashId: number): DistinctCountSketch {
  const { kind, parameter: precision } = readHeader(frame, hashId)
  if (precision < MIN_PRECISION || precision > MAX_PRECISION) {
    throw new SketchFrameError(`precision ${precision} is not ${MIN_PRECISION}..${MAX_PRECISION}`)
  }
  const payload = frame.subarray(HEADER_BYTES)
  switch (kind) {
    case KIND_EMPTY:
      if (payload.length > 0) throw new SketchFrameError('bytes after an empty sketch')
      return new DistinctCountSketch(hashId, precision)
    case KIND_TOKENS: {
      const tokens = decodeTokens(frame, precision)
      return new DistinctCountSketch(hashId, precision, { kind: 'sparse', tokens })
    }
    case KIND_REGISTERS: {
      const registers = checkedRegisters(new Uint8Array(payload), precision)
      return new DistinctCountSketch(hashId, precision, { kind: 'dense', registers })
    }
    case KIND_DEFLATED_REGISTERS: {
      const registers = checkedRegisters(inflateRegisters(payload, 2 ** precision), precision)
      return new DistinctCountSketch(hashId, precision, { kind: 'dense', registers })
    }
    default:
      throw new SketchFrameError(`unknown kind ${kind}`)
  }
}

function encodeRegisters(
  registers: Uint8Array,
  p: number,
  hashId: number,
  form: FrameForm,
): Uint8Array {
  const deflated = form === 'stored' ? deflateRegisters(registers) : registers
  const isSmaller = deflated.length < registers.length
  const kind = isSmaller ? KIND_DEFLATED_REGISTERS : KIND_REGISTERS
  const payload = isSmaller ? deflated : registers
  const frame = newFrame({ kind, parameter: p }, hashId, payload.length)
  frame.set(payload, HEADER_BYTES)
  return frame
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

/** The registers as they are, if there are as many as precision p has and counting can produce them. */
function checkedRegisters(registers: Uint8Array, p: number): Uint8Array {
  if (registers.length !== 2 ** p) {
    throw new SketchFrameError(`${registers.length} registers, but precision ${p} has ${2 ** p}`)
  }
  const impossible = impossibleRegisters(p)
  let isImpossible = 0
  let union = 0
  for (const register of registers) {
    isImpossible |= impossible[register] ?? 0
    union |= register
  }
  if (isImpossible !== 0) {
    const first = registers.find((register) => !isRegister(register, p))
    throw new SketchFrameError(`register value ${first} is impossible at precision ${p}`)
  }
  if (union === 0) throw new SketchFrameError('registers without a single token')
  return registers
}
