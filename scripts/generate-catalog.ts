/**
 * configs/analytics/events.yaml -> src/event/catalog.generated.ts: checks the catalog and writes it as data,
 * so that the Worker reads no YAML. The same YAML always gives the same bytes.
 *
 *     node scripts/generate-catalog.ts [--check]     (--check writes nothing; exit code 1 if it would)
 */
import { readFile, writeFile } from 'node:fs/promises'

import { format } from 'oxfmt'
import { parse } from 'yaml'
import { z } from 'zod'

import { SKETCH_METRICS } from '../src/event/envelope.ts'

const SOURCE = 'configs/analytics/events.yaml'
const TARGET = 'src/event/catalog.generated.ts'
const ROOT = new URL('../', import.meta.url)

/** Units that a key spells out: the suffix and the unit must say the same. */
const UNIT_SUFFIXES = { ms: '_ms', mb: '_mb', usd: '_usd' } as const

const SNAKE = '[a-z][a-z0-9]*(?:_[a-z0-9]+)*'
const snakeCase = z.string().regex(new RegExp(`^${SNAKE}$`), 'expected snake_case')
const eventId = z
  .string()
  .regex(new RegExp(`^${SNAKE}(?:\\.${SNAKE})+$`), 'expected lower.dot.segments')

const named = { description: z.string().min(1) }
const unit = z.enum(['ms', 'mb', 'usd', 'ratio']).optional()
const maxLength = z.int().positive().optional()
const attributeSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('string'), max_length: maxLength, ...named }),
  z.strictObject({ type: z.literal('integer'), unit, minimum: z.int().optional(), ...named }),
  z.strictObject({ type: z.literal('number'), unit, minimum: z.number().optional(), ...named }),
  z.strictObject({ type: z.literal('boolean'), ...named }),
  z.strictObject({ type: z.literal('enum'), ...named }),
  z.strictObject({
    type: z.literal('string_list'),
    max_length: maxLength,
    max_items: z.int().positive().optional(),
    ...named,
  }),
  z.strictObject({ type: z.literal('time'), ...named }),
])

const catalogSchema = z.strictObject({
  version: z.literal(1),
  naming: z.strictObject({
    event_id: z.literal('lower.dot.segments'),
    attribute: z.literal('snake_case'),
    automatic_alias: z.literal('lower_underscore_segments'),
  }),
  defaults: z.strictObject({ max_length: z.int().positive(), max_items: z.int().positive() }),
  enums: z.record(snakeCase, z.array(snakeCase).min(1)),
  common_attributes: z.array(snakeCase).min(1),
  always_required: z.array(snakeCase),
  attributes: z.record(snakeCase, attributeSchema),
  events: z
    .array(
      z.strictObject({
        id: eventId,
        category: snakeCase,
        zh_name: z.string().min(1),
        required: z.array(snakeCase).default([]),
        optional: z.array(snakeCase).default([]),
        aliases: z.array(snakeCase).default([]),
        counts_as: z.array(z.enum(SKETCH_METRICS)).default([]),
        ...named,
      }),
    )
    .min(1),
})
type Catalog = z.output<typeof catalogSchema>
type Attribute = z.output<typeof attributeSchema>

/**
 * Text of the catalog to the catalog. Throws an Error that lists every fault found: a key or value that
 * the format does not know, an attribute that is not typed or not used, an enum that does not resolve, a
 * name that is given twice.
 */
export function parseCatalog(text: string): Catalog {
  const parsed = catalogSchema.safeParse(parse(text))
  if (!parsed.success) throw new Error(`${SOURCE}:\n${z.prettifyError(parsed.error)}`)
  const faults = [
    ...attributeFaults(parsed.data),
    ...eventFaults(parsed.data),
    ...nameFaults(parsed.data),
  ]
  if (faults.length > 0) throw new Error(`${SOURCE}:\n${faults.join('\n')}`)
  return parsed.data
}

