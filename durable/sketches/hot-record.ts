/**
 * Token groups as bytes: what is on disk of tokens that are not in the stored sketches yet.
 *
 * A row is a header (format, id of the key that made the tokens) and records one after the other.
 */
import type { BreakdownValues, SketchMetric, TokenGroup } from '../../src/event/envelope.ts'
import { SKETCH_METRICS } from '../../src/event/envelope.ts'
import { SketchFrameError } from '../../src/sketch/frame-error.ts'
import { ByteReader, ByteWriter } from './bytes.ts'

const FORMAT = 1

/** Beside the number of the metric: the record says what its users were seen with. */
const HAS_VALUES = 0x80

/** Metrics by their number on disk; new ones are appended. */
const METRICS: readonly SketchMetric[] = SKETCH_METRICS

/** Bytes of the header of a row */
export const HOT_HEADER_BYTES = 2

/** The header of a row. */
export function encodeHotHeader(hashId: number): Uint8Array {
  return Uint8Array.of(FORMAT, hashId)
}

/** One group as a record. */
export function encodeHotRecord({ metric, bucket, tokens, by }: TokenGroup): Uint8Array {
  const bytes = new ByteWriter()
  bytes.u8(METRICS.indexOf(metric) | (by === undefined ? 0 : HAS_VALUES))
  bytes.u32(bucket)
  for (const value of by ?? []) bytes.text(value)
  bytes.u32s(tokens)
  return bytes.take()
}

/**
 * The groups of a row, in order. Throws SketchFrameError for bytes that are no such row, and for tokens that another
 * key made.
 */
export function decodeHotRow(row: Uint8Array, hashId: number): TokenGroup[] {
  const bytes = new ByteReader(row)
  const format = bytes.u8()
  if (format !== FORMAT) throw new SketchFrameError(`unknown format ${format} of a hot row`)
  const rowHashId = bytes.u8()
  if (rowHashId !== hashId) {
    throw new SketchFrameError(`made under another key: hash id ${rowHashId}, not ${hashId}`)
  }
  const groups: TokenGroup[] = []
  while (bytes.hasMore) groups.push(readRecord(bytes))
  return groups
}

function readRecord(bytes: ByteReader): TokenGroup {
  const kind = bytes.u8()
  const metric = METRICS[kind & ~HAS_VALUES]
  if (metric === undefined) throw new SketchFrameError(`unknown metric ${kind} in a hot row`)
  const bucket = bytes.u32()
  if ((kind & HAS_VALUES) === 0) return { metric, bucket, tokens: bytes.u32s() }
  const by: BreakdownValues = [bytes.text(), bytes.text(), bytes.text(), bytes.text()]
  return { metric, bucket, tokens: bytes.u32s(), by }
}
