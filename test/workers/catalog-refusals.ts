/** Events of the catalog with one thing wrong, and the code and pointer that must say so. */
import { ALIASES, EVENTS } from '../../src/event/catalog.generated.ts'
import type { BadEvent, Form, Json } from './catalog-cases.ts'
import {
  bodyOf,
  COLUMN_KEYS,
  formOf,
  knownTo,
  missedAt,
  neededBy,
  pointerIn,
  unfitValues,
  valuesOf,
} from './catalog-cases.ts'

const DAY_MS = 86_400_000

type Definition = (typeof EVENTS)[number]

const NAMES: ReadonlySet<string> = new Set([
  ...EVENTS.map(({ id }) => id),
  ...ALIASES.map(([alias]) => alias),
])

/** Times that are refused, with their code. */
const BAD_TIMES: readonly (readonly [string, (nowMs: number) => unknown, string])[] = [
  ['a word', () => 'yesterday', 'invalid_time'],
  ['a time without a zone', () => '2026-11-20T10:00:00', 'invalid_time'],
  ['a day that does not exist', () => '2026-02-30T10:00:00Z', 'invalid_time'],
  ['a number as text', (nowMs) => String(nowMs), 'invalid_time'],
  ['true', () => true, 'invalid_time'],
  ['an object', () => ({}), 'invalid_time'],
  ['a list', () => [1], 'invalid_time'],
  ['31 days ago', (nowMs) => nowMs - 31 * DAY_MS, 'event_time_too_old'],
  ['31 days ago in seconds', (nowMs) => (nowMs - 31 * DAY_MS) / 1_000, 'event_time_too_old'],
  ['before 1970', () => -1, 'event_time_too_old'],
  [
    'in 25 hours',
    (nowMs) => new Date(nowMs + DAY_MS + 3_600_000).toISOString(),
    'event_time_in_future',
  ],
  ['beyond all dates', () => 1e300, 'event_time_in_future'],
]

/** Everything that can be wrong with one event, each alone. */
export function badEvents(definition: Definition, nowMs: number, first: number): BadEvent[] {
  const cases = [
    ...missingOnes(definition),
    ...unfitOnes(definition),
    ...badNames(definition),
    ...badTimes(nowMs),
  ]
  return cases.map(({ title, change, code, pointer, isCurable = false }, offset): BadEvent => {
    const index = first + offset
    const form = formOf(index)
    const suffix = `bad-${index}`
    const good = valuesOf(neededBy(definition), index, suffix)
    const timeMs = nowMs - 60_000
    const body = change(
      { name: definition.id, attributes: good, timeMs, form },
      (name, attributes, time) => ({
        event_id: suffix,
        ...bodyOf(name, attributes, timeMs, form),
        ...time,
      }),
    )
    return {
      title: `${definition.id} ${title} in ${form.place} with ${form.timeField}`,
      event: definition.id,
      body,
      code,
      pointer: pointer(form),
      isCurable,
    }
  })
}

interface Draft {
  readonly name: string
  readonly attributes: Json
  readonly timeMs: number
  readonly form: Form
}

type Build = (name: string, attributes: Json, time?: Json) => Json

interface Fault {
  readonly title: string
  readonly code: string
  readonly change: (draft: Draft, build: Build) => Json
  readonly pointer: (form: Form) => string
  /** False unless it is the catalog that stands against it */
  readonly isCurable?: boolean
}

function missingOnes(definition: Definition): Fault[] {
  const missing = neededBy(definition).flatMap((key): Fault[] => {
    const code = 'missing_attribute'
    const without = ({ name, attributes }: Draft, build: Build) => {
      const { [key]: _, ...rest } = attributes
      return build(name, rest)
    }
    const as = (value: unknown) => (draft: Draft, build: Build) =>
      build(draft.name, { ...draft.attributes, [key]: value })
    const stands = (form: Form) => pointerIn(form, key)
    // An event belongs to a user whatever the catalog says, and money is money.
    const required: readonly string[] = definition.required
    const isCurable = key !== 'user_id' && required.includes(key)
    return [
      {
        title: `without ${key}`,
        code,
        change: without,
        pointer: (form) => missedAt(form, key),
        isCurable,
      },
      { title: `with ${key} null`, code, change: as(null), pointer: stands, isCurable },
      { title: `with ${key} empty`, code, change: as(''), pointer: stands, isCurable },
    ]
  })
  const timeless = [undefined, null, ''].map((value): Fault => ({
    title: `with the time ${JSON.stringify(value)}`,
    code: 'missing_attribute',
    change: ({ name, attributes, form }, build) =>
      build(name, attributes, { [form.timeField]: value }),
    pointer: () => '/event_time',
  }))
  return [...missing, ...timeless]
}

function unfitOnes(definition: Definition): Fault[] {
  return knownTo(definition).flatMap((key) =>
    unfitValues(key).map(([what, value]): Fault => ({
      title: `with ${key}: ${what}`,
      code: 'invalid_attribute',
      change: ({ name, attributes }, build) => build(name, { ...attributes, [key]: value }),
      pointer: (form) => pointerIn(form, key),
      // What no column and no JSON reader can hold stays unfit, however it is typed.
      isCurable: COLUMN_KEYS.has(key) ? key === 'platform' && typeof value === 'string' : true,
    })),
  )
}

function badNames({ id }: Definition): Fault[] {
  const near = [`${id}x`, id.toUpperCase(), ` ${id}`, `${id} `, id.replaceAll('.', '/'), `${id}.`]
  const unknown = near
    .filter((name) => !NAMES.has(name))
    .map((name): Fault => ({
      title: `called ${JSON.stringify(name)}`,
      code: 'unknown_event',
      change: ({ attributes }, build) => build(name, attributes),
      pointer: () => '/event',
      isCurable: true,
    }))
  const nameless = [undefined, null, '', 7, {}, [id]].map((name): Fault => ({
    title: `called ${JSON.stringify(name)}`,
    code: 'missing_event',
    change: ({ attributes }, build) => ({ ...build(id, attributes), event: name }),
    pointer: () => '/event',
  }))
  return [...unknown, ...nameless]
}

function badTimes(nowMs: number): Fault[] {
  return BAD_TIMES.map(([what, value, code]) => ({
    title: `at ${what}`,
    code,
    change: ({ name, attributes, form }, build) =>
      build(name, attributes, { [form.timeField]: value(nowMs) }),
    pointer: (form) => `/${form.timeField}`,
  }))
}
