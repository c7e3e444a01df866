/** The shapes of GET /overview and GET /retention, for the documents that are made from them. */
import { z } from 'zod'

import { DIMENSION_COLUMNS } from '../clickhouse/queries/dimension.ts'
import { OVERVIEW_DEFINITIONS, RETENTION_DEFINITIONS } from './definitions.ts'
import type { OverviewAnswer } from './overview.ts'
import type { RetentionAnswer } from './retention.ts'

const rangeShape = {
  start: z.string().optional().meta({
    description:
      'First instant: RFC 3339, or YYYY-MM-DD for the start of that day in the time zone of the game',
    example: '2026-11-05',
  }),
  end: z.string().optional().meta({
    description: 'The instant after the last; default: the end of today',
    example: '2026-11-12',
  }),
  by: z
    .string()
    .optional()
    .meta({
      description: `Splits the answer: ${DIMENSION_COLUMNS.join(', ')}, or props.<name>`,
      example: 'platform',
    }),
  filter: z
    .array(z.string())
    .max(10)
    .optional()
    .meta({
      description:
        '<dimension>:<value>, repeated up to 10 times; values of one dimension are alternatives',
      example: ['country:DE'],
    }),
  game_id: z.string().optional(),
  env: z.string().optional(),
}

/** Parameters of GET /overview; parameters.ts reads them. */
export const overviewParametersSchema = z.strictObject({
  ...rangeShape,
  currency: z
    .string()
    .default('USD')
    .meta({ description: 'ISO 4217 code of the money', example: 'EUR' }),
})

/** Parameters of GET /retention; parameters.ts reads them. */
export const retentionParametersSchema = z.strictObject({
  ...rangeShape,
  cohort: z
    .enum(['register', 'first_active'])
    .default('register')
    .meta({ description: 'The event that begins a cohort: user.register or user.first_active' }),
})

/** A number of users or of things. */
export const countSchema = z.int().nonnegative()
/** An amount of money. */
export const centsSchema = z.number().meta({
  description:
    'Minor units of the currency; beyond 2^53 - 1 the nearest double, which partial says',
  override: { type: 'integer' },
})
/** A ratio. */
export const percentSchema = z
  .number()
  .nullable()
  .meta({ description: 'Percent, not rounded; null over nothing' })
const averageSchema = z.number().nullable()
const intervalSchema = z
  .tuple([z.number(), z.number()])
  .nullable()
  .meta({ description: '95 % interval in percent (Wilson)' })

/** Retention over the cohorts that are mature for each N. */
export const totalsSchema = z.strictObject({
  size: countSchema.meta({ description: 'Users of all cohorts, mature or not' }),
  size_d1: countSchema,
  retained_d1: countSchema,
  d1: percentSchema,
  d1_interval: intervalSchema,
  size_d7: countSchema,
  retained_d7: countSchema,
  d7: percentSchema,
  d7_interval: intervalSchema,
  size_d30: countSchema,
  retained_d30: countSchema,
  d30: percentSchema,
  d30_interval: intervalSchema,
})

const cohortTableShape = {
  cohorts: z.array(
    z.strictObject({
      day: z.iso.date(),
      size: countSchema,
      d1: percentSchema,
      d7: percentSchema,
      d30: percentSchema,
      retained_d1: countSchema.nullable(),
      retained_d7: countSchema.nullable(),
      retained_d30: countSchema.nullable(),
    }),
  ),
  totals: totalsSchema,
}

const seriesSchema = z
  .array(z.tuple([z.iso.datetime({ offset: true }), z.number()]))
  .meta({ description: '[start of the day, value] for every day of the range' })

const figuresShape = {
  dau: countSchema,
  wau: countSchema,
  mau: countSchema,
  active_users: countSchema,
  new_users: countSchema,
  payers: countSchema.nullable(),
  active_payers: countSchema,
  revenue_cents: centsSchema.nullable(),
  refunds_cents: centsSchema.nullable(),
  pay_rate: percentSchema,
  arpu: averageSchema,
  arpu_cents: averageSchema,
  arppu: averageSchema,
  arppu_cents: averageSchema,
  d1: percentSchema,
  d7: percentSchema,
  d30: percentSchema,
  retention: totalsSchema,
  revenue_by_currency: z
    .record(
      z.string(),
      z.strictObject({
        revenue_cents: centsSchema,
        refunds_cents: centsSchema,
        payers: countSchema,
      }),
    )
    .nullable(),
  series: z.strictObject({
    new_users: seriesSchema,
    dau: seriesSchema,
    peak_online: seriesSchema,
    revenue_cents: seriesSchema.nullable(),
  }),
}

const liveSchema = z.strictObject({
  dau_today: countSchema,
  new_users_today: countSchema,
  online_now: countSchema.meta({ description: 'In the last full minute' }),
  exact: z.boolean(),
  error: z
    .strictObject({ dau_today: z.number(), new_users_today: z.number(), online_now: z.number() })
    .meta({ description: 'Half-width of the 95 % interval, in users' }),
})

function groupsOf<Shape extends z.ZodRawShape>(figures: Shape) {
  return z
    .strictObject({
      by: z.string(),
      values: z.array(z.strictObject({ value: z.string(), users: countSchema, ...figures })),
      other: z.strictObject({ values: countSchema, ...figures }).nullable(),
    })
    .meta({ description: 'Present with by: the same figures per value, most users first' })
}

/** What an answer says of its range and of itself. */
export const contextShape = {
  start: z.iso.datetime({ offset: true }),
  end: z.iso.datetime({ offset: true }),
  time_zone: z.string().meta({ description: 'IANA name; days are days of this zone' }),
  as_of: z.iso.datetime({ offset: true }),
  partial: z
    .array(z.strictObject({ field: z.string(), reason: z.string() }))
    .meta({ description: 'What this answer lacks, and why; empty when it lacks nothing' }),
}

/** The definitions that an answer carries, by the names of its fields. */
export function definitionsOf(definitions: Readonly<Record<string, string>>) {
  return z
    .record(z.enum(Object.keys(definitions)), z.string())
    .meta({ description: 'What the figures mean' })
}

/** Answer of GET /overview. */
export const overviewAnswerSchema = z.strictObject({
  ...figuresShape,
  currency: z.string(),
  ...contextShape,
  groups: groupsOf(figuresShape).exactOptional(),
  live: liveSchema.nullable().meta({ description: 'Null when the sketches do not answer' }),
  definitions: definitionsOf(OVERVIEW_DEFINITIONS),
})

/** Answer of GET /retention. */
export const retentionAnswerSchema = z.strictObject({
  cohort: z.enum(['register', 'first_active']),
  ...contextShape,
  ...cohortTableShape,
  groups: groupsOf(cohortTableShape).exactOptional(),
  definitions: definitionsOf(RETENTION_DEFINITIONS),
})

/** Refuses to compile when the answer of a route and its schema differ. */
type Described<Answer> = z.ZodType<
  Omit<Answer, 'definitions'> & { definitions: Record<string, string> }
>
overviewAnswerSchema satisfies Described<OverviewAnswer>
retentionAnswerSchema satisfies Described<RetentionAnswer>
