/** What README and its neighbours point at is there: tests with the names that they quote, files, headings. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'

import { describe, it } from 'vitest'

const ROOT = new URL('../../../', import.meta.url)

const textOf = async (path: string | URL) => readFile(new URL(path, ROOT), 'utf8')

interface Proof {
  /** Path of a test file, from the root */
  readonly file: string
  /** Names of tests in it */
  readonly names: readonly string[]
}

/** Every `test/...ts`, with what is quoted after it as in "`test/a.test.ts` · one name; another". */
function proofsIn(text: string): Proof[] {
  return [...text.matchAll(/`(test\/[^`]+\.ts)`(?: · ([^|`]*))?/g)].map(
    ([, file = '', quoted = '']) => ({
      file,
      names: quoted
        .split(';')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    }),
  )
}

/** What of the proofs is not there. */
async function missingOf({ file, names }: Proof): Promise<string[]> {
  if (!existsSync(new URL(file, ROOT))) return [file]
  const source = await textOf(file)
  return names.filter((name) => !source.includes(`'${name}'`)).map((name) => `${file} · ${name}`)
}

describe('README.md', () => {
  it('quotes names of tests that stand in their files', async ({ expect }) => {
    const proofs = proofsIn(await textOf('README.md'))
    expect(proofs.length).toBeGreaterThan(20)
    expect(proofs.flatMap(({ names }) => names).length).toBeGreaterThan(40)
    expect((await Promise.all(proofs.map(missingOf))).flat()).toEqual([])
  })

  it('would be caught with a name or a file that is gone', async ({ expect }) => {
    const [gone, renamed] = proofsIn(
      '`test/unit/gone.test.ts` · a; `test/unit/reference/links.test.ts` · is not | a cell',
    )
    expect(gone).toEqual({ file: 'test/unit/gone.test.ts', names: ['a'] })
    expect(await missingOf(gone ?? { file: '', names: [] })).toEqual(['test/unit/gone.test.ts'])
    expect(await missingOf(renamed ?? { file: '', names: [] })).toEqual([
      'test/unit/reference/links.test.ts · is not',
    ])
  })
})

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}

/** Targets of the relative links of a page that lead nowhere. */
async function brokenLinksOf(page: string): Promise<string[]> {
  const targets = [...(await textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
  const isBroken = await Promise.all(
    targets.map(async (target) => {
      const url = new URL(target, new URL(page, ROOT))
      const anchor = url.hash.slice(1)
      url.hash = ''
      if (!existsSync(url)) return true
      if (anchor === '') return false
      const headings = [...(await textOf(url)).matchAll(/^#+ (.+)$/gm)]
      return !headings.some(([, heading = '']) => anchorOf(heading) === anchor)
    }),
  )
  return targets.filter((_, index) => isBroken[index]).map((target) => `${page}: ${target}`)
}

describe('a relative link', () => {
  it('leads to a file and a heading that exist', async ({ expect }) => {
    const guides = (await readdir(new URL('docs/how-to/', ROOT)))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/how-to/${name}`)
    expect(guides).not.toEqual([])
    const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...guides]
    expect((await Promise.all(pages.map(brokenLinksOf))).flat()).toEqual([])
  })
})
