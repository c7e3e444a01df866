/** Where a listing goes on: the position of its last row, as text that callers hand back unread. */
import { z } from 'zod'

import { toBase64 } from './event/bytes.ts'

/** A position as a cursor: base64url, so that it needs no encoding in a URL. */
export function toCursor(position: unknown): string {
  const base64 = toBase64(new TextEncoder().encode(JSON.stringify(position)))
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The parameter that takes a cursor of `toCursor` back, as the position that `positionSchema` describes. */
export function cursorSchema<Position>(positionSchema: z.ZodType<Position>) {
  return z.string().transform((cursor, ctx): Position => {
    const parsed = positionSchema.safeParse(readCursor(cursor))
    if (parsed.success) return parsed.data
    ctx.addIssue('expected the next_cursor of an answer of this address')
    return z.NEVER
  })
}

/** Undefined for what no cursor can be. */
function readCursor(cursor: string): unknown {
  try {
    const binary = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0))
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    // What cannot be read is refused by the schema of the position.
    return undefined
  }
}
