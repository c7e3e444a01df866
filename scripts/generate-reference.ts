/**
 * The tables of docs/reference, from the catalogs, the code tables, the limits, the roles and the operations: nothing
 * in them is typed by hand. The same sources always give the same bytes.
 *
 *     node scripts/generate-reference.ts [--check]     (--check writes nothing; exit code 1 if it would)
 */
import { readFile, writeFile } from 'node:fs/promises'

import { format } from 'oxfmt'

import { attributesPage } from './reference/attributes.ts'
import { codesPage } from './reference/codes.ts'
import { endpointsPage } from './reference/endpoints.ts'
import { eventsPage } from './reference/events.ts'
import { gameTypesPage } from './reference/game-types.ts'
import { limitsPage } from './reference/limits.ts'
import { metricsPage } from './reference/metrics.ts'
import { rolesPage } from './reference/roles.ts'

const TARGET = new URL('../docs/reference/', import.meta.url)

/** Pages by the names of their files. */
export const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'attributes.md': attributesPage,
  'codes.md': codesPage,
  'endpoints.md': endpointsPage,
  'events.md': eventsPage,
  'game-types.md': gameTypesPage,
  'limits.md': limitsPage,
  'metrics.md': metricsPage,
  'roles.md': rolesPage,
}

/** The text of a page, formatted like all our files. Throws Error for a page that cannot be formatted. */
export async function renderPage(name: string): Promise<string> {
  const { code, errors } = await format(name, (await PAGES[name]?.()) ?? '', { printWidth: 100 })
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  return code
}

async function main(): Promise<number> {
  const isCheck = process.argv.includes('--check')
  const stale: string[] = []
  for (const name of Object.keys(PAGES)) {
    const text = await renderPage(name)
    const file = new URL(name, TARGET)
    if ((await readFile(file, 'utf8').catch(() => '')) === text) continue
    stale.push(`docs/reference/${name}`)
    if (!isCheck) await writeFile(file, text)
  }
  if (!isCheck || stale.length === 0) return 0
  console.error(`${stale.join(', ')}: not as the sources say; run npm run generate`)
  return 1
}

if (import.meta.main) process.exitCode = await main()
