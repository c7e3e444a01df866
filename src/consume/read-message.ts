/** Queue messages to envelopes: inflate when the sender compressed, then decode. */
import { MAX_PLAIN_MESSAGE_BYTES } from '../../configs/limits.ts'
import { gunzip } from '../event/bytes.ts'
import type { Envelope } from '../event/envelope.ts'
import { decodeEnvelope, EnvelopeError } from '../event/envelope.ts'

const GZIP_MAGIC = [0x1f, 0x8b]

function messageBytes(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  throw new EnvelopeError(`the body is ${body === null ? 'null' : typeof body}, not bytes`)
}

/** Body of a message to its envelope. Throws EnvelopeError. */
export function readEnvelope(body: unknown): Envelope {
  const bytes = messageBytes(body)
  const compressed = GZIP_MAGIC.every((byte, index) => bytes[index] === byte)
  return decodeEnvelope(compressed ? inflate(bytes) : bytes)
}

function inflate(bytes: Uint8Array): Uint8Array {
  try {
    return gunzip(bytes, MAX_PLAIN_MESSAGE_BYTES)
  } catch (cause) {
    throw new EnvelopeError('the gzip stream is broken, or inflates beyond its bound', { cause })
  }
}
