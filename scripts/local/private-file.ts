/** Small files that only their owner may read: keys, and addresses of local processes. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'

const OWNER_ONLY = 0o600

/** Writes the file; an existing one is replaced and loses any wider permission. */
export function writePrivate(path: string, text: string): void {
  writeFileSync(path, text, { mode: OWNER_ONLY })
  chmodSync(path, OWNER_ONLY)
}

/** The file's text; when there is no such file, it is made with the text of `create`. */
export function readOrCreatePrivate(path: string, create: () => string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    const text = create()
    writePrivate(path, text)
    return text
  }
}
