/** The shapes of the answers about live figures and the reconciliation. */
import { z } from 'zod'

import { BREAKDOWN_COLUMNS } from '../../event/envelope.ts'
import {
  BREAKDOWN_DEFINITIONS,
  LIVE_DAYS_DEFINITIONS,
  LIVE_RETENTION_DEFINITIONS,
  REALTIME_DEFINITIONS,
  RECONCILIATION_DEFINITIONS,
  SERIES_DEFINITIONS,
} from '../definitions.ts'
import { centsSchema, contextShape, countSchema, definitionsOf, percentSchema } from '../schemas.ts'

const instantSchema = z.iso.datetime({ offset: true })

const errorSchema = z
  .int()
  .nonnegative()
  .meta({ description: 'Half-width of the 95 % interval, in users; 0 when exact' })
const exactSchema = z.boolean().meta({ description: 'Whether the figure is no estimate' })

const accuracyShape = { error: errorSchema, exact: exactSchema }
const usersSchema = z.strictObject({ users: countSchema, ...accuracyShape })

/** An approximate figure, with how far it may be off. */
export const figureSchema = z.strictObject({ value: countSchema, ...accuracyShape })

const peakSchema = z.strictObject({
  ...figureSchema.shape,
  time: instantSchema.nullable().meta({ description: 'Start of the minute; null for none' }),
})

const countedUntilSchema = instantSchema.nullable().meta({
  description:
    'When the sketches last took users, after a restart up to some 15 s early; null when that is not known',
})

const nowShape = {
  time_zone: contextShape.time_zone,
  as_of: contextShape.as_of,
  partial: contextShape.partial,
}
const unknownCountSchema = countSchema.nullable()
const moneyTextSchema = z
  .string()
  .regex(/^\d+(\.\d+)?$/)
  .nullable()
  .meta({ description: 'Major units, exact, with the decimals of the currency' })

const figuresSchema = z.strictObject({
  online: figureSchema,
  active_1m: figureSchema,
  active_5m: figureSchema,
  active_15m: figureSchema,
  active_now: figureSchema,
  dau_today: figureSchema,
  new_today: figureSchema,
  wau: figureSchema,
  mau: figureSchema,
  registered_total: figureSchema,
  online_peak_today: figureSchema,
  online_peak_all_time: figureSchema,
})

/** Answer of GET /realtime. */
export const realtimeAnswerSchema = z.strictObject({
  online: unknownCountSchema,
  active_1m: unknownCountSchema,
  active_5m: unknownCountSchema,
  active_15m: unknownCountSchema,
  active_now: unknownCountSchema,
  dau_today: unknownCountSchema,
  new_today: unknownCountSchema,
  wau: unknownCountSchema,
  mau: unknownCountSchema,
  registered_total: unknownCountSchema,
  online_peak_today: unknownCountSchema,
  online_peak_all_time: unknownCountSchema,
  rev_5m: centsSchema.nullable(),
  rev_today: centsSchema.nullable(),
  rev_5m_yuan: moneyTextSchema,
  rev_today_yuan: moneyTextSchema,
  pay_succ_rate: percentSchema,
  revenue_by_currency: z
    .record(z.string(), z.strictObject({ rev_5m: centsSchema, rev_today: centsSchema }))
    .nullable(),
  revenue_as_of: instantSchema
    .nullable()
    .meta({ description: 'When the money was read, at most 15 s before as_of; null without it' }),
  currency: z.string(),
  figures: figuresSchema
    .nullable()
    .meta({ description: 'Each approximate field again, with its error' }),
  peak_times: z
    .strictObject({ today: instantSchema.nullable(), all_time: instantSchema.nullable() })
    .nullable()
    .meta({ description: 'Start of the fullest minute of today and of all time; null for none' }),
  minute: instantSchema.meta({ description: 'Start of the last full minute' }),
  counted_until: countedUntilSchema,
  ...nowShape,
  definitions: definitionsOf(REALTIME_DEFINITIONS),
})
export type RealtimeAnswer = z.infer<typeof realtimeAnswerSchema>

const pointsSchema = z
  .array(z.tuple([instantSchema, countSchema]))
  .meta({ description: '[start of the minute, value], ascending' })

const approximateSeriesShape = {
  online: pointsSchema,
  active_5m_sum: pointsSchema,
  active_15m_sum: pointsSchema,
}

/** Answer of GET /realtime/series. */
export const seriesAnswerSchema = z.strictObject({
  ...approximateSeriesShape,
  revenue_cents: z.array(z.tuple([instantSchema, centsSchema])).nullable(),
  errors: z
    .strictObject(approximateSeriesShape)
    .meta({ description: 'The error of each point of these series, in users; 0 when exact' }),
  currency: z.string(),
  ...contextShape,
  definitions: definitionsOf(SERIES_DEFINITIONS),
})
export type SeriesAnswer = z.infer<typeof seriesAnswerSchema>

