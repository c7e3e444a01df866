/** The catalog files as they are on disk, and with one thing changed. */
import { readFileSync } from 'node:fs'

import { parse } from 'yaml'

import type { Catalogs, CatalogTexts } from '../../../scripts/catalog/catalogs.ts'
import { CATALOG_FILES, readCatalogs } from '../../../scripts/catalog/catalogs.ts'

function textOf(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
}

export const TEXTS: CatalogTexts = {
  events: textOf(CATALOG_FILES.events),
  gameTypes: textOf(CATALOG_FILES.gameTypes),
  metrics: textOf(CATALOG_FILES.metrics),
  taxonomy: textOf(CATALOG_FILES.taxonomy),
}

/** The texts with the first `from` in a file replaced. Throws when the file does not have it. */
export function changed(file: keyof CatalogTexts, from: string, to: string): CatalogTexts {
  if (!TEXTS[file].includes(from)) throw new Error(`${CATALOG_FILES[file]} has no ${from}`)
  return { ...TEXTS, [file]: TEXTS[file].replace(from, () => to) }
}

const parsed = new Map<string, unknown>()

/** readCatalogs, which here parses no text twice: three of four files are always the same. */
export function readTexts(texts: CatalogTexts): Catalogs {
  return readCatalogs(texts, (text) => {
    if (!parsed.has(text)) parsed.set(text, parse(text))
    return parsed.get(text)
  })
}
