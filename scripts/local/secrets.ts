/** Secrets of the Worker on this machine: made once, kept in files that only their owner may read. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { readOrCreatePrivate } from './private-file.ts'

export interface LocalSecrets {
  /** Key of the user-id hash, 16 hex digits */
  readonly sketchKey: string
  /** Opens every administrative route */
  readonly adminKey: string
  /** Signs the tokens of users */
  readonly jwtSecret: string
  /** The secrets with which servers sign requests are derived from it */
  readonly ingestSecret: string
}

const SKETCH_KEY_BYTES = 8
const SECRET_BYTES = 32

/** The secrets of the stack in this directory; what is missing is made. */
export function localSecrets(dataDir: string): LocalSecrets {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const read = (file: string, bytes: number): string =>
    readOrCreatePrivate(join(dataDir, file), () => randomBytes(bytes).toString('hex')).trim()
  return {
    sketchKey: read('sketch.key', SKETCH_KEY_BYTES),
    adminKey: read('admin.key', SECRET_BYTES),
    jwtSecret: read('jwt.secret', SECRET_BYTES),
    ingestSecret: read('ingest.secret', SECRET_BYTES),
  }
}
