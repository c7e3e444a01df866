import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'

import { describe, it } from 'vitest'

import { BROKEN_BUILDS, patchOf } from '../../../scripts/chaos/broken-builds.ts'
import { PROJECT_ROOT } from '../../../scripts/local/wrangler.ts'

const FOLDER = new URL('../../../scripts/chaos/broken/', import.meta.url)

describe('the builds that are broken on purpose', () => {
  it.for(Object.keys(BROKEN_BUILDS))('%s is a patch that applies', async (name, { expect }) => {
    const { stdout } = await promisify(execFile)(
      'git',
      ['apply', '--numstat', '--check', patchOf(name)],
      {
        cwd: PROJECT_ROOT,
      },
    )
    // Without a repository around it git would pass over the files and say nothing.
    expect(stdout).toMatch(/^\d+\t\d+\t(src|configs)\//)
  })

  it('are all there is in the folder', async ({ expect }) => {
    const patches = Object.keys(BROKEN_BUILDS).map((name) => `${name}.patch`)
    expect((await readdir(FOLDER)).toSorted()).toEqual(patches.toSorted())
  })

  it('a name that there is not is an error', ({ expect }) => {
    expect(() => patchOf('toString')).toThrow(/no broken build toString/)
  })
})
