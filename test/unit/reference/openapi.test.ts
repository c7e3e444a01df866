import { readFile } from 'node:fs/promises'

import { describe, it } from 'vitest'
import { z } from 'zod'

import { catalog } from '../../../src/catalog/catalog.ts'
import { eventSchema } from '../../../src/ingest/schemas.ts'
import { curlOf } from '../../../src/openapi/curl.ts'
import { API_VERSION, openApiDocument, openApiText } from '../../../src/openapi/document.ts'
import { EXAMPLE_TIME } from '../../../src/openapi/operation.ts'
import { OPERATIONS } from '../../../src/openapi/operations.ts'
import { fieldTable, prose } from '../../../src/openapi/page-schema.ts'
import { PROBLEM_CODES, problemsOf } from '../../../src/openapi/problems.ts'
import { typeOf } from '../../../src/openapi/schema-text.ts'
import { SECURITY_SCHEMES, securityOf } from '../../../src/openapi/security.ts'
import { parseOverviewQuery, parseRetentionQuery } from '../../../src/query/parameters.ts'
import { overviewParametersSchema, retentionParametersSchema } from '../../../src/query/schemas.ts'

const document: unknown = JSON.parse(JSON.stringify(openApiDocument()))

/** Every object within a value, with its JSON pointer. */
function* objectsIn(value: unknown, at = ''): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield [at, { ...value }]
  for (const [key, item] of Object.entries(value)) yield* objectsIn(item, `${at}/${key}`)
}

const objects = [...objectsIn(document)]

function resolve(ref: string): unknown {
  const keys = ref
    .slice(2)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  return keys.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined,
    document,
  )
}

const TYPES = new Set(['string', 'integer', 'number', 'boolean', 'object', 'array', 'null'])

describe('the document', () => {
  it('is of OpenAPI 3.1 and has the version of the package', async ({ expect }) => {
    const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8')
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(text))
    expect(API_VERSION).toBe(version)
    expect(document).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\.\d+$/),
      info: { title: expect.any(String), version },
    })
  })

  it('holds no reference that leads nowhere', ({ expect }) => {
    const refs = objects.flatMap(([, object]) =>
      typeof object['$ref'] === 'string' ? [object['$ref']] : [],
    )
    expect(refs.length).toBeGreaterThan(50)
    expect(refs.filter((ref) => !ref.startsWith('#/') || resolve(ref) === undefined)).toEqual([])
  })

  it('uses types of JSON Schema only', ({ expect }) => {
    const schemas = objects.filter(
      ([at, { type }]) => /\/schema(s\/[^/]+)?(\/|$)/.test(at) && typeof type === 'string',
    )
    expect(schemas.length).toBeGreaterThan(200)
    const wrong = schemas.filter(
      ([at, { type }]) => !at.endsWith('/properties') && !TYPES.has(String(type)),
    )
    expect(wrong).toEqual([])
  })

  it('describes every parameter, and every parameter of a path is one', ({ expect }) => {
    const parameter = z.object({ name: z.string(), in: z.string(), description: z.string() })
    for (const { path, method, pathParameters } of OPERATIONS) {
      const { parameters = [] } = z
        .object({ parameters: z.array(parameter).optional() })
        .parse(resolve(`#/paths/${path.replaceAll('/', '~1')}/${method}`))
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const declared = parameters.filter((item) => item.in === 'path').map(({ name }) => name)
      expect(declared).toEqual(named)
      expect(Object.keys(pathParameters?.shape ?? {})).toEqual(named)
    }
  })

  it('says what each attribute of an event means', ({ expect }) => {
    const described = z.record(z.string(), z.object({ description: z.string() }).loose())
    expect(() => described.parse(resolve('#/components/schemas/Props/properties'))).not.toThrow()
    for (const [key, { common }] of catalog().attributes) {
      const schema = common ? 'Event' : 'Props'
      expect(resolve(`#/components/schemas/${schema}/properties/${key}`)).toBeDefined()
    }
  })
})

