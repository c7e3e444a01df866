/** A JSON Schema in words: its type, its bounds, and which objects lie within it. */

/** What the documents here use of JSON Schema. */
export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly pattern?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly description?: string
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema
  readonly items?: Schema
  readonly prefixItems?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}
/** A boolean says that anything, or nothing, fits. */
export type Schema = JsonSchema | boolean

/** A piece of a type in words; `ref` is the name of a schema of the document. */
export type TypePart = { readonly text: string } | { readonly ref: string }

const NAMED = '#/components/schemas/'

/** Longer patterns say less than the name of a format. */
const MAX_SHOWN_PATTERN = 60

/** The name that a reference of the document names; undefined for another schema. */
export function refOf(schema: Schema): string | undefined {
  return typeof schema === 'object' && schema.$ref?.startsWith(NAMED)
    ? schema.$ref.slice(NAMED.length)
    : undefined
}

/** The alternatives of a schema; itself when it has none. */
function alternativesOf(schema: JsonSchema): readonly Schema[] | undefined {
  const listed = schema.anyOf ?? schema.oneOf ?? schema.allOf
  // Alternatives that only require something refine the object beside them.
  return schema.properties === undefined ? listed : undefined
}

/** The type in words, such as `array of Verdict` or `string or null`. */
export function typeOf(schema: Schema): TypePart[] {
  if (typeof schema === 'boolean') return [{ text: schema ? 'anything' : 'nothing' }]
  const ref = refOf(schema)
  if (ref !== undefined) return [{ ref }]
  const alternatives = alternativesOf(schema)
  if (alternatives !== undefined) return joined(alternatives.map(typeOf), ' or ')
  if (schema.const !== undefined) return [{ text: JSON.stringify(schema.const) }]
  if (schema.prefixItems !== undefined) {
    return [{ text: '[' }, ...joined(schema.prefixItems.map(typeOf), ', '), { text: ']' }]
  }
  if (schema.type === 'array') return [{ text: 'array of ' }, ...typeOf(schema.items ?? true)]
  if (schema.type === 'object') return objectType(schema)
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['anything'])
  const format = schema.format === undefined ? '' : ` (${schema.format})`
  return [{ text: `${types.join(' or ')}${format}` }]
}

function objectType({ properties, additionalProperties }: JsonSchema): TypePart[] {
  const isMap = Object.keys(properties ?? {}).length === 0 && isDescribed(additionalProperties)
  return isMap ? [{ text: 'map of ' }, ...typeOf(additionalProperties)] : [{ text: 'object' }]
}

function isDescribed(schema: Schema | undefined): schema is JsonSchema {
  return typeof schema === 'object' && Object.keys(schema).length > 0
}

function joined(lists: readonly TypePart[][], separator: string): TypePart[] {
  return lists.flatMap((parts, index) => (index === 0 ? parts : [{ text: separator }, ...parts]))
}

/** Values and bounds, such as `one of a, b` and `at most 128 characters`. */
export function boundsOf(schema: Schema): string[] {
  if (typeof schema === 'boolean') return []
  const bounds: string[] = []
  if (schema.enum !== undefined) bounds.push(`one of ${schema.enum.map(String).join(', ')}`)
  if (schema.minimum !== undefined) bounds.push(`at least ${schema.minimum}`)
  if (schema.exclusiveMinimum !== undefined) bounds.push(`more than ${schema.exclusiveMinimum}`)
  if (schema.maximum !== undefined) bounds.push(`at most ${schema.maximum}`)
  if (schema.minLength !== undefined) bounds.push(`at least ${schema.minLength} characters`)
  if (schema.maxLength !== undefined) bounds.push(`at most ${schema.maxLength} characters`)
  if (schema.minItems !== undefined) bounds.push(`at least ${schema.minItems} entries`)
  if (schema.maxItems !== undefined) bounds.push(`at most ${schema.maxItems} entries`)
  if (schema.pattern !== undefined && schema.pattern.length <= MAX_SHOWN_PATTERN) {
    bounds.push(`matches ${schema.pattern}`)
  }
  if (schema.default !== undefined) bounds.push(`default ${JSON.stringify(schema.default)}`)
  for (const alternative of alternativesOf(schema) ?? []) bounds.push(...boundsOf(alternative))
  if (schema.type === 'array' && schema.items !== undefined) bounds.push(...boundsOf(schema.items))
  return bounds
}

/** The objects with fields that lie within a schema; those with a name of their own are shown under it. */
export function objectsWithin(schema: Schema): JsonSchema[] {
  if (typeof schema === 'boolean' || schema.$ref !== undefined) return []
  if (Object.keys(schema.properties ?? {}).length > 0) return [schema]
  return [
    ...(alternativesOf(schema) ?? []),
    ...(schema.prefixItems ?? []),
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(schema.additionalProperties === undefined ? [] : [schema.additionalProperties]),
  ].flatMap(objectsWithin)
}
