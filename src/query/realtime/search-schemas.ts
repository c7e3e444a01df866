/** The parameters of the live figures and of the reconciliation, each by itself; parameters.ts reads them together. */
import { z } from 'zod'

import { parseDay } from '../../event/calendar.ts'
import { BREAKDOWN_COLUMNS } from '../../event/envelope.ts'
import { scopeShape } from '../../search-fields.ts'
import { currencySchema, momentSchema } from '../parameters.ts'

const METRICS = ['dau', 'new_users'] as const
const MOMENT_REQUIRED = 'expected an RFC 3339 instant or a date YYYY-MM-DD; it may not be left out'
const DATE_EXPECTED = 'expected a date YYYY-MM-DD'
const BY_EXPECTED = `expected one of ${BREAKDOWN_COLUMNS.join(', ')}`

const [FIRST_DAY, LAST_DAY] = [Date.UTC(2000, 0, 1) / 86_400_000, Date.UTC(2100, 0, 1) / 86_400_000]

/** A date as days since 1970-01-01. */
const daySchema = z.string().transform((text, ctx): number => {
  const day = parseDay(text)
  if (day !== null && day >= FIRST_DAY && day <= LAST_DAY) return day
  ctx.addIssue(day === null ? DATE_EXPECTED : 'expected a date from 2000-01-01 to 2100-01-01')
  return z.NEVER
})

/** Parameters of GET /realtime and GET /realtime/stream. */
export const realtimeSearchSchema = z.strictObject({ ...scopeShape, currency: currencySchema })

/** Parameters of GET /realtime/series. */
export const seriesSearchSchema = z.strictObject({
  ...scopeShape,
  start: z.string(MOMENT_REQUIRED).pipe(momentSchema),
  end: z.string(MOMENT_REQUIRED).pipe(momentSchema),
  currency: currencySchema,
})

/** Parameters of GET /realtime/breakdown. */
export const breakdownSearchSchema = z.strictObject({
  ...scopeShape,
  metric: z.enum(METRICS, `expected one of ${METRICS.join(', ')}`).default('dau'),
  by: z.enum(BREAKDOWN_COLUMNS, BY_EXPECTED),
  date: daySchema.optional(),
})

/** Parameters of GET /realtime/days, GET /realtime/retention and GET /reconciliation. */
export const daysSearchSchema = z.strictObject({
  ...scopeShape,
  start: daySchema.optional(),
  end: daySchema.optional(),
})
