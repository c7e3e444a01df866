/** The body of a request: bounded while it arrives and while it inflates, decoded strictly. */
import {
  MAX_BODY_BYTES,
  MAX_DISCARDED_BYTES,
  MAX_INFLATED_BODY_BYTES,
} from '../../configs/limits.ts'
import { ApiError } from '../api-error.ts'
import { concatBytes } from '../event/bytes.ts'

type InflatableFormat = 'gzip' | 'deflate'

/** Content-Encoding to the format that the runtime inflates; HTTP's deflate is the zlib format. */
const INFLATABLE: Readonly<Record<string, InflatableFormat>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
}

/**
 * The bytes of a body as sent. Throws body_too_large for more than MAX_BODY_BYTES, without ever holding them, and
 * empty_body.
 */
export async function readWireBody(request: Request): Promise<Uint8Array> {
  // In one piece where the length is known: piece by piece costs several times as much.
  const sent = isAnnouncedWithin(MAX_BODY_BYTES, request)
    ? new Uint8Array(await request.arrayBuffer())
    : await readWithin(MAX_BODY_BYTES, request.body, MAX_DISCARDED_BYTES)
  if (sent.byteLength === 0) throw new ApiError('empty_body', EMPTY_BODY)
  return sent
}

/** HTTP delivers no byte beyond Content-Length, so what it says bounds what arrives. */
function isAnnouncedWithin(limitBytes: number, { headers }: Request): boolean {
  const announced = headers.get('Content-Length') ?? ''
  return /^\d+$/.test(announced) && Number(announced) <= limitBytes
}

/**
 * The body inflated when its Content-Encoding is gzip or deflate. Throws body_too_large when it inflates beyond
 * MAX_INFLATED_BODY_BYTES, before that much is held; empty_body, unsupported_encoding, and invalid_encoding for a
 * broken stream.
 */
export async function decodeBody(
  sent: Uint8Array,
  contentEncoding: string | undefined,
): Promise<Uint8Array> {
  const format = formatOf(contentEncoding)
  const body = format === null ? sent : await inflate(sent, format)
  if (body.byteLength === 0) throw new ApiError('empty_body', EMPTY_BODY)
  return body
}

const EMPTY_BODY = 'Send an event object or an array of them.'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** Bytes as text. Throws invalid_encoding: replacing broken bytes would change the data silently. */
export function decodeText(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch (cause) {
    throw new ApiError('invalid_encoding', 'Send the body in UTF-8.', { cause })
  }
}

function formatOf(header: string | undefined): InflatableFormat | null {
  const encoding = header?.trim().toLowerCase() ?? ''
  if (encoding === '' || encoding === 'identity') return null
  const format = Object.hasOwn(INFLATABLE, encoding) ? INFLATABLE[encoding] : undefined
  if (format === undefined) {
    throw new ApiError('unsupported_encoding', 'Send the body plain, or as gzip or deflate.')
  }
  return format
}

async function inflate(sent: Uint8Array, format: InflatableFormat): Promise<Uint8Array> {
  const inflated = new Blob([sent]).stream().pipeThrough(new DecompressionStream(format))
  try {
    return await readWithin(MAX_INFLATED_BODY_BYTES, inflated, 0)
  } catch (cause) {
    if (cause instanceof ApiError) throw cause
    throw new ApiError('invalid_encoding', `The body is no whole ${format} stream.`, { cause })
  }
}

/**
 * Reads up to `limitBytes`. Of a longer stream up to `discardBytes` more are read and thrown away: a client
 * that is still sending when the answer comes sees a broken connection instead of it.
 */
async function readWithin(
  limitBytes: number,
  stream: ReadableStream<Uint8Array> | null,
  discardBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream ?? []) {
    size += chunk.byteLength
    if (size > limitBytes + discardBytes) break
    if (size <= limitBytes) chunks.push(chunk)
    else chunks.length = 0
  }
  if (size > limitBytes) throw tooLarge(size)
  return concatBytes(chunks)
}

function tooLarge(bytes: number): ApiError {
  return new ApiError(
    'body_too_large',
    `A body may have ${MAX_BODY_BYTES} bytes as sent and ${MAX_INFLATED_BODY_BYTES} inflated; ` +
      `this one has ${bytes} or more. Send it in parts.`,
  )
}
