/**
 * The attributes of one event in one namespace. A client may put an attribute at the top level or into
 * `props` (`attrs` is another spelling of it); it means the same. Absent, null and the empty string are the
 * same too: some serialisers write an unset string as "".
 */
import {
  MAX_COLUMN_LENGTH,
  MAX_ID_LENGTH,
  MAX_PROPERTIES_JSON_LENGTH,
} from '../../configs/limits.ts'
import { findPropertyFault } from './properties.ts'
import type { RejectionReason } from './rejection.ts'

/** What JSON calls an object. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Fields of an event that are not attributes. */
const ENVELOPE_FIELDS: ReadonlySet<string> = new Set([
  'event',
  'event_id',
  'event_time',
  'ts',
  'sent_at',
  'uptime_ms',
  'sent_uptime_ms',
  'game_id',
  'env',
  'props',
  'attrs',
])

// The common alphabet first: patterns by script cost twice as much.
const ASCII_ID_PATTERN = /^[\w.:@+/=|#~-]+$/
const ID_PATTERN = /^[\p{L}\p{M}\p{N}_.:@+/=|#~-]+$/u
// eslint-disable-next-line no-control-regex -- control characters are what it excludes
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/

/** Characters of a name that a pointer repeats: enough to find it, whatever was sent. */
const MAX_POINTER_NAME_LENGTH = 256

/** Columns that hold ids; the others hold labels. */
const ID_COLUMNS = ['user_id', 'session_id', 'device_id'] as const

/** The attributes that are columns of the events table; all others stay in props_json. */
export const COLUMNS = [
  ...ID_COLUMNS,
  'platform',
  'channel',
  'country',
  'region',
  'city',
  'app_version',
  'build_number',
  'server',
  'game_type',
  'genre_code',
] as const
export type Column = (typeof COLUMNS)[number]
export type Columns = { readonly [Name in Column]?: string }

interface ColumnRule {
  readonly name: Column
  /** Null for a value that fits, otherwise what was expected */
  readonly check: (text: string) => string | null
}

const ID_COLUMN_NAMES: ReadonlySet<string> = new Set(ID_COLUMNS)
const COLUMN_RULES: ReadonlyMap<string, ColumnRule> = new Map(
  COLUMNS.map((name) => [name, { name, check: ID_COLUMN_NAMES.has(name) ? checkId : checkLabel }]),
)

/**
 * Null when the value is an id, otherwise what was expected: a string of 1 to MAX_ID_LENGTH letters and digits
 * of any script and `_ . : @ + / = | # ~ -`.
 */
export function checkId(value: unknown): string | null {
  if (typeof value !== 'string') return EXPECTED_STRING
  if (value.length > MAX_ID_LENGTH) return `expected at most ${MAX_ID_LENGTH} characters`
  return ASCII_ID_PATTERN.test(value) || ID_PATTERN.test(value)
    ? null
    : 'expected letters, digits and _ . : @ + / = | # ~ - only'
}

/** Null when the text is a label: short, whole, without control characters. */
function checkLabel(text: string): string | null {
  if (text.length > MAX_COLUMN_LENGTH) return `expected at most ${MAX_COLUMN_LENGTH} characters`
  return CONTROL_CHARACTERS.test(text) || !text.isWellFormed()
    ? 'expected text without control characters or lone surrogates'
    : null
}

const EXPECTED_STRING = 'expected a string'

function invalidColumn(raw: JsonObject, name: Column, detail: string): RejectionReason {
  return { code: 'invalid_attribute', pointer: pointerTo(raw, name), detail }
}

export interface Attributes {
  readonly columns: Columns
  readonly props: JsonObject
  readonly propsJson: string
}

/** A JSON object, not null and not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of an event that hold attributes, by their names in it. */
const CONTAINERS = ['props', 'attrs'] as const

/**
 * JSON pointer (RFC 6901) to an attribute of `raw` where the client put it, or, when it is missing, where
 * it belongs: columns at the top level, all others in the properties. Long names are cut.
 */
export function pointerTo(raw: JsonObject, name: string): string {
  const shown = name.slice(0, MAX_POINTER_NAME_LENGTH).toWellFormed()
  const escaped = shown.replaceAll('~', '~0').replaceAll('/', '~1')
  if (Object.hasOwn(raw, name)) return `/${escaped}`
  for (const container of CONTAINERS) {
    const nested = raw[container]
    if (isJsonObject(nested) && Object.hasOwn(nested, name)) return `/${container}/${escaped}`
  }
  if (COLUMN_RULES.has(name)) return `/${escaped}`
  return isAbsent(raw['props']) && !isAbsent(raw['attrs'])
    ? `/attrs/${escaped}`
    : `/props/${escaped}`
}

/** Splits the attributes of an event into columns and properties, or says why that cannot be done. */
export function readAttributes(raw: JsonObject): Attributes | RejectionReason {
  // Plain objects: those without a prototype cost a fifth of the time that an event takes.
  const columns: OpenColumns = {}
  const props: Record<string, unknown> = {}
  for (const container of CONTAINERS) {
    const nested = raw[container]
    if (isAbsent(nested)) continue
    if (!isJsonObject(nested)) {
      return { code: 'invalid_attribute', pointer: `/${container}`, detail: 'expected an object' }
    }
    for (const name in nested) {
      const fault = take(raw, name, nested[name], columns, props)
      if (fault !== null) return fault
    }
  }
  // What JSON.parse makes inherits nothing that can be enumerated, and pairs would cost ten times as much.
  for (const name in raw) {
    if (ENVELOPE_FIELDS.has(name)) continue
    const fault = take(raw, name, raw[name], columns, props)
    if (fault !== null) return fault
  }
  // Before anything walks the properties without a bound: a deep value would overflow the stack.
  const found = findPropertyFault(props)
  if (found !== null) return { ...found.fault, pointer: pointerTo(raw, found.name) }
  const propsJson = JSON.stringify(props)
  if (propsJson.length > MAX_PROPERTIES_JSON_LENGTH) {
    return {
      code: 'properties_too_large',
      pointer: '/props',
      detail: `expected at most ${MAX_PROPERTIES_JSON_LENGTH} characters of properties, got ${propsJson.length}`,
    }
  }
  return { columns, props, propsJson }
}

type OpenColumns = { [Name in Column]?: string }

/**
 * Puts an attribute where it belongs, or says why it cannot be there. The same value twice is one; two lists or
 * objects count as two values.
 */
function take(
  raw: JsonObject,
  name: string,
  value: unknown,
  columns: OpenColumns,
  props: Record<string, unknown>,
): RejectionReason | null {
  if (isAbsent(value)) return null
  const column = COLUMN_RULES.get(name)
  if (column !== undefined) return takeColumn(raw, column, value, columns)
  if (Object.hasOwn(props, name)) return props[name] === value ? null : conflict(raw, name)
  if (name === '__proto__') defineProto(props, value)
  else props[name] = value
  return null
}

function takeColumn(
  raw: JsonObject,
  { name, check }: ColumnRule,
  value: unknown,
  columns: OpenColumns,
): RejectionReason | null {
  if (typeof value !== 'string') return invalidColumn(raw, name, EXPECTED_STRING)
  const known = columns[name]
  if (known !== undefined) return known === value ? null : conflict(raw, name)
  const expected = check(value)
  if (expected !== null) return invalidColumn(raw, name, expected)
  columns[name] = value
  return null
}

/** Assigning to this name would change the prototype; for a client it is a name like any other. */
function defineProto(target: Record<string, unknown>, value: unknown): void {
  const property = { value, enumerable: true, configurable: true, writable: true }
  Object.defineProperty(target, '__proto__', property)
}

function conflict(raw: JsonObject, name: string): RejectionReason {
  return {
    code: 'property_conflict',
    pointer: pointerTo(raw, name),
    detail: 'expected one value; the attribute stands in two places with two values',
  }
}

/** Absent, null and the empty string mean the same. */
export function isAbsent(value: unknown): boolean {
  return value === null || value === undefined || value === ''
}
