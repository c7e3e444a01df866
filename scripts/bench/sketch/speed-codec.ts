/** C4: encoding and decoding a dense sketch within workerd, the runtime of Workers. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'
import { Miniflare } from 'miniflare'

import type { Bench } from './bench.ts'
import { duration, figure, type Row } from './row.ts'
import { fastest, type Measurement } from './timing.ts'

const WORKER = fileURLToPath(new URL('codec-worker.ts', import.meta.url))
const WRANGLER_FILE = new URL('../../../wrangler.toml', import.meta.url)
const MODULE = 'codec-worker.js'
const FEW_LOOPS = 2
const MANY_LOOPS = 42
const ROUNDS = { full: 200, quick: 60 }

/** The microseconds of one call, from the difference of many and few: what a request costs falls out. */
export async function codecRows({ isQuick }: Bench): Promise<Row[]> {
  const worker = new Miniflare({
    workers: [
      {
        config: {
          name: 'codec-worker',
          compatibilityDate: await compatibilityDate(),
          compatibilityFlags: ['nodejs_compat'],
          manifest: {
            mainModule: MODULE,
            modulesRoot: '/',
            modules: { [MODULE]: { type: 'esm', contents: await bundle() } },
          },
        },
      },
    ],
  })
  try {
    const rounds = isQuick ? ROUNDS.quick : ROUNDS.full
    const measurements = ['encode', 'decode'].flatMap((path) =>
      [FEW_LOOPS, MANY_LOOPS].map((loops) => timeOf(worker, path, loops)),
    )
    const [fewEncode = 0, encode = 0, fewDecode = 0, decode = 0] = await fastest(
      measurements,
      rounds,
    )
    return [
      row('encode a dense sketch', encode - fewEncode, 100),
      row('decode a dense sketch', decode - fewDecode, 60),
    ]
  } finally {
    await worker.dispose()
  }
}

function row(what: string, differenceNs: number, limit: number): Row {
  const ns = differenceNs / (MANY_LOOPS - FEW_LOOPS)
  return figure({
    target: 'C4',
    what: `${what} in workerd`,
    own: duration(ns),
    value: ns / 1_000,
    limit,
    unit: 'us',
    isTiming: true,
  })
}

/** Nanoseconds of one request. */
function timeOf(worker: Miniflare, path: string, loops: number): Measurement {
  return async () => {
    const start = process.hrtime.bigint()
    const response = await worker.dispatchFetch(`http://worker/${path}?loops=${loops}`)
    const text = await response.text()
    const ns = Number(process.hrtime.bigint() - start)
    if (!response.ok || !(Number(text) > 0)) throw new Error(`${path}: ${response.status} ${text}`)
    return ns
  }
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [WORKER],
    bundle: true,
    format: 'esm',
    target: 'es2024',
    external: ['node:zlib'],
    write: false,
  })
  const [output] = outputFiles
  if (output === undefined) throw new Error('the Worker of C4 was not bundled')
  return output.text
}

/** The date of the real Worker, so that both behave alike. */
async function compatibilityDate(): Promise<string> {
  const text = await readFile(WRANGLER_FILE, 'utf8')
  const date = /^compatibility_date = "(?<date>[\d-]+)"$/m.exec(text)?.groups?.['date']
  if (date === undefined) throw new Error('wrangler.toml has no compatibility_date')
  return date
}
