/** One operation of the document as a part of a page. */
import { html } from 'hono/html'

import { PROBLEMS } from '../api-error.ts'
import { curlOf } from './curl.ts'
import type { openApiDocument } from './document.ts'
import type { Operation } from './operation.ts'
import type { Html } from './page-schema.ts'
import { fieldRow, prose, schemaBlock, table } from './page-schema.ts'
import { problemsOf } from './problems.ts'
import type { Schema } from './schema-text.ts'
import { keyKindsOf, rolesOf } from './security.ts'

type PathItem = NonNullable<ReturnType<typeof openApiDocument>['paths']>[string]
/** An operation as the document has it. */
export type DocumentedOperation = NonNullable<PathItem['get']>

/** Who may call, in one sentence. */
export function callersOf(operation: Operation): string {
  const { access, scope = 'game', keyInUrl } = operation
  if (access === 'public') return 'Everybody; no key is needed.'
  if (access === 'signed') return 'Holders of a server key, by signature.'
  if (access === 'any_caller') return 'Whoever has a key, a token or the admin key.'
  const keys = keyKindsOf(operation).map((kind) => `${kind} keys`)
  if (keyInUrl === true) keys.push('a write key as `?key=`')
  const roles = `users with the role ${rolesOf(operation).join(', ')}`
  const limit = scope === 'all_games' ? ' who are limited to no games' : ''
  return `\`${access}\`: ${[...keys, `${roles}${limit}`, 'the admin key'].join('; ')}.`
}

/** The part with its anchor. */
export function operationPart(operation: Operation, documented: DocumentedOperation): Html {
  const { id, method, path, summary, description } = operation
  return html`<article id="${id}">
    <h3><span class="method">${method}</span> <code>${path}</code></h3>
    <p>${summary}.</p>
    <p class="who">${prose(callersOf(operation))}</p>
    ${description === undefined ? '' : html`<p>${prose(description)}</p>`}
    ${parametersPart(documented)} ${bodyPart(documented)} ${answersPart(operation, documented)}
    <h4>Example</h4>
    <pre><code>${curlOf(operation)}</code></pre>
    ${problemsPart(operation)}
  </article>`
}

function parametersPart({ parameters = [] }: DocumentedOperation): Html | string {
  const rows = parameters.flatMap((parameter) => {
    if ('$ref' in parameter) return []
    const { name, in: place, required: isRequired = false, description, schema = true } = parameter
    return [
      fieldRow(place === 'query' ? name : `${name} (${place})`, schema, {
        isRequired,
        description,
      }),
    ]
  })
  if (rows.length === 0) return ''
  return html`<h4>Parameters</h4>
    ${table(['Name', 'Type', 'Meaning'], rows)}`
}

function bodyPart({ requestBody }: DocumentedOperation): Html | string {
  if (requestBody === undefined || '$ref' in requestBody) return ''
  const content = Object.entries(requestBody.content)
  const schema = schemaIn(content)
  const optional = requestBody.required === false ? '; may be empty' : ''
  return html`<h4>Body</h4>
    <p><code>${content.map(([type]) => type).join(', ')}</code>${optional}</p>
    ${schema === undefined ? '' : schemaBlock(schema)}`
}

function answersPart(operation: Operation, { responses = {} }: DocumentedOperation): Html {
  const parts = operation.answers.map(({ status, description }) => {
    const response = responses[`${status}`]
    const isDescribed = response !== undefined && !('$ref' in response)
    const content = isDescribed ? Object.entries(response.content ?? {}) : []
    const schema = schemaIn(content)
    return html`<h4>Answer ${status}</h4>
      <p>${prose(description)} ${content.map(([type]) => html`<code>${type}</code>`)}</p>
      ${schema === undefined ? '' : schemaBlock(schema)}`
  })
  return html`${parts}`
}

function schemaIn(content: readonly (readonly [string, unknown])[]): Schema | undefined {
  const media = content[0]?.[1]
  if (typeof media !== 'object' || media === null || !('schema' in media)) return undefined
  return isSchema(media.schema) ? media.schema : undefined
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'boolean' || (typeof value === 'object' && value !== null)
}

function problemsPart(operation: Operation): Html {
  const rows = problemsOf(operation).map((code) => {
    const { status, title } = PROBLEMS[code]
    return html`<tr>
      <th scope="row">
        <a href="#problem-${code}"><code>${code}</code></a>
      </th>
      <td>${status}</td>
      <td>${title}</td>
    </tr>`
  })
  return html`<details>
    <summary>Problems</summary>
    ${table(['Code', 'Status', 'Title'], rows)}
  </details>`
}
