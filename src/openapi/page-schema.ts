/** Schemas of the document as tables of a page. */
import { html } from 'hono/html'

import type { JsonSchema, Schema } from './schema-text.ts'
import { boundsOf, objectsWithin, typeOf } from './schema-text.ts'

export type Html = ReturnType<typeof html>

/** Plain text in which backticks mark code. */
export function prose(text: string): Html {
  const parts = text
    .split('`')
    .map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
  return html`${parts}`
}

/** The type of a schema, with links to the named ones. */
export function typeText(schema: Schema): Html {
  const parts = typeOf(schema).map((part) =>
    'ref' in part ? html`<a href="#schema-${part.ref}">${part.ref}</a>` : part.text,
  )
  return html`<span class="type">${parts}</span>`
}

/** One row of a table of fields or parameters, and one with the fields within it. */
export function fieldRow(
  name: string,
  schema: Schema,
  { isRequired, description }: { isRequired: boolean; description?: string | undefined },
): Html {
  const bounds = boundsOf(schema)
  const told = description ?? (typeof schema === 'object' ? schema.description : undefined)
  const nested = objectsWithin(schema)
  return html`<tr>
      <th scope="row"><code>${name}</code>${isRequired ? html` <b>required</b>` : ''}</th>
      <td>${typeText(schema)}</td>
      <td>
        ${told === undefined ? '' : prose(told)}
        ${bounds.length === 0 ? '' : html`<small>${bounds.join('; ')}</small>`}
      </td>
    </tr>
    ${
      nested.length === 0
        ? ''
        : html`<tr class="nested">
            <td colspan="3">${nested.map((object) => fieldTable(object))}</td>
          </tr>`
    }`
}

/** The fields of an object. */
export function fieldTable({ properties = {}, required = [] }: JsonSchema): Html {
  const rows = Object.entries(properties).map(([name, schema]) =>
    fieldRow(name, schema, { isRequired: required.includes(name) }),
  )
  return table(['Field', 'Type', 'Meaning'], rows)
}

/** A table of three columns. */
export function table(heads: readonly [string, string, string], rows: readonly Html[]): Html {
  return html`<table>
    <thead>
      <tr>
        ${heads.map((head) => html`<th scope="col">${head}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`
}

/** What a body is made of: its type, and a table for every object within it. */
export function schemaBlock(schema: Schema): Html {
  const bounds = boundsOf(schema)
  return html`<p>
      ${typeText(schema)} ${bounds.length === 0 ? '' : html`<small>${bounds.join('; ')}</small>`}
    </p>
    ${objectsWithin(schema).map((object) => fieldTable(object))}`
}
