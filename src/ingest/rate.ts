/** The rate of one key, charged by events: a batch of a thousand costs more than one of ten. */
import { EVENTS_PER_RATE_UNIT } from '../../configs/limits.ts'
import { ApiError } from '../api-error.ts'

/** The part of a rate-limit binding that is used. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>
}

/** Units that a POST costs whatever it holds. */
export const UNITS_OF_A_POST = 1

/** Units that a POST of so many events costs in all. */
export function rateUnits(events: number): number {
  return Math.max(UNITS_OF_A_POST, Math.ceil(events / EVENTS_PER_RATE_UNIT))
}

/**
 * Charges units to a key. Throws rate_limited when the key has none left in this minute at this location.
 * The binding takes one unit a call; the calls are local to the machine.
 */
export async function chargeRate(
  limiter: RateLimiter,
  keyId: string,
  units: number,
): Promise<void> {
  const outcomes = await Promise.all(
    Array.from({ length: units }, () => limiter.limit({ key: keyId })),
  )
  if (outcomes.every(({ success }) => success)) return
  throw new ApiError(
    'rate_limited',
    `The key ${keyId} has sent more than its share of this minute; nothing of this POST was stored.`,
  )
}
