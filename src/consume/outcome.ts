/** What the consumer decided about one message. Exhaustive: there is no third way out. */
export type Outcome =
  | { readonly kind: 'settled' }
  | { readonly kind: 'deferred'; readonly reason: string }

export const SETTLED: Outcome = { kind: 'settled' }

/** The worse of two outcomes of one message: it is settled only when every part of it is. */
export function worseOf(a: Outcome, b: Outcome): Outcome {
  return a.kind === 'deferred' ? a : b
}
