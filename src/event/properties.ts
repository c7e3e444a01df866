/** What properties may look like: bounded in number, depth and length, and such that the database reads back what was sent. */
import {
  MAX_PROPERTIES,
  MAX_PROPERTY_DEPTH,
  MAX_PROPERTY_NAME_LENGTH,
  MAX_PROPERTY_STRING_LENGTH,
} from '../../configs/limits.ts'
import type { Fault } from './rejection.ts'

const ASCII_PROPERTY_NAME_PATTERN = /^[\w$.:-]+$/
const PROPERTY_NAME_PATTERN = /^[\p{L}\p{M}\p{N}_$.:-]+$/u

/** A fault, and the property that it is in. */
export interface PropertyFault {
  readonly name: string
  readonly fault: Fault
}

/** The first fault among the properties, at any level; null when there is none. */
export function findPropertyFault(props: Readonly<Record<string, unknown>>): PropertyFault | null {
  const budget = { left: MAX_PROPERTIES }
  for (const name in props) {
    const fault = checkName(name) ?? checkValue(props[name], 1, budget)
    if (fault !== null) return { name, fault }
  }
  return null
}

function checkName(name: string): Fault | null {
  const isName = ASCII_PROPERTY_NAME_PATTERN.test(name) || PROPERTY_NAME_PATTERN.test(name)
  if (name.length <= MAX_PROPERTY_NAME_LENGTH && isName) return null
  return {
    code: 'invalid_attribute',
    detail: `expected a name of 1 to ${MAX_PROPERTY_NAME_LENGTH} letters, digits and _ $ . : -`,
  }
}

function checkValue(value: unknown, depth: number, budget: { left: number }): Fault | null {
  budget.left -= 1
  if (budget.left < 0) {
    return { code: 'properties_too_large', detail: `expected at most ${MAX_PROPERTIES} properties` }
  }
  if (typeof value === 'string') return checkText(value)
  if (typeof value === 'number') return checkNumber(value)
  if (typeof value !== 'object' || value === null) return null
  if (depth >= MAX_PROPERTY_DEPTH) {
    return {
      code: 'properties_too_large',
      detail: `expected at most ${MAX_PROPERTY_DEPTH} levels of nesting`,
    }
  }
  if (Array.isArray(value)) return firstFault(value, (item) => checkItem(item, depth + 1, budget))
  return firstFault(
    Object.entries(value),
    ([name, item]) => checkName(name) ?? checkValue(item, depth + 1, budget),
  )
}

/** Items of a list that are no containers are bounded by the characters of all properties, not by their number. */
function checkItem(value: unknown, depth: number, budget: { left: number }): Fault | null {
  if (typeof value !== 'object' || value === null) budget.left += 1
  return checkValue(value, depth, budget)
}

function firstFault<Item>(
  items: readonly Item[],
  check: (item: Item) => Fault | null,
): Fault | null {
  for (const item of items) {
    const fault = check(item)
    if (fault !== null) return fault
  }
  return null
}

function checkText(text: string): Fault | null {
  // ClickHouse's JSON functions read nothing of an object that holds half a surrogate pair.
  if (!text.isWellFormed()) {
    return {
      code: 'invalid_attribute',
      detail: 'expected whole characters; a string ends or begins in the middle of one',
    }
  }
  if (text.length <= MAX_PROPERTY_STRING_LENGTH) return null
  return {
    code: 'properties_too_large',
    detail: `expected a string of at most ${MAX_PROPERTY_STRING_LENGTH} characters, got ${text.length}`,
  }
}

/** Digits that a double cannot hold have been rounded by now; only ids look like that. */
const FIRST_FLOAT_ONLY = 1e21

function checkNumber(value: number): Fault | null {
  if (!Number.isFinite(value)) {
    return { code: 'invalid_attribute', detail: 'expected a number of at most 1.8e308' }
  }
  const rounded = Number.isInteger(value) && !Number.isSafeInteger(value)
  if (!rounded || Math.abs(value) >= FIRST_FLOAT_ONLY) return null
  return {
    code: 'invalid_attribute',
    detail: 'expected an integer of at most 2^53 - 1; send longer numbers as strings',
  }
}
