/** Byte arrays: joined, compressed, digested, as text. */
import { gunzipSync, gzipSync } from 'node:zlib'

/** Byte arrays joined into one. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.byteLength
  }
  return joined
}

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return hex
}

/** Base64 with padding (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** SHA-256 in lower-case hex; text counts as its UTF-8 bytes. */
export async function sha256Hex(content: Uint8Array | string): Promise<string> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

/** On rows of events a third of the time of the default level, for an eighth more bytes. */
const GZIP_LEVEL = 3

/** The bytes as one gzip member. */
export function gzip(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: GZIP_LEVEL })
}

/** The bytes of a gzip stream. Throws for a broken one, and for more than `limitBytes`. */
export function gunzip(bytes: Uint8Array, limitBytes: number): Uint8Array {
  return gunzipSync(bytes, { maxOutputLength: limitBytes })
}
