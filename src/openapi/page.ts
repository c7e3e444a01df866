/** The OpenAPI document as a page for people: made on the server, without scripts and without other files. */
import { html, raw } from 'hono/html'

import { PROBLEMS } from '../api-error.ts'
import { openApiDocument } from './document.ts'
import type { Operation, Tag } from './operation.ts'
import { TAGS } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { operationPart } from './page-operation.ts'
import type { Html } from './page-schema.ts'
import { prose, schemaBlock, table } from './page-schema.ts'
import { STYLE } from './page-style.ts'
import { PROBLEM_CODES } from './problems.ts'

type OpenApiDocument = ReturnType<typeof openApiDocument>

/** The page as text; the same for everybody. */
export async function docsPage(): Promise<string> {
  const document = openApiDocument()
  const { title, version, description = '' } = document.info
  const page = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}: API</title>
        ${raw(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <nav aria-label="Contents">
          <a class="skip" href="#top">Skip to the text</a>
          ${tagNames().map((tag) => indexOf(tag))}
          <h2>Shared</h2>
          <ul>
            <li><a href="#ways-in">Who is calling</a></li>
            <li><a href="#problems">Problems</a></li>
            ${Object.keys(document.components?.schemas ?? {}).map(
              (name) => html`<li><a href="#schema-${name}">${name}</a></li>`,
            )}
          </ul>
        </nav>
        <main id="top">
          <h1>${title}</h1>
          <p>
            Version ${version}. <a href="/openapi.json">openapi.json</a> (OpenAPI
            ${document.openapi})
          </p>
          <p>${prose(description)}</p>
          ${tagNames().map((tag) => tagPart(tag, document))} ${waysInPart(document)}
          ${problemsPart()} ${schemasPart(document)}
        </main>
      </body>
    </html>`
  return page.toString()
}

function tagNames(): Tag[] {
  return [...new Set(OPERATIONS.map(({ tag }) => tag))]
}

function operationsOf(tag: Tag): readonly Operation[] {
  return OPERATIONS.filter((operation) => operation.tag === tag)
}

function indexOf(tag: Tag): Html {
  const items = operationsOf(tag).map(
    ({ id, method, path }) => html`<li><a href="#${id}">${method.toUpperCase()} ${path}</a></li>`,
  )
  return html`<h2><a href="#${tag}">${tag}</a></h2>
    <ul>
      ${items}
    </ul>`
}

function tagPart(tag: Tag, document: OpenApiDocument): Html {
  const parts = operationsOf(tag).map((operation) => {
    const documented = document.paths?.[operation.path]?.[operation.method]
    return documented === undefined ? '' : operationPart(operation, documented)
  })
  return html`<section id="${tag}">
    <h2>${tag}</h2>
    <p>${TAGS[tag]}</p>
    ${parts}
  </section>`
}

function waysInPart({ components }: OpenApiDocument): Html {
  const rows = Object.entries(components?.securitySchemes ?? {}).flatMap(([name, scheme]) => {
    if ('$ref' in scheme) return []
    const { type, description } = scheme
    const place = type === 'http' ? 'Authorization: Bearer' : `${scheme.in} ${scheme.name}`
    return [
      html`<tr>
        <th scope="row"><code>${name}</code></th>
        <td>${place}</td>
        <td>${description}</td>
      </tr>`,
    ]
  })
  return html`<section id="ways-in">
    <h2>Who is calling</h2>
    ${table(['Name', 'Where', 'Meaning'], rows)}
  </section>`
}

function problemsPart(): Html {
  const rows = PROBLEM_CODES.map((code) => {
    const { status, title } = PROBLEMS[code]
    return html`<tr id="problem-${code}">
      <th scope="row"><code>${code}</code></th>
      <td>${status}</td>
      <td>${title}</td>
    </tr>`
  })
  return html`<section id="problems">
    <h2>Problems</h2>
    <p>Every error is a <a href="#schema-Problem">Problem</a> with one of these codes.</p>
    ${table(['Code', 'Status', 'Title'], rows)}
  </section>`
}

function schemasPart({ components }: OpenApiDocument): Html {
  const parts = Object.entries(components?.schemas ?? {}).map(
    ([name, schema]) =>
      html`<article id="schema-${name}">
        <h3>${name}</h3>
        ${
          typeof schema === 'object' && schema.description !== undefined
            ? html`<p>${prose(schema.description)}</p>`
            : ''
        }
        ${schemaBlock(schema)}
      </article>`,
  )
  return html`<section id="schemas">
    <h2>Schemas</h2>
    ${parts}
  </section>`
}
