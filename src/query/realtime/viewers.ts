/** How many streams of a name are open in this isolate. */

export class Viewers {
  readonly #limit: number
  readonly #lifetimeMs: number
  /** By name: until when each of them counts, in milliseconds since the epoch */
  readonly #untilMs = new Map<string, Map<symbol, number>>()

  /** At most `limit` of a name at a time; one that never leaves counts for `lifetimeMs`. */
  constructor(limit: number, lifetimeMs: number) {
    this.#limit = limit
    this.#lifetimeMs = lifetimeMs
  }

  /** Lets one more in, who is to call what is returned when leaving; null when there are too many. */
  enter(name: string, nowMs: number): (() => void) | null {
    const present = this.#untilMs.get(name) ?? new Map<symbol, number>()
    for (const [viewer, untilMs] of present) if (untilMs <= nowMs) present.delete(viewer)
    if (present.size >= this.#limit) return null
    const viewer = Symbol(name)
    this.#untilMs.set(name, present.set(viewer, nowMs + this.#lifetimeMs))
    return () => {
      present.delete(viewer)
      if (present.size === 0 && this.#untilMs.get(name) === present) this.#untilMs.delete(name)
    }
  }
}
