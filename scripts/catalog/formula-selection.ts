import { METRIC_UNITS } from '../../src/catalog/schemas.ts'
/** Events, attributes and conditions of a formula against the vocabulary: faults as short texts. */
import type { Vocabulary, VocabularyAttribute } from './formula-check.ts'
import type { Comparison, Condition, Fields, Literal, Selection } from './formula-syntax.ts'
import type { Measure } from './formula-units.ts'

/** Events that do not exist or stand there twice. */
export function checkSelection({ events }: Selection, vocabulary: Vocabulary): string[] {
  const faults: string[] = []
  for (const [index, event] of events.entries()) {
    if (!vocabulary.events.has(event)) faults.push(`there is no event ${event}`)
    if (events.indexOf(event) !== index) faults.push(`${event} is given twice`)
  }
  return faults
}

/** The common unit of the fields under this function; undefined when a fault hides it. */
export function checkFields(
  name: string,
  { paths }: Fields,
  vocabulary: Vocabulary,
): { measure: Measure | undefined; faults: string[] } {
  const faults: string[] = []
  const measures = new Set<Measure>()
  for (const [index, path] of paths.entries()) {
    if (paths.indexOf(path) !== index) faults.push(`${path} is given twice`)
    const event = path.slice(0, path.lastIndexOf('.'))
    const key = path.slice(path.lastIndexOf('.') + 1)
    const found = findCarried(event, key, vocabulary)
    if (typeof found === 'string') {
      faults.push(found)
    } else if (name !== 'distinct' && !isNumeric(found)) {
      faults.push(`${name}: ${path} is ${found.type} and no number`)
    } else {
      measures.add(measureOf(name, found))
    }
  }
  if (measures.size > 1) faults.push(`${name}: the fields have units ${[...measures].join(', ')}`)
  const [measure] = measures
  return { measure: faults.length === 0 ? measure : undefined, faults }
}

function measureOf(name: string, { unit }: VocabularyAttribute): Measure {
  if (name === 'distinct') return 'count'
  // A sum of shares is no share.
  if (unit === 'ratio' && (name === 'sum' || name === 'lifetime_sum')) return 'count'
  return METRIC_UNITS.find((known) => known === unit) ?? 'count'
}

/** Faults of a condition on these events, and the attributes that it reads. */
export function checkCondition(
  condition: Condition,
  events: readonly string[],
  vocabulary: Vocabulary,
): { faults: string[]; attributes: Set<string> } {
  const faults: string[] = []
  const attributes = new Set<string>()
  for (const test of testsOf(condition)) {
    attributes.add(test.attribute)
    const found = events
      .filter((event) => vocabulary.events.has(event))
      .map((event) => findCarried(event, test.attribute, vocabulary))
    const missing = found.filter((each) => typeof each === 'string')
    const definition = found.find((each) => typeof each !== 'string')
    faults.push(...missing)
    if (missing.length === 0 && definition !== undefined)
      faults.push(...testFaults(test, definition))
  }
  return { faults, attributes }
}

type Test = Exclude<Condition, { kind: 'and' | 'or' | 'not' }>

function testsOf(condition: Condition): Test[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [...testsOf(condition.left), ...testsOf(condition.right)]
    case 'not':
      return testsOf(condition.condition)
    case 'compare':
    case 'in':
    case 'contains':
    case 'set':
      return [condition]
  }
}

function testFaults(test: Test, definition: VocabularyAttribute): string[] {
  switch (test.kind) {
    case 'set':
      return []
    case 'contains':
      return definition.type === 'string_list' && typeof test.literal === 'string'
        ? []
        : [`${test.attribute} contains: expected a list and a text`]
    case 'in':
      return test.literals.flatMap((literal) => literalFaults(test, '=', literal, definition))
    case 'compare':
      return literalFaults(test, test.comparison, test.literal, definition)
  }
}

function literalFaults(
  { attribute }: Test,
  comparison: Comparison,
  literal: Literal,
  definition: VocabularyAttribute,
): string[] {
  if (isNumeric(definition)) {
    return typeof literal === 'number' ? [] : [`${attribute}: expected a number, got ${literal}`]
  }
  if (comparison !== '=' && comparison !== '!=') {
    return [`${attribute} ${comparison}: ${definition.type} has no order`]
  }
  if (definition.type === 'boolean') {
    return typeof literal === 'boolean' ? [] : [`${attribute}: expected true or false`]
  }
  if (definition.type === 'time' || definition.type === 'string_list') {
    return [`${attribute} ${comparison}: ${definition.type} cannot be compared`]
  }
  if (typeof literal !== 'string') return [`${attribute}: expected a text, got ${literal}`]
  const { values } = definition
  return values === undefined || values.includes(literal)
    ? []
    : [`${attribute}: ${literal} is none of ${values.join(', ')}`]
}

function isNumeric({ type }: VocabularyAttribute): boolean {
  return type === 'integer' || type === 'number'
}

/** The attribute, when there is such an event and it carries the attribute; otherwise what is wrong. */
function findCarried(
  event: string,
  key: string,
  vocabulary: Vocabulary,
): VocabularyAttribute | string {
  const carried = vocabulary.events.get(event)
  if (carried === undefined) return `there is no event ${event}`
  const definition = vocabulary.attributes.get(key)
  return definition !== undefined && carried.has(key)
    ? definition
    : `${event} does not carry ${key}`
}
