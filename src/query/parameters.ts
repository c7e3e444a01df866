/**
 * The parameters of the query API, from text to checked values. Pure: the time zone of the game and the
 * present are given. Every fault names its parameter and what was expected; all faults are told at once.
 */
import { z } from 'zod'

import type { Dimension, Filter } from '../clickhouse/queries/dimension.ts'
import { DIMENSION_COLUMNS } from '../clickhouse/queries/dimension.ts'
import { formatDay, parseDay, zoneDayStartMs } from '../event/calendar.ts'
import { isCurrency } from '../event/currency.ts'
import { gameDay } from '../event/game-day.ts'
import { scopeShape } from '../search-fields.ts'

/** Calendar days that a range may touch: a year and its comparison month. */
const MAX_RANGE_DAYS = 400
/** The same when the answer is split: 101 groups, each with a point per day. */
const MAX_GROUPED_RANGE_DAYS = 100
const MAX_FILTERS = 10
/** Characters of one filter value; longer than any stored value that is a label. */
const MAX_FILTER_VALUE_LENGTH = 256

const OVERVIEW_DEFAULT_DAYS = 7
const RETENTION_DEFAULT_DAYS = 14

/** No row lies outside. */
const FIRST_TIME_MS = Date.UTC(2000, 0, 1)
const LAST_TIME_MS = Date.UTC(2100, 0, 1)

const PROPERTY_NAME = /^props\.([\p{L}\p{N}_$.:-]{1,64})$/u
const DIMENSION_EXPECTED = `${DIMENSION_COLUMNS.join(', ')}, or props.<name> with a name of 1 to 64 letters, digits and _ $ . : -`

/** A half-open range of instants, and the days of the game's time zone that it touches. */
export interface QueryRange {
  readonly startMs: number
  readonly endMs: number
  /** Days since 1970-01-01 */
  readonly firstDay: number
  readonly lastDay: number
}

export interface OverviewQuery {
  readonly range: QueryRange
  readonly by: Dimension | null
  readonly filters: readonly Filter[]
  readonly currency: string
}

export interface RetentionQuery {
  readonly range: QueryRange
  readonly by: Dimension | null
  readonly filters: readonly Filter[]
  readonly cohort: 'register' | 'first_active'
}

export interface ParameterFault {
  readonly parameter: string
  /** What is wrong, as "expected ..." where the value is at fault */
  readonly reason: string
}

/** One or more parameters cannot be used; the message tells all of them. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError'
  readonly faults: readonly ParameterFault[]

  constructor(faults: readonly ParameterFault[]) {
    super(faults.map(({ parameter, reason }) => `${parameter}: ${reason}`).join('; '))
    this.faults = faults
  }
}

/** What a range is read against. */
export interface Present {
  readonly timeZone: string
  /** Milliseconds since the epoch */
  readonly nowMs: number
}

type Moment =
  | { readonly kind: 'instant'; readonly timeMs: number }
  | { readonly kind: 'day'; readonly day: number }

const rfc3339 = z.iso.datetime({ offset: true })

/** An RFC 3339 instant or a date. */
export const momentSchema = z.string().transform((text, ctx): Moment => {
  const day = parseDay(text)
  if (day !== null) return { kind: 'day', day }
  // A plus sign in a query string means a space unless it was encoded.
  const instant = text.replace(/ (?=\d{2}:\d{2}$)/, '+')
  const timeMs = rfc3339.safeParse(instant).success ? Date.parse(instant) : Number.NaN
  if (!Number.isNaN(timeMs)) return { kind: 'instant', timeMs }
  ctx.addIssue('expected an RFC 3339 instant or a date YYYY-MM-DD')
  return z.NEVER
})

const dimensionSchema = z.string().transform((text, ctx): Dimension => {
  const dimension = parseDimension(text)
  if (dimension !== null) return dimension
  ctx.addIssue(`expected one of ${DIMENSION_EXPECTED}`)
  return z.NEVER
})

const filterSchema = z.string().transform((text, ctx) => {
  const colon = text.indexOf(':')
  const dimension = colon < 0 ? null : parseDimension(text.slice(0, colon))
  const value = text.slice(colon + 1)
  if (dimension !== null && value.length <= MAX_FILTER_VALUE_LENGTH) {
    return { dimension, value }
  }
  ctx.addIssue(
    `expected <dimension>:<value of at most ${MAX_FILTER_VALUE_LENGTH} characters>, the dimension one of ${DIMENSION_EXPECTED}`,
  )
  return z.NEVER
})

/** The code of a currency, in upper case. */
export const currencySchema = z
  .string()
  .refine(isCurrency, 'expected an ISO 4217 code in upper case, such as USD')
  .default('USD')

const commonShape = {
  ...scopeShape,
  start: momentSchema.optional(),
  end: momentSchema.optional(),
  by: dimensionSchema.optional(),
  filter: z
    .array(filterSchema)
    .max(MAX_FILTERS, `expected at most ${MAX_FILTERS} filters`)
    .default([]),
}

const overviewSchema = z.strictObject({
  ...commonShape,
  currency: currencySchema,
})

