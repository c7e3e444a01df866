/**
 * What the consumer decided about one message: everything in it is stored or set aside; it has to come
 * again; or it is given up and goes, whole, to the dead letters.
 */
export type Outcome =
  | { readonly kind: 'settled' }
  | { readonly kind: 'deferred'; readonly reason: string }
  | { readonly kind: 'given_up'; readonly reason: string }

export const SETTLED: Outcome = { kind: 'settled' }

const SEVERITY = { settled: 0, given_up: 1, deferred: 2 } as const

/**
 * The worse of two outcomes of one message: it is settled only when every part of it is, and given up
 * only when no part of it may still be stored by another attempt.
 */
export function worseOf(a: Outcome, b: Outcome): Outcome {
  return SEVERITY[a.kind] >= SEVERITY[b.kind] ? a : b
}
