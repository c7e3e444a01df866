/** When an approximate figure agrees with the true one. Pure. */

/** Half-widths of 95 % intervals that a figure may be off by: four and a half standard errors. */
const ALLOWED_ERRORS = 4.5 / 1.96

/** Pairs of users up to which a shared token is too rare to be allowed for. */
const FEW_PAIRS = 45_000

/** Of so many pairs of users one shares a token: 26 bits of index, and some more of the rest. */
const PAIRS_PER_SHARED_TOKEN = 2 ** 26

/** Pairs among so many users. */
export const pairsAmong = (users: number): number => users ** 2 / 2

/**
 * Whether an answered count agrees with the true one, given the error that the answer states. Users who share a token
 * are one user even in an exact figure; `pairs`: how many pairs of users could.
 */
export function isWithin(
  answered: number,
  expected: number,
  error: number,
  pairs = pairsAmong(expected),
): boolean {
  const shared = pairs > FEW_PAIRS ? Math.ceil(pairs / PAIRS_PER_SHARED_TOKEN) : 0
  return Math.abs(answered - expected) <= Math.max(error * ALLOWED_ERRORS, shared)
}

/** A difference in words; none when the figure is within its error. */
export function outside(
  name: string,
  answered: { readonly value: number; readonly error: number } | undefined,
  expected: number,
  pairs = pairsAmong(expected),
): string[] {
  if (answered === undefined)
    return expected === 0 ? [] : [`${name}: missing, expected ${expected}`]
  const { value, error } = answered
  if (isWithin(value, expected, error, pairs)) return []
  return [`${name}: ${value} +- ${error}, expected ${expected}`]
}
