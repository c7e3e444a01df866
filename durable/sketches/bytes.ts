/** Small binary records: numbers little-endian, texts and blocks with their length before them. */
import { concatBytes } from '../../src/event/bytes.ts'
import { SketchFrameError } from '../../src/sketch/frame-error.ts'

/** Writes records one after the other. */
export class ByteWriter {
  readonly #parts: Uint8Array[] = []

  u8(value: number): void {
    this.#parts.push(Uint8Array.of(value))
  }

  u16(value: number): void {
    this.#parts.push(Uint8Array.of(value, value >>> 8))
  }

  u32(value: number): void {
    this.#parts.push(Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24))
  }

  /** Well-formed text whose UTF-8 bytes fit into 255. */
  text(text: string): void {
    const utf8 = new TextEncoder().encode(text)
    if (utf8.length > 0xff) throw new RangeError(`a text of ${utf8.length} bytes exceeds 255`)
    this.u8(utf8.length)
    this.#parts.push(utf8)
  }

  /** Bytes with their length in 32 bits before them. */
  block(bytes: Uint8Array): void {
    this.u32(bytes.length)
    this.#parts.push(bytes)
  }

  /** 32-bit values with their number before them. */
  u32s(values: Uint32Array): void {
    const bytes = new Uint8Array(values.length * 4)
    const view = new DataView(bytes.buffer)
    for (const [index, value] of values.entries()) view.setUint32(index * 4, value, true)
    this.u32(values.length)
    this.#parts.push(bytes)
  }

  /** All that was written. */
  take(): Uint8Array {
    return concatBytes(this.#parts)
  }
}

/** Reads what ByteWriter wrote; throws SketchFrameError where the bytes end too early. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get hasMore(): boolean {
    return this.#at < this.#bytes.length
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#skip(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true)
  }

  text(): string {
    const length = this.u8()
    const at = this.#skip(length)
    return new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(
      this.#bytes.subarray(at, at + length),
    )
  }

  /** A view, not a copy. */
  block(): Uint8Array {
    const length = this.u32()
    const at = this.#skip(length)
    return this.#bytes.subarray(at, at + length)
  }

  u32s(): Uint32Array {
    const count = this.u32()
    const at = this.#skip(count * 4)
    return Uint32Array.from({ length: count }, (_, index) =>
      this.#view.getUint32(at + index * 4, true),
    )
  }

  /** Throws when bytes are left. */
  end(): void {
    if (this.hasMore) throw new SketchFrameError('bytes after the last record')
  }

  #skip(length: number): number {
    const at = this.#at
    if (at + length > this.#bytes.length) throw new SketchFrameError('a record is cut short')
    this.#at += length
    return at
  }
}
