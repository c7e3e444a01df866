/** The body of a request: bounded while it arrives, decoded strictly, parsed once. */
import { MAX_BODY_BYTES } from '../../configs/limits.ts'
import { concatBytes } from '../event/bytes.ts'
import { ApiError } from '../problem.ts'

/**
 * Reads at most MAX_BODY_BYTES. Throws body_too_large as soon as the limit is passed, so an oversized
 * body is never held in memory, and empty_body.
 */
export async function readBody(request: Request): Promise<Uint8Array> {
  const announced = Number(request.headers.get('Content-Length') ?? 0)
  if (announced > MAX_BODY_BYTES) throw tooLarge(announced)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) throw tooLarge(size)
    chunks.push(chunk)
  }
  if (size === 0) throw new ApiError('empty_body', 'Send an event object or an array of them.')
  return concatBytes(chunks)
}

/** Bytes as text. Throws invalid_encoding: replacing broken bytes would change the data silently. */
export function decodeText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body)
  } catch (cause) {
    throw new ApiError('invalid_encoding', 'Send JSON in UTF-8.', { cause })
  }
}

/** Text as JSON. Throws invalid_json with the parser's position. */
export function parseJson(text: string): unknown {
  if (text.trim() === '') {
    throw new ApiError('empty_body', 'Send an event object or an array of them.')
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ApiError('invalid_json', `The JSON cannot be read: ${positionIn(cause)}.`, { cause })
  }
}

/** The parser's message quotes a piece of the body; only what was wrong and where may be repeated. */
function positionIn(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : ''
  const position = /position \d+/.exec(message)?.[0]
  return position === undefined ? 'it ends too early or is not JSON' : `it fails at ${position}`
}

function tooLarge(bytes: number): ApiError {
  return new ApiError(
    'body_too_large',
    `A body may have ${MAX_BODY_BYTES} bytes, this one has ${bytes} or more; send it in parts.`,
  )
}
