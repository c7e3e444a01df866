/** Names that somebody may have meant. */

/** Characters of a name that are compared; no id is longer. */
const MAX_COMPARED_LENGTH = 64

/**
 * Up to `count` of the candidates that a few typing errors separate from `name`, nearest first, then in
 * their own order. A candidate that contains the name, or is contained in it, counts as near.
 */
export function nearest(name: string, candidates: Iterable<string>, count: number): string[] {
  const wanted = name.slice(0, MAX_COMPARED_LENGTH).toLowerCase()
  if (wanted === '') return []
  const allowed = Math.max(2, Math.floor(wanted.length / 3))
  const scored: { candidate: string; distance: number }[] = []
  for (const candidate of candidates) {
    const distance = distanceBetween(wanted, candidate)
    if (distance <= allowed) scored.push({ candidate, distance })
    else if (candidate.includes(wanted) || wanted.includes(candidate)) {
      scored.push({ candidate, distance: allowed + 1 })
    }
  }
  const sorted = scored.toSorted((left, right) => left.distance - right.distance)
  return sorted.slice(0, count).map(({ candidate }) => candidate)
}

/** Levenshtein distance: insertions, deletions and replacements of UTF-16 code units. */
function distanceBetween(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      const removed = (previous[column] ?? 0) + 1
      const inserted = (current[column - 1] ?? 0) + 1
      current.push(Math.min(replaced, removed, inserted))
    }
    previous = current
  }
  return previous[right.length] ?? 0
}
