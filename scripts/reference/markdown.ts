/** Pieces of Markdown that the pages of the reference are made of. */

/** Text as it may stand in a cell of a table. */
export function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll(/\s+/g, ' ')
}

/** Code in a cell; a pipe in it would end the cell. */
export function code(text: string): string {
  return text === '' ? '' : `\`${cell(text)}\``
}

/** Several codes, one after the other. */
export function codes(texts: readonly string[], separator = ', '): string {
  return texts.map(code).join(separator)
}

/** A table; cells are taken as they are. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows].map(line).join('\n')
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** A page with what it was made from in its first lines. */
export function page(title: string, sources: readonly string[], parts: readonly string[]): string {
  const made = `Generated from ${codes(sources)} by \`npm run generate\`; edit those, not this page.`
  return `${[`# ${title}`, made, ...parts].join('\n\n')}\n`
}
