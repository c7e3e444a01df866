/** What entries of all catalog files have in common. */
import { z } from 'zod'

const SNAKE = '[a-z][a-z0-9]*(?:_[a-z0-9]+)*'

export const snakeCase = z.string().regex(new RegExp(`^${SNAKE}$`), 'expected snake_case')

/** Two or more segments: ids of events, codes of genres below the first level. */
export const dottedId = z
  .string()
  .regex(new RegExp(`^${SNAKE}(?:\\.${SNAKE})+$`), 'expected lower.dot.segments')

export const sentence = z.string().min(1)

/** A name in both languages; the Chinese one has at least one Chinese character or is an acronym. */
export const names = {
  en_name: sentence,
  zh_name: z.string().regex(/\p{Script=Han}|^[A-Z0-9]+$/u, 'expected a Chinese name'),
}

/** Values that stand there more than once, as faults of the place. */
export function* repeats(values: readonly string[], place: string): Generator<string> {
  const seen = new Set<string>()
  for (const value of values) {
    if (seen.has(value)) yield `${place}: ${value} is given twice`
    seen.add(value)
  }
}

/** Values that are not among the known ones, as faults of the place. */
export function* strangers(
  values: readonly string[],
  known: { has(value: string): boolean },
  place: string,
  what: string,
): Generator<string> {
  for (const value of values) {
    if (!known.has(value)) yield `${place}: ${value} is no ${what}`
  }
}
