/** Fields that parameters of several listings share: text, instants, numbers, the game, the size of a page. */
import { z } from 'zod'

/** Entries of a page unless told. */
export const DEFAULT_PAGE = 50
/** Entries of a page at most. */
export const MAX_PAGE = 500

/** Codes, pointers, names and ids; longer text matches nothing. */
const MAX_TEXT_LENGTH = 512

export const textSchema = z
  .string()
  .max(MAX_TEXT_LENGTH, `expected at most ${MAX_TEXT_LENGTH} characters`)

/** An RFC 3339 instant as milliseconds since the epoch. */
export const instantSchema = z
  .string('expected an RFC 3339 instant')
  .transform((text, ctx): number => {
    // A plus sign in a query string means a space unless it was encoded.
    const instant = text.replace(/ (?=\d{2}:\d{2}$)/, '+')
    const timeMs = z.iso.datetime({ offset: true }).safeParse(instant).success
      ? Date.parse(instant)
      : Number.NaN
    if (!Number.isNaN(timeMs)) return timeMs
    ctx.addIssue('expected an RFC 3339 instant, such as 2026-11-20T10:00:00Z')
    return z.NEVER
  })

/** Text of up to six digits as a number from `min` to `max`. */
export function wholeNumber(min: number, max: number) {
  const expected = `expected a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,6}$/, expected)
    .transform(Number)
    .pipe(z.int().min(min, expected).max(max, expected))
}

interface Range {
  readonly start?: number | undefined
  readonly end?: number | undefined
}

/** Whether the range holds an instant; it does as long as one end is open. */
export function startsBeforeEnd({ start, end }: Range): boolean {
  return start === undefined || end === undefined || start < end
}
/** What is said of a range for which `startsBeforeEnd` is false. */
export const START_AFTER_END = { path: ['start'], error: 'expected an instant before end' }

/** Compared with what the caller may ask about before any route is reached. */
export const scopeShape = {
  game_id: z.string().optional(),
  env: z.string().optional(),
}
