/** The OpenAPI document (https://spec.openapis.org/oas/v3.1.1.html), made from the operations and their schemas. */
import { z } from 'zod'
import type {
  ZodOpenApiOperationObject,
  ZodOpenApiOverrideContext,
  ZodOpenApiPathsObject,
} from 'zod-openapi'
import { createDocument } from 'zod-openapi'

import type { ProblemCode } from '../api-error.ts'
import { PROBLEMS } from '../api-error.ts'
import { catalog } from '../catalog/catalog.ts'
import { liveDroppedSchema, liveEntrySchema, liveHelloSchema } from '../event/live-entry.ts'
import {
  eventSchema,
  eventsBodySchema,
  ingestAnswerSchema,
  paymentSchema,
  paymentsBodySchema,
  propsSchema,
  verdictSchema,
} from '../ingest/schemas.ts'
import {
  breakdownAnswerSchema,
  figureSchema,
  liveDaysAnswerSchema,
  liveRetentionAnswerSchema,
  realtimeAnswerSchema,
  reconciledDaySchema,
  reconciliationAnswerSchema,
  seriesAnswerSchema,
  streamFiguresSchema,
  streamPartialSchema,
} from '../query/realtime/schemas.ts'
import { overviewAnswerSchema, retentionAnswerSchema, totalsSchema } from '../query/schemas.ts'
import { gameSchema, keySchema, newKeySchema, userSchema } from './control-answers.ts'
import type { Operation } from './operation.ts'
import { EXAMPLE_TIME, TAGS } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { PROBLEM_CODES, problemSchema, problemsOf } from './problems.ts'
import { SECURITY_SCHEMES, securityOf } from './security.ts'

/** The version in package.json; a test compares the two. */
export const API_VERSION = '0.1.0'

/** Schemas that have a name of their own in the document. */
const COMPONENTS = {
  EventsBody: eventsBodySchema,
  PaymentsBody: paymentsBodySchema,
  Event: eventSchema,
  Props: propsSchema,
  Payment: paymentSchema,
  Verdict: verdictSchema,
  IngestAnswer: ingestAnswerSchema,
  Problem: problemSchema,
  LiveEntry: liveEntrySchema,
  LiveHello: liveHelloSchema,
  LiveDropped: liveDroppedSchema,
  OverviewAnswer: overviewAnswerSchema,
  RetentionTotals: totalsSchema,
  RetentionAnswer: retentionAnswerSchema,
  Figure: figureSchema,
  RealtimeAnswer: realtimeAnswerSchema,
  SeriesAnswer: seriesAnswerSchema,
  BreakdownAnswer: breakdownAnswerSchema,
  LiveRetentionAnswer: liveRetentionAnswerSchema,
  LiveDaysAnswer: liveDaysAnswerSchema,
  ReconciledDay: reconciledDaySchema,
  ReconciliationAnswer: reconciliationAnswerSchema,
  StreamFigures: streamFiguresSchema,
  StreamPartial: streamPartialSchema,
  Game: gameSchema,
  Key: keySchema,
  NewKey: newKeySchema,
  User: userSchema,
}

const DESCRIPTION =
  'Game analytics at the edge. Errors are problem documents (RFC 9457) with a stable `code` and the `trace_id` that ' +
  'is also in the header `X-Trace-Id`. Another method at an address that exists is answered with ' +
  '`method_not_allowed`, an address that does not exist with `not_found`. 413 means: split it; 503 and 429 carry ' +
  '`Retry-After`, and nothing of an ingest request was acknowledged. Requests of users and of the admin key about one game name ' +
  'it with `X-Game-ID` and `X-Env`, or with `game_id` and `env` in the query; a key knows its game.'

type OpenApiDocument = ReturnType<typeof createDocument>
type SchemaObject = Exclude<
  NonNullable<NonNullable<OpenApiDocument['components']>['schemas']>[string],
  { $ref: string }
>

const DAY_MS = 86_400_000

let built: OpenApiDocument | undefined

/** The document, built on the first question. */
export function openApiDocument(): OpenApiDocument {
  built ??= build()
  return built
}

/**
 * The document as JSON, for somebody who reads it at `nowMs`: what its examples send happened on that day, because what
 * is old is refused.
 */
export function openApiText(nowMs: number): string {
  const midnight = new Date(nowMs - (nowMs % DAY_MS)).toISOString()
  return JSON.stringify(openApiDocument()).replaceAll(EXAMPLE_TIME, midnight)
}

function build(): OpenApiDocument {
  const document = createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Croupier at the edge',
        version: API_VERSION,
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      paths: pathsOf(OPERATIONS),
      components: {
        schemas: COMPONENTS,
        securitySchemes: { ...SECURITY_SCHEMES },
        examples: Object.fromEntries(
          PROBLEM_CODES.map((code) => [code, { value: exampleOf(code) }]),
        ),
      },
    },
    { override: simplify },
  )
  for (const name of WITH_ATTRIBUTES) tellAttributes(document.components?.schemas?.[name])
  return document
}