describe('the operations', () => {
  it('have ids and addresses of their own', ({ expect }) => {
    const ids = OPERATIONS.map(({ id }) => id)
    const addresses = OPERATIONS.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(ids).size).toBe(ids.length)
    expect(new Set(addresses).size).toBe(addresses.length)
    expect(ids.filter((id) => !/^[a-z][A-Za-z]+$/.test(id))).toEqual([])
  })

  it('name every problem that there is, but the one of another method', ({ expect }) => {
    const named = new Set(OPERATIONS.flatMap((operation) => problemsOf(operation)))
    expect(PROBLEM_CODES.filter((code) => !named.has(code))).toEqual(['method_not_allowed'])
  })

  it('are opened by ways that the document knows', ({ expect }) => {
    const ways = OPERATIONS.flatMap((operation) => securityOf(operation)).flatMap(Object.keys)
    expect(new Set(ways)).toEqual(new Set(Object.keys(SECURITY_SCHEMES)))
  })

  it('have examples that their schemas take', ({ expect }) => {
    for (const { id, body, answers, query, exampleQuery = {} } of OPERATIONS) {
      if (body !== undefined) {
        expect(body.schema.safeParse(body.example).error, id).toBeUndefined()
      }
      for (const { schema, example } of answers) {
        if (example !== undefined) expect(schema?.safeParse(example).error, id).toBeUndefined()
      }
      expect(query?.safeParse(exampleQuery).error, id).toBeUndefined()
    }
  })

  it('can be called as their example says', ({ expect }) => {
    const [track] = OPERATIONS
    if (track?.body === undefined) throw new Error('the first operation sends events')
    const example = { ...track, body: { ...track.body, example: { user_id: "it's" } } }
    expect(curlOf(example).split(' \\\n  ')).toEqual([
      'curl -X POST "$URL/api/events/track"',
      '-H "Authorization: Bearer $WRITE_KEY"',
      '-H "Content-Type: application/json"',
      String.raw`-d '{"user_id":"it'\''s"}'`,
    ])
  })

  it('show times of the present, in the document and in a call', ({ expect }) => {
    const [track] = OPERATIONS
    if (track === undefined) throw new Error('the first operation sends events')
    expect(curlOf(track)).toContain(`"event_time":"'$(date -u +%FT%TZ)'"`)
    const text = openApiText(Date.UTC(2031, 4, 6, 7, 8, 9))
    expect(text).toContain('"event_time":"2031-05-06T00:00:00.000Z"')
    expect(`${text}${OPERATIONS.map(curlOf).join('\n')}`).not.toContain(EXAMPLE_TIME)
  })
})

const PRESENT = { timeZone: 'UTC', nowMs: Date.UTC(2026, 10, 20) }
const CANDIDATES = ['start', 'end', 'by', 'filter', 'game_id', 'env', 'currency', 'cohort', 'limit']
const VALUES: Readonly<Record<string, string>> = {
  start: '2026-11-05',
  end: '2026-11-12',
  by: 'platform',
  filter: 'country:DE',
  currency: 'EUR',
  cohort: 'first_active',
}

describe('the parameters of the query API', () => {
  it.for([
    ['overview', overviewParametersSchema, parseOverviewQuery],
    ['retention', retentionParametersSchema, parseRetentionQuery],
  ] as const)('of the %s are those that are read', ([, schema, parse], { expect }) => {
    const read = CANDIDATES.filter((name) => {
      try {
        parse(new URLSearchParams({ [name]: VALUES[name] ?? 'demo' }), PRESENT)
        return true
      } catch {
        return false
      }
    })
    expect(read.toSorted()).toEqual(Object.keys(schema.shape).toSorted())
  })
})

describe('the schema of an event', () => {
  const event = { event: 'session.start', user_id: 'u', event_time: '2026-11-20T10:00:00Z' }

  it('takes attributes as the catalog types them, and any other property', ({ expect }) => {
    const good = { ...event, platform: 'ios', props: { duration_ms: 1, own: { deep: [1] } } }
    expect(eventSchema.safeParse(good).error).toBeUndefined()
    for (const wrong of [{ platform: 'amiga' }, { props: { duration_ms: -1 } }, { user_id: '' }]) {
      expect(eventSchema.safeParse({ ...event, ...wrong }).success).toBe(false)
    }
  })
})

describe('the page', () => {
  it('shows text as text', async ({ expect }) => {
    const text = String(await prose('a `<b>` & "c"'))
    expect(text).toBe('a <code>&lt;b&gt;</code> &amp; &quot;c&quot;')
    const table = String(
      await fieldTable({ properties: { '<i>': { type: 'string', description: '<script>' } } }),
    )
    expect(table).toContain('&lt;i&gt;')
    expect(table).not.toContain('<script>')
  })

  it.for([
    [{ type: 'array', items: { $ref: '#/components/schemas/Verdict' } }, 'array of Verdict'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string or null'],
    [{ prefixItems: [{ type: 'string' }, { type: 'number' }] }, '[string, number]'],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, 'map of integer'],
    [{ type: 'string', format: 'date-time' }, 'string (date-time)'],
    [{ const: false }, 'false'],
    [true, 'anything'],
  ] as const)('tells the type of %j as %s', ([schema, told], { expect }) => {
    expect(
      typeOf(schema)
        .map((part) => ('ref' in part ? part.ref : part.text))
        .join(''),
    ).toBe(told)
  })
})
