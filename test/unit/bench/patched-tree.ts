/** A copy of the sources in which one module is wrapped, to see whether the rigs notice. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

import { PROJECT_ROOT } from '../../../scripts/local/wrangler.ts'

const COPIED = [
  'src',
  'durable',
  'configs',
  'scripts/bench/worker',
  'scripts/cost',
  'package.json',
  'tsconfig.json',
  'wrangler.toml',
]

export interface PatchedTree extends Disposable {
  readonly root: string
}

/** The tree with `module` replaced by `text`, which finds what it replaces under the name `original-<name>`. */
export function patchedTree(module: string, text: string): PatchedTree {
  const root = mkdtempSync(join(tmpdir(), 'croupier-patched-'))
  for (const path of COPIED) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    cpSync(join(PROJECT_ROOT, path), join(root, path), { recursive: true })
  }
  symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(root, 'node_modules'))
  const file = join(root, module)
  renameSync(file, join(dirname(file), `original-${basename(file)}`))
  writeFileSync(file, text)
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) }
}