function* attributeFaults(catalog: Catalog): Generator<string> {
  const { attributes, enums, common_attributes: common, events } = catalog
  const used = new Set(common)
  for (const { required, optional } of events) {
    for (const key of required.concat(optional)) used.add(key)
  }
  for (const [key, attribute] of Object.entries(attributes)) {
    if (!used.has(key)) yield `attribute ${key}: no event names it`
    if (attribute.type === 'enum' && !Object.hasOwn(enums, key)) {
      yield `attribute ${key}: there is no enum of this name`
    }
    if (key.endsWith('_id') && attribute.type !== 'string') {
      yield `attribute ${key}: an id is a string`
    }
    const declared = 'unit' in attribute ? attribute.unit : undefined
    for (const [suffixUnit, suffix] of Object.entries(UNIT_SUFFIXES)) {
      if (key.endsWith(suffix) !== (declared === suffixUnit)) {
        yield `attribute ${key}: the suffix ${suffix} and the unit ${suffixUnit} go together`
      }
    }
  }
  for (const [key, values] of Object.entries(enums)) {
    if (attributes[key]?.type !== 'enum') yield `enum ${key}: no attribute uses it`
    yield* repeats(values, `enum ${key}`)
  }
  yield* repeats(common, 'common_attributes')
  yield* unknown(common, attributes, 'common_attributes')
  for (const key of catalog.always_required) {
    if (!common.includes(key)) yield `always_required: ${key} is not a common attribute`
  }
}

function* eventFaults(catalog: Catalog): Generator<string> {
  const common = new Set(catalog.common_attributes)
  for (const { id, required, optional } of catalog.events) {
    yield* unknown([...required, ...optional], catalog.attributes, id)
    yield* repeats([...catalog.always_required, ...required, ...optional], id)
    for (const key of optional) {
      if (common.has(key)) yield `${id}: ${key} is common, so it is optional already`
    }
  }
}

function* nameFaults({ events }: Catalog): Generator<string> {
  yield* repeats(
    events.flatMap((event) => [event.id, ...aliasesOf(event)]),
    'names of events',
  )
}

function* unknown(
  keys: string[],
  known: Record<string, unknown>,
  place: string,
): Generator<string> {
  for (const key of keys) {
    if (!Object.hasOwn(known, key)) yield `${place}: ${key} is not typed in attributes`
  }
}

function* repeats(values: string[], place: string): Generator<string> {
  const seen = new Set<string>()
  for (const value of values) {
    if (seen.has(value)) yield `${place}: ${value} is given twice`
    seen.add(value)
  }
}

function aliasesOf({ id, aliases }: { id: string; aliases: string[] }): string[] {
  return [id.replaceAll('.', '_'), ...aliases]
}

/** The catalog as the text of a TypeScript module, formatted like all our code. */
export async function renderCatalog(catalog: Catalog): Promise<string> {
  const attributes = Object.entries(catalog.attributes).map(([key, attribute]) =>
    attributeData(key, attribute, catalog),
  )
  const events = catalog.events.map(
    ({ id, category, required, optional, counts_as: countsAs }) => ({
      id,
      category,
      required: [...catalog.always_required, ...required],
      optional,
      countsAs,
    }),
  )
  const aliases = catalog.events.flatMap((event) =>
    aliasesOf(event).map((alias) => [alias, event.id]),
  )
  const source = [
    `// Generated from ${SOURCE} by scripts/generate-catalog.ts (npm run generate).`,
    '// Edit the YAML, not this file: npm run check compares the two.',
    constant('COMMON_ATTRIBUTES', catalog.common_attributes),
    constant('ATTRIBUTES', attributes),
    constant('EVENTS', events),
    constant('ALIASES', aliases),
  ].join('\n')
  const { code, errors } = await format(TARGET, source, {
    printWidth: 100,
    semi: false,
    singleQuote: true,
    objectWrap: 'collapse',
  })
  if (errors.length > 0) throw new Error(errors.map((error) => error.message).join('\n'))
  return code
}

function constant(name: string, value: unknown): string {
  return `\nexport const ${name} = ${JSON.stringify(value, null, 1)} as const\n`
}

function attributeData(key: string, attribute: Attribute, { defaults, enums }: Catalog): unknown {
  const { type } = attribute
  switch (type) {
    case 'string':
      return { key, type, maxLength: attribute.max_length ?? defaults.max_length }
    case 'string_list':
      return {
        key,
        type,
        maxLength: attribute.max_length ?? defaults.max_length,
        maxItems: attribute.max_items ?? defaults.max_items,
      }
    case 'integer':
    case 'number':
      return { key, type, minimum: attribute.minimum ?? null }
    case 'enum':
      return { key, type, values: enums[key] }
    case 'boolean':
    case 'time':
      return { key, type }
  }
}

async function main(): Promise<number> {
  const target = new URL(TARGET, ROOT)
  const code = await renderCatalog(parseCatalog(await readFile(new URL(SOURCE, ROOT), 'utf8')))
  if (!process.argv.includes('--check')) {
    await writeFile(target, code)
    return 0
  }
  if ((await readFile(target, 'utf8').catch(() => '')) === code) return 0
  console.error(`${TARGET} does not match ${SOURCE}; run npm run generate`)
  return 1
}

if (import.meta.main) process.exitCode = await main()