/** Schemas whose fields are attributes of the catalog, which says what they mean. */
const WITH_ATTRIBUTES = ['Event', 'Props', 'Payment'] as const

function tellAttributes(schema: SchemaObject | undefined): void {
  if (schema === undefined || typeof schema === 'boolean') return
  for (const [key, property] of Object.entries<SchemaObject>(schema.properties ?? {})) {
    const description = catalog().attributes.get(key)?.description
    if (typeof property === 'boolean' || description === undefined) continue
    property.description ??= description
  }
}

/**
 * Numbers in a query travel as text, so a schema of text has its default as text. Bounds that every integer of JSON has,
 * and patterns that a format says already, are left out.
 */
function simplify({ jsonSchema }: ZodOpenApiOverrideContext): void {
  const { type, default: value, format, maximum, minimum } = jsonSchema
  if (type === 'string' && typeof value === 'number') jsonSchema.default = String(value)
  if (format !== undefined) delete jsonSchema.pattern
  if (maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
}

function pathsOf(operations: readonly Operation[]): ZodOpenApiPathsObject {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const operation of operations) {
    const path = (paths[operation.path] ??= {})
    path[operation.method] = operationObject(operation)
  }
  return paths
}

function operationObject(operation: Operation): ZodOpenApiOperationObject {
  const { id, tag, summary, description, body, query, pathParameters } = operation
  const header = headersOf(operation)
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: securityOf(operation),
    requestParams: {
      ...(pathParameters && { path: pathParameters }),
      query: withScope(operation, query),
      ...(header && { header }),
    },
    ...(body && {
      requestBody: { required: body.optional !== true, content: contentOf(body) },
    }),
    responses: { ...answersOf(operation), ...problemResponses(problemsOf(operation)) },
  }
}

const gameIdSchema = z.string().optional().meta({
  description: 'Game; of a key its own, so it may be left out there',
})
const envSchema = z.string().optional().meta({ description: 'Environment; as game_id' })

function isOfGame({ access, scope = 'game' }: Operation): boolean {
  return access !== 'public' && scope === 'game'
}

/** Operations on one game take its name in the query as well. */
function withScope(operation: Operation, query: z.ZodObject | undefined): z.ZodObject {
  const scope = isOfGame(operation) ? { game_id: gameIdSchema, env: envSchema } : {}
  return z.strictObject({ ...query?.shape, ...scope })
}

function headersOf(operation: Operation): z.ZodObject | undefined {
  const encoding = operation.tag === 'ingest' ? { 'Content-Encoding': encodingSchema } : {}
  const scope = isOfGame(operation) ? { 'X-Game-ID': gameIdSchema, 'X-Env': envSchema } : {}
  const shape = { ...scope, ...encoding }
  return Object.keys(shape).length === 0 ? undefined : z.object(shape)
}

const encodingSchema = z
  .enum(['gzip', 'deflate', 'identity'])
  .optional()
  .meta({ description: 'How the body is compressed' })

function contentOf({ schema, example, alsoAs = [], lines }: NonNullable<Operation['body']>) {
  const types = ['application/json', ...alsoAs]
  const content = Object.fromEntries(types.map((type) => [type, { schema, example }]))
  if (lines === undefined) return content
  const linesSchema = z.string().meta({ description: 'One JSON object a line' })
  return { ...content, [lines]: { schema: linesSchema } }
}

function answersOf({ answers }: Operation) {
  return Object.fromEntries(
    answers.map(({ status, description, schema, mediaType = 'application/json', example }) => [
      `${status}` as const,
      {
        description,
        ...(schema && {
          content: { [mediaType]: { schema, ...(example !== undefined && { example }) } },
        }),
      },
    ]),
  )
}

/** One response per status; the codes that come with it are told in words and as examples. */
function problemResponses(codes: readonly ProblemCode[]) {
  const byStatus = Map.groupBy(codes, (code: ProblemCode) => PROBLEMS[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      `${status}` as const,
      {
        description: ofStatus.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
        content: {
          'application/problem+json': {
            schema: problemSchema,
            examples: Object.fromEntries(
              ofStatus.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
            ),
          },
        },
      },
    ]),
  )
}

function exampleOf(code: ProblemCode): z.output<typeof problemSchema> {
  const { status, title } = PROBLEMS[code]
  const detail = `${title}.`
  const type = `urn:croupier:problem:${code}`
  return { type, title, status, detail, code, trace_id: '5f2c9a0b1d3e4f60' }
}
