/** Data as the text of a TypeScript module. */
import { format } from 'oxfmt'

export interface Module {
  /** Where it is written, from the root of the project */
  readonly path: string
  /** Files that it is made of */
  readonly sources: readonly string[]
  /** Whole import declarations */
  readonly imports: readonly string[]
  /** `type`: declared type; without one the constant is literal (as const) */
  readonly constants: readonly { name: string; value: unknown; type?: string }[]
}

/** The text, formatted like all our code. The same module always gives the same bytes. */
export async function moduleText(module: Module): Promise<string> {
  const { path, sources, imports, constants } = module
  const source = [
    `// Generated from ${sources.join(', ')} by scripts/generate-catalog.ts (npm run generate).`,
    '// Edit the YAML, not this file: npm run check compares the two.',
    ...imports,
    ...constants.map(({ name, value, type }) => {
      const json = JSON.stringify(value, null, 1)
      return type === undefined
        ? `\nexport const ${name} = ${json} as const\n`
        : `\nexport const ${name}: ${type} = ${json}\n`
    }),
  ].join('\n')
  const { code, errors } = await format(path, source, {
    printWidth: 100,
    semi: false,
    singleQuote: true,
    objectWrap: 'collapse',
  })
  if (errors.length > 0) throw new Error(errors.map((error) => error.message).join('\n'))
  return code
}