const retentionSchema = z.strictObject({
  ...commonShape,
  cohort: z
    .enum(['register', 'first_active'], 'expected register or first_active')
    .default('register'),
})

/** The parameters of GET /overview. Throws ParameterError. */
export function parseOverviewQuery(search: URLSearchParams, present: Present): OverviewQuery {
  const { currency, ...common } = parseSearch(overviewSchema, search)
  return { ...toCommonQuery(common, present, OVERVIEW_DEFAULT_DAYS), currency }
}

/** The parameters of GET /retention. Throws ParameterError. */
export function parseRetentionQuery(search: URLSearchParams, present: Present): RetentionQuery {
  const { cohort, ...common } = parseSearch(retentionSchema, search)
  return { ...toCommonQuery(common, present, RETENTION_DEFAULT_DAYS), cohort }
}

/** Parameters as the schema reads them, each once but for `filter`. Throws ParameterError with every fault. */
export function parseSearch<Output>(schema: z.ZodType<Output>, search: URLSearchParams): Output {
  const values: [string, string | string[]][] = []
  const faults: ParameterFault[] = []
  for (const name of new Set(search.keys())) {
    const given = search.getAll(name)
    if (name === 'filter') values.push([name, given])
    else if (given.length > 1) faults.push({ parameter: name, reason: 'expected once' })
    else values.push([name, given[0] ?? ''])
  }
  const parsed = schema.safeParse(Object.fromEntries(values))
  if (!parsed.success) faults.push(...parsed.error.issues.flatMap(toFaults))
  if (parsed.success && faults.length === 0) return parsed.data
  throw new ParameterError(faults)
}

function toFaults(issue: z.core.$ZodIssue): ParameterFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((parameter) => ({ parameter, reason: 'is no parameter of this address' }))
  }
  return [{ parameter: String(issue.path[0]), reason: issue.message }]
}

function toCommonQuery(
  {
    start,
    end,
    by,
    filter,
  }: Pick<z.infer<typeof overviewSchema>, 'start' | 'end' | 'by' | 'filter'>,
  present: Present,
  defaultDays: number,
) {
  const range = toRange(start, end, present, defaultDays)
  const maxDays = by === undefined ? MAX_RANGE_DAYS : MAX_GROUPED_RANGE_DAYS
  const days = range.lastDay - range.firstDay + 1
  if (days > maxDays) {
    const reason = `expected a range of at most ${maxDays} days${by === undefined ? '' : ' with by'}, got ${days}`
    throw new ParameterError([{ parameter: 'end', reason }])
  }
  return { range, by: by ?? null, filters: mergeFilters(filter) }
}

function momentMs(moment: Moment, timeZone: string): number {
  return moment.kind === 'day' ? zoneDayStartMs(moment.day, timeZone) : moment.timeMs
}

/**
 * The range from one moment to another, half-open. By default it ends with the present day and has `defaultDays` days,
 * or those before the given end. Throws ParameterError for one that is empty or where no row can lie.
 */
export function toRange(
  start: Moment | undefined,
  end: Moment | undefined,
  { timeZone, nowMs }: Present,
  defaultDays: number,
): QueryRange {
  const endMs = momentMs(end ?? { kind: 'day', day: gameDay(nowMs, timeZone) + 1 }, timeZone)
  requireWithinBounds('end', endMs)
  const lastDay = gameDay(endMs - 1, timeZone)
  const startMs = momentMs(start ?? { kind: 'day', day: lastDay - defaultDays + 1 }, timeZone)
  requireWithinBounds('start', startMs)
  if (startMs >= endMs) {
    const reason = `expected an instant before end, ${new Date(endMs).toISOString()}`
    throw new ParameterError([{ parameter: 'start', reason }])
  }
  return { startMs, endMs, firstDay: gameDay(startMs, timeZone), lastDay }
}

function requireWithinBounds(parameter: string, timeMs: number): void {
  if (timeMs >= FIRST_TIME_MS && timeMs <= LAST_TIME_MS) return
  const [first, last] = [FIRST_TIME_MS, LAST_TIME_MS].map((ms) => formatDay(gameDay(ms, 'UTC')))
  throw new ParameterError([{ parameter, reason: `expected a time from ${first} to ${last}` }])
}

/** Filters of one dimension are alternatives. */
function mergeFilters(filters: readonly { dimension: Dimension; value: string }[]): Filter[] {
  const merged = new Map<string, { dimension: Dimension; values: string[] }>()
  for (const { dimension, value } of filters) {
    const name = formatDimension(dimension)
    const known = merged.get(name)
    if (known === undefined) merged.set(name, { dimension, values: [value] })
    else known.values.push(value)
  }
  return [...merged.values()]
}

function parseDimension(text: string): Dimension | null {
  const column = DIMENSION_COLUMNS.find((name) => name === text)
  if (column !== undefined) return { kind: 'column', column }
  const name = PROPERTY_NAME.exec(text)?.[1]
  return name === undefined ? null : { kind: 'property', name }
}

/** The dimension as a parameter spells it. */
export function formatDimension(dimension: Dimension): string {
  return dimension.kind === 'column' ? dimension.column : `props.${dimension.name}`
}
