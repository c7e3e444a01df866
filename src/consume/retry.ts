/** How long a message waits before it is tried again. Pure: the random number is passed in. */

/**
 * Longest wait during the first hours, in seconds: what an ordinary outage may add to the freshness of the
 * rows once the database is back.
 */
const MAX_DELAY_SECONDS = 600

/** Attempts of that kind: about six hours. */
const FREQUENT_ATTEMPTS = 40

/** Every further wait: the queue's 100 retries then span ten days of a dead database. */
const LONG_DELAY_SECONDS = 14_400

/** Dead letters have nobody behind them who waits: 100 retries span twelve days. */
const MAX_DEAD_LETTER_DELAY_SECONDS = 10_800

/** Share of the delay that is random, so that messages which failed together do not return together. */
const JITTER = 0.25

/**
 * Seconds to wait after the given attempt (1 = the first): 2, 4, 8, ... up to ten minutes, after six hours
 * four hours, plus or minus jitter. `random` is in [0, 1).
 */
export function retryDelaySeconds(attempts: number, random: number): number {
  return attempts <= FREQUENT_ATTEMPTS
    ? delaySeconds(attempts, random, MAX_DELAY_SECONDS)
    : delaySeconds(attempts, random, LONG_DELAY_SECONDS)
}

/** The same for dead letters, with a longer cap. */
export function deadLetterDelaySeconds(attempts: number, random: number): number {
  return delaySeconds(attempts, random, MAX_DEAD_LETTER_DELAY_SECONDS)
}

function delaySeconds(attempts: number, random: number, capSeconds: number): number {
  const backoff = Math.min(2 ** Math.max(attempts, 1), capSeconds)
  return Math.max(1, Math.round(backoff * (1 + JITTER * (2 * random - 1))))
}
