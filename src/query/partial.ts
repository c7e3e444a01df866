/** What an answer lacks, said in the answer itself. */

import type { OverviewFigures } from './overview-figures.ts'

const DAY_MS = 86_400_000

/** A part of the answer that is missing or incomplete, and why. */
export interface MissingPart {
  readonly field: string
  readonly reason: string
}

/**
 * Says that the answer looks back to where events are deleted. `fromMs`: the first instant that the answer
 * needs; `ttlDays`: how long events are kept, null for ever.
 */
export function missingEvents(
  fromMs: number,
  ttlDays: number | null,
  nowMs: number,
): MissingPart[] {
  if (ttlDays === null || fromMs >= nowMs - ttlDays * DAY_MS) return []
  const kept = new Date(nowMs - ttlDays * DAY_MS).toISOString()
  return [
    {
      field: 'events',
      reason: `events are kept for ${ttlDays} days; those before ${kept} are gone`,
    },
  ]
}

/** Says that payments cannot be restricted or split as asked; `path` leads to the figures. */
export function missingMoney(path: string, hasPayments: boolean): MissingPart[] {
  if (hasPayments) return []
  const reason = 'payments carry platform, channel, country and region only'
  return [{ field: `${path}revenue_cents`, reason }]
}

/** Says which sums of money are no exact integers in JSON any more; `path` leads to the figures. */
export function roundedMoney(path: string, figures: readonly OverviewFigures[]): MissingPart[] {
  const fields = figures.flatMap(({ revenue_by_currency: byCurrency }) =>
    Object.entries(byCurrency ?? {}).flatMap(([currency, sums]) =>
      (['revenue_cents', 'refunds_cents'] as const)
        .filter((name) => sums[name] > Number.MAX_SAFE_INTEGER)
        .map((name) => `${path}revenue_by_currency.${currency}.${name}`),
    ),
  )
  const reason = 'beyond 2^53 - 1: it, and what is made from it, is rounded to the nearest double'
  return [...new Set(fields)].map((field) => ({ field, reason }))
}
