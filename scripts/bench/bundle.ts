/** Workers bundled by wrangler as for a deployment, and the files of a bundle as modules of a runtime. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { PROJECT_ROOT, runWrangler } from '../local/wrangler.ts'

/** A file of a bundle. */
export interface BundleModule {
  readonly type: 'ESModule' | 'CompiledWasm' | 'Data' | 'Text'
  readonly path: string
  readonly contents: Uint8Array<ArrayBuffer>
}

const MODULE_TYPES: Readonly<Record<string, BundleModule['type']>> = {
  '.js': 'ESModule',
  '.wasm': 'CompiledWasm',
  '.bin': 'Data',
  '.html': 'Text',
  '.sql': 'Text',
  '.txt': 'Text',
}

/** Entry of the bundle within its directory; wrangler names it after the source. */
function entryOf(source: string): string {
  return `${source.replace(/^.*\//, '').replace(/\.ts$/, '')}.js`
}

/**
 * Bundles `source` (a path below `root`) into `directory`. With the configuration of the project its rules for text,
 * data and WebAssembly hold; a Worker of its own has none. Throws with wrangler's words.
 */
export async function bundleWorker(options: {
  readonly source: string
  readonly directory: string
  readonly root?: string
  readonly ownConfiguration?: boolean
}): Promise<BundleModule[]> {
  const { source, directory, root = PROJECT_ROOT } = options
  mkdirSync(directory, { recursive: true })
  const configuration =
    options.ownConfiguration === true ? plainConfiguration(directory) : join(root, 'wrangler.toml')
  const outdir = join(directory, 'bundle')
  const flags = ['--dry-run', '--outdir', outdir, '--config', configuration]
  await runWrangler(['deploy', join(root, source), ...flags])
  return modulesIn(outdir, entryOf(source))
}

function plainConfiguration(directory: string): string {
  const file = join(directory, 'wrangler.toml')
  writeFileSync(file, 'name = "floor"\ncompatibility_date = "2026-11-01"\n')
  return file
}

/** The entry first: a runtime starts with the first module. */
function modulesIn(directory: string, entry: string): BundleModule[] {
  const modules = readdirSync(directory).flatMap((path) => {
    const type = MODULE_TYPES[extname(path)]
    if (type === undefined) return []
    return [{ type, path, contents: new Uint8Array(readFileSync(join(directory, path))) }]
  })
  const first = modules.find(({ path }) => path === entry)
  if (first === undefined) throw new Error(`${directory} holds no ${entry}`)
  return [first, ...modules.filter((module) => module !== first)]
}

/** Bytes of a bundle as it is uploaded: plain, and gzipped file by file. */
export function bundleSize(modules: readonly BundleModule[]): { bytes: number; gzipBytes: number } {
  return {
    bytes: modules.reduce((sum, { contents }) => sum + contents.byteLength, 0),
    gzipBytes: modules.reduce((sum, { contents }) => sum + gzipSync(contents).byteLength, 0),
  }
}
