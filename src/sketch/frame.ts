/** The header that all encoded sketches and samples share: version, kind, a parameter of the kind, hash id. */
import { SketchFrameError } from './frame-error.ts'

const VERSION = 0xa1

/** Bytes of the header. */
export const HEADER_BYTES = 4

/** What follows the header; a number is never given to anything else. */
export const KIND_EMPTY = 0
export const KIND_TOKENS = 1
export const KIND_REGISTERS = 2
export const KIND_DEFLATED_REGISTERS = 3
export const KIND_SAMPLE = 4

/** The kind and the parameter (of sketches the precision, of samples the Rice parameter). */
export interface FrameHeader {
  readonly kind: number
  readonly parameter: number
}

/** A frame with its header and room for `payloadBytes`. */
export function newFrame(
  { kind, parameter }: FrameHeader,
  hashId: number,
  payloadBytes: number,
): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + payloadBytes)
  frame.set([VERSION, kind, parameter, hashId])
  return frame
}

/** Throws SketchFrameError unless the frame was made under the key with this hash id, in this version. */
export function readHeader(frame: Uint8Array, hashId: number): FrameHeader {
  const [version, kind, parameter, frameHashId] = frame
  if (kind === undefined || parameter === undefined || frameHashId === undefined) {
    throw new SketchFrameError('the header is cut short')
  }
  if (version !== VERSION) throw new SketchFrameError(`unknown version ${version}`)
  if (frameHashId !== hashId) {
    throw new SketchFrameError(`made under another key: hash id ${frameHashId}, not ${hashId}`)
  }
  return { kind, parameter }
}
