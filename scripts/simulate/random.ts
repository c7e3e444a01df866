/** Random numbers that a seed repeats, with the few distributions that the simulations draw from. */

export interface Random {
  /** At least 0 and below 1 */
  next(): number
  /** Uniform, `low` included and `high` not */
  between(low: number, high: number): number
  /** Uniform in the logarithm: as likely between 1 and 10 as between 10 and 100. Bounds above zero. */
  logBetween(low: number, high: number): number
  /** Normal around zero */
  normal(deviation: number): number
  chance(probability: number): boolean
  /** Throws RangeError for an empty list */
  pick<Value>(values: readonly Value[]): Value
}

/** A stream of its own for every pair of seed and name, so that one scenario more changes no other. */
export function createRandom(seed: number, name: string): Random {
  let state = seed >>> 0
  for (const char of name) state = Math.imul(state ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0

  /** mulberry32 (Tommy Ettinger, public domain) */
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number): number => low + next() * (high - low)
  return {
    next,
    between,
    logBetween: (low, high) => Math.exp(between(Math.log(low), Math.log(high))),
    // Box-Muller
    normal: (deviation) =>
      deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    chance: (probability) => next() < probability,
    pick: (values) => {
      const value = values[Math.floor(next() * values.length)]
      if (value === undefined) throw new RangeError('nothing to pick from')
      return value
    },
  }
}
