/**
 * The users of one day by the values of one column: a sketch per value, and one for all values beyond a bound.
 *
 * Values with the smallest hashes have a sketch of their own, as many as the bound allows; one that is displaced
 * is merged into "other" and can never come back, because the largest hash that is kept only falls. So what a page
 * holds depends on the users and values alone, not on their order, on repeats or on how they were spread over shards.
 */
import { decodeSketch, encodeSketch } from '../../src/sketch/codec.ts'
import { DistinctCountSketch } from '../../src/sketch/distinct-count.ts'
import { SketchFrameError } from '../../src/sketch/frame-error.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { sketchBytes } from './sketch-bytes.ts'

/** 4 KiB when dense, relative standard error 1.2 %: with all values of a column a page stays below 2 MB. */
const PRECISION = 12

const FORMAT = 1

interface Value {
  readonly name: string
  readonly hash: number
  readonly sketch: DistinctCountSketch
}

export class BreakdownPage {
  readonly #hashId: number
  readonly #maxValues: number
  readonly #values = new Map<string, Value>()
  /** Of #values the one that is displaced next; null when it is to be looked for */
  #last: Value | null = null
  #other: DistinctCountSketch | null = null

  /** Empty. `hashId` is that of the key that makes the tokens, `maxValues` at least 1. */
  constructor(hashId: number, maxValues: number) {
    this.#hashId = hashId
    this.#maxValues = maxValues
  }

  /** The values that have a sketch of their own. */
  get values(): readonly { readonly name: string; readonly sketch: DistinctCountSketch }[] {
    return [...this.#values.values()]
  }

  /** The users of all values beyond the bound; null when there are none. */
  get other(): DistinctCountSketch | null {
    return this.#other
  }

  /** Bytes in memory, about. */
  get bytes(): number {
    let bytes = this.#other === null ? 0 : sketchBytes(this.#other)
    for (const { name, sketch } of this.#values.values()) {
      bytes += 2 * name.length + sketchBytes(sketch)
    }
    return bytes
  }

  /** Adds the tokens of users who were seen with a value; returns how many changes they made. */
  add(name: string, tokens: Uint32Array): number {
    if (tokens.length === 0) return 0
    return (this.#values.get(name)?.sketch ?? this.#open(name)).addTokens(tokens)
  }

  /** The bytes that decodePage reads. Equal pages have equal bytes. */
  encode(): Uint8Array {
    const bytes = new ByteWriter()
    bytes.u8(FORMAT)
    bytes.u16(this.#values.size)
    for (const { name, sketch } of this.#ranked()) {
      bytes.text(name)
      bytes.block(encodeSketch(sketch))
    }
    bytes.block(this.#other === null ? new Uint8Array(0) : encodeSketch(this.#other))
    return bytes.take()
  }

  /** Bytes of encode() to page. Throws SketchFrameError for others, and for those of another key. */
  static decode(encoded: Uint8Array, hashId: number, maxValues: number): BreakdownPage {
    const page = new BreakdownPage(hashId, maxValues)
    const bytes = new ByteReader(encoded)
    const format = bytes.u8()
    if (format !== FORMAT) throw new SketchFrameError(`unknown format ${format} of a breakdown`)
    for (let left = bytes.u16(); left > 0; left--) {
      const name = bytes.text()
      page.#insert(name, decodeSketch(bytes.block(), hashId))
    }
    const other = bytes.block()
    if (other.length > 0) page.#mergeIntoOther(decodeSketch(other, hashId))
    bytes.end()
    return page
  }

  /** The sketch that takes the users of a value without one: a new one, or "other". */
  #open(name: string): DistinctCountSketch {
    const sketch = new DistinctCountSketch(this.#hashId, PRECISION)
    return this.#insert(name, sketch) ? sketch : this.#otherSketch()
  }

  /** Gives a value its sketch if it belongs to the smallest; otherwise the sketch goes to "other", and it is false. */
  #insert(name: string, sketch: DistinctCountSketch): boolean {
    const value = { name, hash: hashOf(name), sketch }
    if (this.#values.size >= this.#maxValues) {
      this.#last ??= this.#ranked().at(-1) ?? null
      if (this.#last !== null && rank(value, this.#last) > 0) {
        this.#mergeIntoOther(sketch)
        return false
      }
      if (this.#last !== null) {
        this.#values.delete(this.#last.name)
        this.#mergeIntoOther(this.#last.sketch)
      }
      this.#last = null
    }
    this.#values.set(name, value)
    return true
  }

  #mergeIntoOther(sketch: DistinctCountSketch): void {
    this.#otherSketch().merge(sketch)
  }

  #otherSketch(): DistinctCountSketch {
    this.#other ??= new DistinctCountSketch(this.#hashId, PRECISION)
    return this.#other
  }

  #ranked(): Value[] {
    return [...this.#values.values()].toSorted(rank)
  }
}

function rank(a: Value, b: Value): number {
  if (a.hash !== b.hash) return a.hash - b.hash
  if (a.name === b.name) return 0
  return a.name < b.name ? -1 : 1
}

/**
 * FNV-1a over the UTF-16 code units, then the finalizer of MurmurHash3: 32 bits. It decides which values have a count
 * of their own, so it is part of what is stored.
 */
function hashOf(name: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
