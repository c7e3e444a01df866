import { readdir, readFile } from 'node:fs/promises'

import { describe, it } from 'vitest'

import * as limits from '../../../configs/limits.ts'
import { PAGES, renderPage } from '../../../scripts/generate-reference.ts'
import { limitsIn } from '../../../scripts/reference/limits.ts'
import { cell, table } from '../../../scripts/reference/markdown.ts'
import { ROLES } from '../../../src/access/rbac.ts'
import { PROBLEMS } from '../../../src/api-error.ts'
import { catalog } from '../../../src/catalog/catalog.ts'
import { CORRECTIONS, FILTERS, REFUSALS } from '../../../src/event/rejection.ts'
import { ingestAnswerSchema } from '../../../src/ingest/schemas.ts'
import { OPERATIONS } from '../../../src/openapi/operations.ts'

const DOCS = new URL('../../../docs/reference/', import.meta.url)

const names = (record: object) => Object.keys(record)

/** First cells of the rows of a page that hold a code. */
function rowsOf(text: string): string[] {
  return [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name)
}

describe('a generated page', () => {
  it.for(names(PAGES))(
    '%s says what it was made from, and is the same twice',
    async (name, { expect }) => {
      const text = await renderPage(name)
      expect(text.split('\n').slice(0, 3).join('\n')).toMatch(
        /^# .+\n\nGenerated from `(configs|src)\/.+ by `npm run generate`/,
      )
      expect(await renderPage(name)).toBe(text)
    },
  )

  it.for([
    ['events.md', [...catalog().events.keys()]],
    ['attributes.md', [...catalog().attributes.keys()]],
    ['limits.md', names(limits)],
    [
      'codes.md',
      [...names(CORRECTIONS), ...names(REFUSALS), ...names(FILTERS), ...names(PROBLEMS)],
    ],
  ] as const)('%s has one row for each', async ([name, expected], { expect }) => {
    const rows = rowsOf(await renderPage(name))
    expect(rows).toHaveLength(expected.length)
    expect(new Set(rows)).toEqual(new Set<string>(expected))
  })

  it('metrics.md has one row for each metric', async ({ expect }) => {
    const rows = rowsOf(await renderPage('metrics.md')).filter((name) =>
      catalog().metrics.has(name),
    )
    expect(rows.toSorted()).toEqual([...catalog().metrics.keys()].toSorted())
  })

  it('game-types.md tells everything that is recommended to a type', async ({ expect }) => {
    const text = await renderPage('game-types.md')
    const shared = /## Recommended to every type([^]*?)\n## /.exec(text)?.[1] ?? ''
    for (const { id, events, metrics, dimensions } of catalog().gameTypes.values()) {
      const own = new RegExp(`\n### ${id}\n([^]*?)(?:\n### |$)`).exec(text)?.[1] ?? ''
      const told = `${shared}${own}`
      const untold = [...events, ...metrics, ...dimensions].filter(
        (name) => !told.includes(`\`${name}\``),
      )
      expect(untold, id).toEqual([])
    }
  })

  it('endpoints.md and roles.md name every operation and role', async ({ expect }) => {
    const endpoints = await renderPage('endpoints.md')
    expect(endpoints.match(/^\| (GET|POST|PATCH|PUT|DELETE) /gm)).toHaveLength(OPERATIONS.length)
    for (const { path } of OPERATIONS) expect(endpoints).toContain(`\`${path}\``)
    const roles = await renderPage('roles.md')
    for (const role of ROLES) expect(roles).toMatch(new RegExp(`\\| +${role} +\\|`))
    expect(roles).toMatch(/`users:manage` +\| yes +\| {2,}/)
  })
})

describe('the limits', () => {
  it('take the comment above, also for several constants under one', ({ expect }) => {
    const text =
      '/** File. */\n\n/** One\n * reason. */\nexport const A = 1\n\n/** Two. */\nexport const B = 2 * 3\nexport const C = 4\n'
    expect(limitsIn(text)).toEqual([
      { name: 'A', expression: '1', reason: 'One\n reason.' },
      { name: 'B', expression: '2 * 3', reason: 'Two.' },
      { name: 'C', expression: '4', reason: 'Two.' },
    ])
  })
})

describe('a table', () => {
  it('keeps pipes and line breaks out of the way of its cells', ({ expect }) => {
    expect(table(['a', 'b'], [[cell('x|y'), cell('1\n2')]])).toBe(
      '| a | b |\n| --- | --- |\n| x\\|y | 1 2 |',
    )
  })
})

describe('the reference', () => {
  it('links to nothing that is not there', async ({ expect }) => {
    const files = (await readdir(DOCS)).filter((name) => name.endsWith('.md'))
    expect(files).toEqual(expect.arrayContaining(names(PAGES)))
    const headings = new Map<string, ReadonlySet<string>>()
    const texts = await Promise.all(
      files.map(async (name) => [name, await readFile(new URL(name, DOCS), 'utf8')] as const),
    )
    for (const [name, text] of texts) {
      const found = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title))
      headings.set(name, new Set(found))
    }
    const broken: string[] = []
    for (const [name, text] of texts) {
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        const [file = '', anchor] = target.split('#')
        if (/^https?:/.test(target) || file.startsWith('..')) continue
        const known = headings.get(file === '' ? name : file)
        const isThere = known !== undefined && (anchor === undefined || known.has(anchor))
        if (!isThere) broken.push(`${name}: ${target}`)
      }
    }
    expect(broken).toEqual([])
  })
})

describe('the pages that are written by hand', () => {
  const HAND_WRITTEN = ['ingest-api.md', 'control-api.md', 'query-api.md'] as const
  const textOf = (name: string) => readFile(new URL(name, DOCS), 'utf8')

  it.for(HAND_WRITTEN)('%s names addresses that exist', async (name, { expect }) => {
    const named = (await textOf(name)).matchAll(
      /(?<method>GET|POST|PATCH) `?(?<path>\/api[\w/{}-]*)/g,
    )
    const known = new Set(OPERATIONS.map(({ method, path }) => `${method.toUpperCase()} ${path}`))
    const unknown = [...named].map(({ groups = {} }) => `${groups['method']} ${groups['path']}`)
    expect(unknown.filter((address) => !known.has(address))).toEqual([])
  })

  it.for(HAND_WRITTEN)('%s names codes that exist', async (name, { expect }) => {
    const named = (await textOf(name)).matchAll(/`[45]\d\d (?<code>[a-z_]+)`/g)
    const codes = [...named].map(({ groups = {} }) => groups['code'] ?? '')
    expect(codes.length).toBeGreaterThan(0)
    expect(codes.filter((code) => !Object.hasOwn(PROBLEMS, code))).toEqual([])
  })

  it('show an answer of the ingest as it is', async ({ expect }) => {
    const json = /```json\n([^]*?)```/.exec(await textOf('ingest-api.md'))?.[1] ?? ''
    const answer = ingestAnswerSchema.parse(JSON.parse(json))
    const [verdict] = answer.results
    expect(Object.values(REFUSALS)).toContainEqual({
      status: verdict?.status,
      advice: verdict?.advice,
    })
  })
})

/** The anchor that a heading gets when Markdown is shown. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
