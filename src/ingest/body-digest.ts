import { createHash } from 'node:crypto'

/**
 * SHA-256 in lower-case hex of what `read` gives (text counts as its UTF-8 bytes), made when it is first asked for:
 * most batches never need it. Synchronous, which the Web's digest is not, so that judging stays so.
 */
export function digestOnce(read: () => Uint8Array | string): () => string {
  let digest: string | undefined
  return () => (digest ??= createHash('sha256').update(read()).digest('hex'))
}
