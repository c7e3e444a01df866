import { SketchFrameError } from './frame-error.ts'
/**
 * The wire format of token samples: kind 4 of version 1.
 *
 *     byte 0   0xA1, the version
 *     byte 1   4, the kind
 *     byte 2   k, the Rice parameter; 0 without tokens
 *     byte 3   hash id: which key made the tokens
 *     byte 4   u32 little-endian: capacity
 *     byte 8   u32 little-endian: n, the number of tokens
 *     byte 12  u32 little-endian: threshold; 0 when there is none
 *     byte 16  n tokens in ascending order as a bit stream (token-bits.ts)
 *
 * k follows from n and the threshold. Each sample has exactly one frame, and reading accepts only frames
 * that writing can produce.
 */
import { HEADER_BYTES, KIND_SAMPLE, newFrame, readHeader } from './frame.ts'
import { minBytes, readTokens, riceParameter, writeTokens } from './token-bits.ts'
import { MAX_CAPACITY, NO_THRESHOLD, TokenSample } from './token-sample.ts'
import { isToken, TOKEN_RANK_BITS } from './token.ts'

const CAPACITY_AT = HEADER_BYTES
const COUNT_AT = CAPACITY_AT + 4
const THRESHOLD_AT = COUNT_AT + 4
const TOKENS_AT = THRESHOLD_AT + 4

/** A sample as bytes; 60 KB for 32,768 users when none is refused, 26 KB for those of ten million. */
export function encodeSample(sample: TokenSample): Uint8Array {
  const { size, capacity, threshold, hashId } = sample
  const k = fittedParameter(size, threshold)
  const bits = size === 0 ? new Uint8Array(0) : writeTokens(sample.tokens(), k)
  const payloadBytes = TOKENS_AT - HEADER_BYTES + bits.length
  const frame = newFrame({ kind: KIND_SAMPLE, parameter: k }, hashId, payloadBytes)
  const numbers = new DataView(frame.buffer)
  numbers.setUint32(CAPACITY_AT, capacity, true)
  numbers.setUint32(COUNT_AT, size, true)
  numbers.setUint32(THRESHOLD_AT, threshold === NO_THRESHOLD ? 0 : threshold, true)
  frame.set(bits, TOKENS_AT)
  return frame
}

/**
 * Bytes to sample; the sample shares no memory with the frame. Throws SketchFrameError for bytes that no
 * sample under the key with this hash id encodes to.
 */
export function decodeSample(frame: Uint8Array, hashId: number): TokenSample {
  const { kind, parameter: k } = readHeader(frame, hashId)
  if (kind !== KIND_SAMPLE) throw new SketchFrameError(`kind ${kind} is no sample`)
  if (frame.length < TOKENS_AT)
    throw new SketchFrameError('the numbers of the sample are cut short')
  const numbers = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const capacity = numbers.getUint32(CAPACITY_AT, true)
  const count = numbers.getUint32(COUNT_AT, true)
  const threshold = numbers.getUint32(THRESHOLD_AT, true) || NO_THRESHOLD
  assertNumbers(capacity, count, threshold)
  if (k !== fittedParameter(count, threshold)) {
    throw new SketchFrameError(`Rice parameter ${k} for ${count} tokens below ${threshold}`)
  }
  const tokens = decodeTokens(frame.subarray(TOKENS_AT), count, k)
  const last = tokens.at(-1) ?? -1
  if (last >= threshold) throw new SketchFrameError(`token ${last} at threshold ${threshold}`)
  return new TokenSample(hashId, capacity, { tokens, threshold })
}

function assertNumbers(capacity: number, count: number, threshold: number): void {
  if (capacity < 1 || capacity > MAX_CAPACITY) {
    throw new SketchFrameError(`capacity ${capacity} is not 1..${MAX_CAPACITY}`)
  }
  if (count > capacity) {
    throw new SketchFrameError(`${count} tokens, but the capacity is ${capacity}`)
  }
  if (threshold === NO_THRESHOLD) return
  if (!isToken(threshold)) throw new SketchFrameError(`threshold ${threshold} is no token`)
  if (count < capacity) {
    throw new SketchFrameError(`a threshold, but ${count} tokens of ${capacity}`)
  }
}

function decodeTokens(bits: Uint8Array, count: number, k: number): Uint32Array {
  if (count === 0) {
    if (bits.length > 0) throw new SketchFrameError('bytes after an empty sample')
    return new Uint32Array(0)
  }
  // Before as many tokens are made room for as the frame claims to hold.
  if (bits.length < minBytes(count, k)) throw new SketchFrameError('the tokens are cut short')
  return readTokens(bits, count, k)
}

/** The Rice parameter for that many tokens, which lie below the threshold; 0 for none. */
function fittedParameter(count: number, threshold: number): number {
  return count === 0 ? 0 : riceParameter(count, ((threshold - 1) >>> TOKEN_RANK_BITS) + 1)
}
