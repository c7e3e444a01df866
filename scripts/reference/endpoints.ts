/** docs/reference/endpoints.md: every address of the service. */
import type { Operation, Tag } from '../../src/openapi/operation.ts'
import { TAGS } from '../../src/openapi/operation.ts'
import { OPERATIONS } from '../../src/openapi/operations.ts'
import { cell, code, page, table } from './markdown.ts'

/** The page. */
export function endpointsPage(): string {
  const tags = [...new Set(OPERATIONS.map(({ tag }) => tag))]
  return page(
    'Endpoints',
    ['src/openapi'],
    [
      `${OPERATIONS.length} operations. With parameters, bodies, answers and examples: \`GET /docs\` of every ` +
        'deployment, and the same as OpenAPI 3.1 at `GET /openapi.json`. Who has which permission: [roles](roles.md).',
      ...tags.map(sectionOf),
    ],
  )
}

function sectionOf(tag: Tag): string {
  const rows = OPERATIONS.filter((operation) => operation.tag === tag).map((operation) => [
    operation.method.toUpperCase(),
    code(operation.path),
    whoOf(operation),
    cell(operation.summary),
  ])
  return `## ${tag}\n\n${TAGS[tag]}\n\n${table(['method', 'path', 'who', 'what'], rows)}`
}

function whoOf({ access, scope }: Operation): string {
  if (access === 'public') return 'everybody'
  if (access === 'signed') return 'a server key, by signature'
  if (access === 'any_caller') return 'any caller who is known'
  return scope === 'all_games' ? `${code(access)}, all games` : code(access)
}
