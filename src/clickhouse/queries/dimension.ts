/**
 * Dimensions: what a figure can be split by or restricted to. Columns come from a closed list and their
 * names are the only text that enters SQL; property names and values are bound parameters.
 */
import type { Parameter } from '../reader.ts'

/** Columns of events that are dimensions. */
export const DIMENSION_COLUMNS = [
  'platform',
  'channel',
  'country',
  'region',
  'app_version',
  'server',
] as const
type DimensionColumn = (typeof DIMENSION_COLUMNS)[number]

/** The dimensions that payments have, too. */
const PAYMENT_COLUMNS: ReadonlySet<DimensionColumn> = new Set([
  'platform',
  'channel',
  'country',
  'region',
])

export type Dimension =
  | { readonly kind: 'column'; readonly column: DimensionColumn }
  | { readonly kind: 'property'; readonly name: string }

/** Keeps what has one of these values; the empty string stands for "not set". */
export interface Filter {
  readonly dimension: Dimension
  readonly values: readonly string[]
}

/** Splits by the dimension: `values` are numbered from 1, everything else is number 0. */
export interface Grouping {
  readonly dimension: Dimension
  readonly values: readonly string[]
}

/** The dimension's value of a row as a String; properties that are no string appear as their JSON. */
export function valueSql(dimension: Dimension, parameter: string): string {
  if (dimension.kind === 'column') return `toString(${dimension.column})`
  const at = `props_json, {${parameter}_property:String}`
  return (
    `multiIf(JSONType(${at}) = 'String', JSONExtractString(${at}), ` +
    `JSONType(${at}) = 'Null', '', JSONExtractRaw(${at}))`
  )
}

/** The parameters that `valueSql` refers to. */
export function valueParams(
  dimension: Dimension | null,
  parameter: string,
): Record<string, Parameter> {
  return dimension?.kind === 'property' ? { [`${parameter}_property`]: dimension.name } : {}
}

/** The number of a row's group (UInt32); 0 without a grouping. */
export function groupSql(grouping: Grouping | null): string {
  if (grouping === null || grouping.values.length === 0) return 'toUInt32(0)'
  const value = valueSql(grouping.dimension, 'by')
  return `transform(${value}, {by_values:Array(String)}, arrayEnumerate({by_values:Array(String)}), toUInt32(0))`
}

/** The parameters that `groupSql` refers to. */
export function groupParams(grouping: Grouping | null): Record<string, Parameter> {
  if (grouping === null) return {}
  return { by_values: grouping.values, ...valueParams(grouping.dimension, 'by') }
}

/** A condition on a row: all filters hold. */
export function filterSql(filters: readonly Filter[]): string {
  if (filters.length === 0) return 'true'
  return filters
    .map(({ dimension }, index) => {
      const value = valueSql(dimension, `filter_${index}`)
      return `${value} IN {filter_${index}_values:Array(String)}`
    })
    .join(' AND ')
}

/** The parameters that `filterSql` refers to. */
export function filterParams(filters: readonly Filter[]): Record<string, Parameter> {
  const params: Record<string, Parameter> = {}
  for (const [index, { dimension, values }] of filters.entries()) {
    params[`filter_${index}_values`] = values
    Object.assign(params, valueParams(dimension, `filter_${index}`))
  }
  return params
}

/** Whether payments carry every one of these dimensions. */
export function paymentsHave(dimensions: readonly Dimension[]): boolean {
  return dimensions.every(
    (dimension) => dimension.kind === 'column' && PAYMENT_COLUMNS.has(dimension.column),
  )
}
