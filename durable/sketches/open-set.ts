/** What is open in memory of one kind of stored things: changed ones until they are saved, others while used. */

/** How things of a kind are named, read and written. */
export interface Kind<Place, Value> {
  readonly keyOf: (place: Place) => string
  /** What is stored at the place, or a new thing */
  readonly read: (place: Place) => Value
  /** Null when nothing is stored: then nothing has to be saved either */
  readonly write: ((place: Place, value: Value) => void) | null
  /** Bytes in memory, about */
  readonly bytesOf: (value: Value) => number
}

interface Entry<Place, Value> {
  readonly place: Place
  readonly value: Value
  isUnsaved: boolean
  bytes: number
}

export class OpenSet<Place, Value> {
  readonly #kind: Kind<Place, Value>
  readonly #maxBytes: number
  // The entry that was used last is the last one.
  readonly #entries = new Map<string, Entry<Place, Value>>()
  #bytes = 0

  /** `maxBytes`: what trim() leaves of saved things. */
  constructor(kind: Kind<Place, Value>, maxBytes: number) {
    this.#kind = kind
    this.#maxBytes = maxBytes
  }

  /** Whether trim() can not free enough: what is unsaved is too much. */
  get isOverfull(): boolean {
    return this.#bytes > this.#maxBytes
  }

  /** The thing at a place; the same object until the next trim() or clear(). */
  get(place: Place): Value {
    const key = this.#kind.keyOf(place)
    const known = this.#entries.get(key)
    if (known !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, known)
      return known.value
    }
    const value = this.#kind.read(place)
    const bytes = this.#kind.bytesOf(value)
    this.#entries.set(key, { place, value, isUnsaved: false, bytes })
    this.#bytes += bytes
    return value
  }

  /** Says that the thing at a place was changed since get(). */
  changed(place: Place): void {
    const entry = this.#entries.get(this.#kind.keyOf(place))
    if (entry === undefined) throw new Error(`${this.#kind.keyOf(place)} is not open`)
    const bytes = this.#kind.bytesOf(entry.value)
    this.#bytes += bytes - entry.bytes
    entry.bytes = bytes
    entry.isUnsaved = this.#kind.write !== null
  }

  /** What is not saved. */
  unsaved(): Entry<Place, Value>[] {
    return [...this.#entries.values()].filter(({ isUnsaved }) => isUnsaved)
  }

  /** Writes what is not saved. It counts as saved once saved() is called, after the commit. */
  save(): void {
    for (const { place, value } of this.unsaved()) this.#kind.write?.(place, value)
  }

  /** Says that what save() wrote is committed. */
  saved(): void {
    for (const entry of this.unsaved()) entry.isUnsaved = false
  }

  /** Forgets saved things, the longest unused first, while there are too many bytes. */
  trim(): void {
    if (!this.isOverfull) return
    for (const [key, { isUnsaved, bytes }] of this.#entries) {
      if (isUnsaved) continue
      this.#entries.delete(key)
      this.#bytes -= bytes
      if (!this.isOverfull) return
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }
}