/** Answer of GET /realtime/breakdown. */
export const breakdownAnswerSchema = z.strictObject({
  metric: z.enum(['dau', 'new_users']),
  by: z.enum(BREAKDOWN_COLUMNS),
  date: z.iso.date(),
  whole: usersSchema.meta({ description: 'Users of the day, with any value or none' }),
  values: z
    .array(z.strictObject({ value: z.string(), ...usersSchema.shape }))
    .meta({ description: 'Most users first; the empty value is that of clients that sent none' }),
  other: usersSchema.nullable().meta({
    description: 'Users of all values beyond the bound, together; null when there are none',
  }),
  ...nowShape,
  definitions: definitionsOf(BREAKDOWN_DEFINITIONS),
})
export type BreakdownAnswer = z.infer<typeof breakdownAnswerSchema>

const returnedSchema = z
  .strictObject({
    ...usersSchema.shape,
    rate: percentSchema,
    rate_error: z
      .number()
      .nonnegative()
      .nullable()
      .meta({ description: 'Half-width of the 95 % interval, in percentage points' }),
  })
  .nullable()
  .meta({ description: 'Null until the day is over in the time zone of the game' })

/** Answer of GET /realtime/retention. */
export const liveRetentionAnswerSchema = z.strictObject({
  cohorts: z.array(
    z.strictObject({
      day: z.iso.date(),
      size: usersSchema,
      d1: returnedSchema,
      d7: returnedSchema,
      d30: returnedSchema,
    }),
  ),
  ...nowShape,
  definitions: definitionsOf(LIVE_RETENTION_DEFINITIONS),
})
export type LiveRetentionAnswer = z.infer<typeof liveRetentionAnswerSchema>

/** Answer of GET /realtime/days. */
export const liveDaysAnswerSchema = z.strictObject({
  days: z.array(
    z.strictObject({
      day: z.iso.date(),
      dau: figureSchema,
      new_users: figureSchema,
      wau: figureSchema,
      mau: figureSchema,
      online_peak: peakSchema,
    }),
  ),
  ...nowShape,
  definitions: definitionsOf(LIVE_DAYS_DEFINITIONS),
})
export type LiveDaysAnswer = z.infer<typeof liveDaysAnswerSchema>

const comparedShape = {
  dau: z.int().nullable(),
  new_users: z.int().nullable(),
  online_peak: z.int().nullable(),
}

/** A closed day: what the sketches said, what the rows say, and how far the two are apart. */
export const reconciledDaySchema = z.strictObject({
  day: z.iso.date(),
  sketch: z
    .strictObject({
      dau: figureSchema.nullable(),
      new_users: figureSchema.nullable(),
      online_peak: peakSchema.nullable(),
      as_of: instantSchema.meta({ description: 'When the latest of them was taken' }),
    })
    .nullable()
    .meta({ description: 'Null when the sketches published nothing for the day' }),
  exact: z
    .strictObject({
      dau: countSchema,
      new_users: countSchema,
      online_peak: countSchema,
      online_peak_time: instantSchema.nullable(),
      as_of: instantSchema.meta({ description: 'When the rows were counted' }),
    })
    .nullable()
    .meta({ description: 'Null when the day has no exact count' }),
  difference: z
    .strictObject(comparedShape)
    .nullable()
    .meta({ description: 'Sketch minus exact, in users; null where one of the two is missing' }),
  within_error: z
    .strictObject({
      dau: z.boolean().nullable(),
      new_users: z.boolean().nullable(),
      online_peak: z.boolean().nullable(),
    })
    .nullable()
    .meta({ description: 'Whether the difference is at most the error that was stated' }),
})
export type ReconciledDay = z.infer<typeof reconciledDaySchema>

/** Answer of GET /reconciliation. */
export const reconciliationAnswerSchema = z.strictObject({
  days: z.array(reconciledDaySchema),
  summary: z
    .strictObject({
      compared: countSchema,
      within_error: countSchema,
      without_exact: z
        .array(z.iso.date())
        .meta({ description: 'Days that the sketches have figures of, and nothing else has' }),
    })
    .meta({
      description: 'Figures of all days that could be compared, and those within their error',
    }),
  ...nowShape,
  definitions: definitionsOf(RECONCILIATION_DEFINITIONS),
})
export type ReconciliationAnswer = z.infer<typeof reconciliationAnswerSchema>

const streamMoneySchema = z.strictObject({ value: centsSchema, ...accuracyShape })

/** Data of the event `figures` of GET /realtime/stream. */
export const streamFiguresSchema = z.strictObject({
  online: figureSchema,
  active_now: figureSchema.nullable(),
  dau_today: figureSchema,
  new_today: figureSchema,
  rev_today: streamMoneySchema.nullable().meta({
    description: 'Minor units of the currency; null while the database does not answer',
  }),
  currency: z.string(),
  counted_until: countedUntilSchema,
  revenue_as_of: instantSchema.nullable().meta({ description: 'When the money was read' }),
  as_of: instantSchema,
})
export type StreamFigures = z.infer<typeof streamFiguresSchema>

/** Data of the event `partial`: sent when what is missing changes, with an empty list when nothing is any more. */
export const streamPartialSchema = z.strictObject({
  partial: contextShape.partial,
  as_of: instantSchema,
})
export type StreamPartial = z.infer<typeof streamPartialSchema>
