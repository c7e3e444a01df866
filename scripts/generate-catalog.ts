/**
 * configs/analytics/*.yaml -> src/event/catalog.generated.ts (the hot path) and
 * src/catalog/catalog.generated.ts (what /api/catalog serves): checks the catalogs and writes them as data,
 * so that the Worker reads no YAML. The same YAML always gives the same bytes.
 *
 *     node scripts/generate-catalog.ts [--check]     (--check writes nothing; exit code 1 if it would)
 */
import { readFile, writeFile } from 'node:fs/promises'

import { CATALOG_FILES, readCatalogs } from './catalog/catalogs.ts'
import { moduleText } from './catalog/module-text.ts'
import { servedModule } from './catalog/render-catalog.ts'
import { hotPathModule } from './catalog/render-events.ts'

const ROOT = new URL('../', import.meta.url)

async function main(): Promise<number> {
  const catalogs = readCatalogs({
    events: await readFile(new URL(CATALOG_FILES.events, ROOT), 'utf8'),
    gameTypes: await readFile(new URL(CATALOG_FILES.gameTypes, ROOT), 'utf8'),
    metrics: await readFile(new URL(CATALOG_FILES.metrics, ROOT), 'utf8'),
    taxonomy: await readFile(new URL(CATALOG_FILES.taxonomy, ROOT), 'utf8'),
  })
  let stale = 0
  for (const module of [hotPathModule(catalogs.events), servedModule(catalogs)]) {
    const target = new URL(module.path, ROOT)
    const code = await moduleText(module)
    if (!process.argv.includes('--check')) {
      await writeFile(target, code)
    } else if ((await readFile(target, 'utf8').catch(() => '')) !== code) {
      console.error(`${module.path} does not match configs/analytics; run npm run generate`)
      stale += 1
    }
  }
  return stale === 0 ? 0 : 1
}

process.exitCode = await main()
